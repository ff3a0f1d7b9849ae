"""The journal's format: one JSON line per paid reply and image.

Lines are never changed. One of a newer version is refused: to guess at it could pay twice. One that
is damaged is left out, for a line that was cut off is not JSON, and its answer is asked again. What
it paid is not forgotten: an object's name says how many lines it was written with, never none, and
`{}` stands for each that was lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from tierwise.errors import JournalError
from tierwise.records import Answer, Failure, Outcome, Page, Reason, Spent

VERSION = 1

_NOTHING = Spent()

# Paid replies that would be the same again: asking once more would pay twice.
_FINAL = {Reason.INVALID_ANSWER, Reason.BLOCKED_PROMPT, Reason.BLOCKED_ANSWER}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one reply brought for one image.

    Exactly one of the last three is set; `wasted` is the share of a paid reply that could not be
    used, so that the image was asked again.
    """

    run_id: str
    content_hash: str
    request_id: str
    answer: Answer | None = None
    failure: Failure | None = None
    wasted: Spent | None = None

    @property
    def spent(self) -> Spent:
        """What this reply used and cost, or may have.

        Outcomes do not count their own waste here: it has entries of its own.
        """
        outcome = self.answer or self.failure
        return self.wasted or (outcome.spent if outcome else Spent())


@dataclass(slots=True)
class Recalled:
    """The part of the journal that a shard of images needs.

    `outcomes` holds, by request id, what earlier runs paid for (it costs nothing now) and
    everything of this run, whose cost is still this run's. Earlier answers that were cut off are
    left out: a higher limit may mend them. `wasted` is what this run paid for requests without
    outcome, `paid` all that it paid, or may have, in nano-dollars. `contents` are those of images
    and groups that any reply was about.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    wasted: dict[str, Spent] = field(default_factory=dict)
    pages: dict[str, dict[int, Page]] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)
    paid: int = 0

    def pages_of(self, content_hash: str) -> list[Page]:
        """All pages of a content, or none when the journal does not know each of them."""
        known = self.pages.get(content_hash, {})
        pages = self.pages_below(content_hash)
        return pages if len(known) == len(pages) else []

    def pages_below(self, content_hash: str) -> list[Page]:
        """The pages of a content of which at least one is known; others are without their size."""
        known = self.pages.get(content_hash, {})
        total = next(iter(known.values())).pages if known else 0
        return [known.get(number, Page(number, total)) for number in range(1, total + 1)]


_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_OF_THIS_VERSION = to_json({"version": VERSION})[:-1] + b","
_LINE: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])
_LINES_WRITTEN = re.compile(r"\.(\d+)\.jsonl")
_LOST = b"{}"


def object_name(stem: str, lines: int) -> str:
    """The name of an object of so many lines.

    >>> object_name("run-1-ab12", 3)
    'run-1-ab12.3.jsonl'
    """
    return f"{stem}.{lines}.jsonl"


def encode(entries: Iterable[Entry]) -> bytes:
    """Entries as JSON lines with the format's version; what is empty is left out."""
    return b"".join(map(_line, entries))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What can be read of one journal object: entries, and how many lines cannot.

    `lost` are lines that were found damaged by an earlier look, and have been replaced.
    """

    entries: list[Entry]
    damaged: int
    lost: int = 0

    def mended(self) -> bytes:
        """The object without its damaged lines, of which it remembers how many there were."""
        return encode(self.entries) + (_LOST + b"\n") * (self.damaged + self.lost)


def decode(lines: bytes, *, name: str) -> Decoded:
    """Read one journal object.

    Raises:
        JournalError: it is of a newer version.
    """
    found = [line for line in lines.split(b"\n") if line]
    lost = found.count(_LOST)
    read = (_decode_line(line, name) for line in found if line != _LOST)
    entries = [entry for entry in read if entry]
    written = _LINES_WRITTEN.search(name)
    count = int(written[1]) if written else max(len(found), 1)
    return Decoded(entries, max(0, count - lost - len(entries)), lost)


def recall(entries: Iterable[Entry], *, run_id: str) -> Recalled:
    """What the journal knows, seen from the run `run_id`."""
    recalled = Recalled()
    paid: set[str] = set()
    for entry in entries:
        recalled.paid += entry.spent.cost_at_worst if entry.run_id == run_id else 0
        recalled.contents.add(entry.content_hash)
        if entry.answer:
            _recall_page(recalled, entry.content_hash, entry.answer.page)
        if entry.run_id != run_id:
            if entry.request_id not in paid:
                _recall_earlier(recalled, entry)
        elif entry.wasted:
            _waste(recalled, entry.request_id, entry.wasted)
        elif outcome := entry.answer or entry.failure:
            if entry.request_id in paid:
                outcome = _one_of_two(recalled, outcome)
            paid.add(entry.request_id)
            recalled.outcomes[entry.request_id] = outcome
    for request_id in paid:
        # Each waste has an entry of its own, so that what outcomes say of it would count it twice.
        wasted = recalled.wasted.pop(request_id, Spent())
        recalled.outcomes[request_id] = replace(recalled.outcomes[request_id], wasted=wasted)
    return recalled


def free(outcome: Outcome) -> Outcome:
    """The same outcome for another name or a later run, which pays nothing for it."""
    first = _free_answer(outcome.first) if outcome.first else None
    if isinstance(outcome, Answer):
        return replace(_free_answer(outcome), first=first)
    return replace(outcome, spent=_NOTHING, wasted=_NOTHING, first=first)


def _free_answer(answer: Answer) -> Answer:
    return replace(answer, spent=_NOTHING, wasted=_NOTHING, reused=True)


def _recall_page(recalled: Recalled, content_hash: str, page: Page) -> None:
    """Keep what most is known of: runs measure detail only where their rules need it."""
    pages = recalled.pages.setdefault(content_hash, {})
    known = pages.get(page.number)
    if known is None or known.detail is None:
        pages[page.number] = page


def _recall_earlier(recalled: Recalled, entry: Entry) -> None:
    failure = entry.failure
    final = failure is not None and failure.reason in _FINAL and not failure.may_pass
    found = entry.answer or (failure if final else None)
    known = recalled.outcomes.get(entry.request_id)
    if found and not isinstance(known, Answer):
        recalled.outcomes[entry.request_id] = free(found)


def _one_of_two(recalled: Recalled, outcome: Outcome) -> Outcome:
    """The one that is kept when two attempts of a bundle have paid; the other was wasted."""
    before = recalled.outcomes[outcome.request_id]
    kept, other = (before, outcome) if isinstance(before, Answer) else (outcome, before)
    _waste(recalled, outcome.request_id, other.spent)
    return kept


def _waste(recalled: Recalled, request_id: str, spent: Spent) -> None:
    recalled.wasted[request_id] = recalled.wasted.get(request_id, Spent()) + spent


def _line(entry: Entry) -> bytes:
    written = _ENTRY.dump_python(entry, mode="json", exclude_defaults=True)
    return to_json({"version": VERSION, **written}) + b"\n"


def _decode_line(line: bytes, name: str) -> Entry | None:
    """One entry, or None for a damaged line."""
    try:
        if line.startswith(_OF_THIS_VERSION):  # in one go, which takes half the time
            return _checked(_ENTRY.validate_json(line))
        written = _LINE.validate_json(line)
        version = written.pop("version")
        if isinstance(version, int) and version > VERSION:
            raise JournalError(
                f"{name}: journal format {version} is newer than this program knows "
                f"({VERSION}). Run the newer tierwise that wrote it, or give another --output."
            )
        return _checked(_ENTRY.validate_python(written))
    except (ValidationError, KeyError):
        return None


def _checked(entry: Entry) -> Entry | None:
    """None when it tells of nothing. Several labels are a tuple, which JSON writes as a list."""
    if (entry.answer, entry.failure, entry.wasted) == (None, None, None):
        return None
    if entry.answer and isinstance(entry.answer.value, list):
        return replace(entry, answer=replace(entry.answer, value=tuple(entry.answer.value)))
    return entry
