"""The journal's format: one JSON line per paid reply and image.

Lines are never changed. A line of a newer version is refused, because to guess at it could pay twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from tierwise.errors import InputError
from tierwise.records import Answer, Failure, Outcome, Page, Spent

VERSION = 1


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
    version: int = VERSION


@dataclass(slots=True)
class Recalled:
    """The part of the journal that a shard of images needs.

    `outcomes` holds, by request id, answers of earlier runs (reused: they cost nothing now) and
    everything of this run, whose cost is still this run's. Failures of earlier runs are left out:
    those images are asked again. `wasted` is what this run paid for requests without outcome.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    wasted: dict[str, Spent] = field(default_factory=dict)
    pages: dict[str, dict[int, Page]] = field(default_factory=dict)

    def pages_of(self, content_hash: str) -> list[Page]:
        """All pages of a content, or none when the journal does not know each of them."""
        known = self.pages.get(content_hash, {})
        total = next(iter(known.values())).pages if known else 0
        return [known[number] for number in sorted(known)] if len(known) == total else []


_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_VERSION_ONLY: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def encode(entries: Iterable[Entry]) -> bytes:
    """Entries as JSON lines; what is empty is left out."""
    return b"".join(_ENTRY.dump_json(entry, exclude_defaults=True) + b"\n" for entry in entries)


def decode(lines: bytes, *, name: str) -> list[Entry]:
    """Entries of one journal object.

    Raises:
        InputError: the object is damaged, or of a newer version.
    """
    return [_decode_line(line, name) for line in lines.splitlines() if line]


def recall(entries: Iterable[Entry], *, run_id: str) -> Recalled:
    """What the journal knows, seen from the run `run_id`."""
    recalled = Recalled()
    for entry in entries:
        ours = entry.run_id == run_id
        if entry.answer:
            page = entry.answer.page
            recalled.pages.setdefault(entry.content_hash, {})[page.number] = page
            _recall_answer(recalled, entry.request_id, entry.answer, ours=ours)
        elif entry.failure and ours:
            _recall_ours(recalled, entry.request_id, entry.failure)
        elif entry.wasted and ours:
            before = recalled.wasted.get(entry.request_id, Spent())
            recalled.wasted[entry.request_id] = before + entry.wasted
    return recalled


def free(outcome: Outcome) -> Outcome:
    """The same outcome for another name or a later run, which pays nothing for it."""
    unpaid = replace(outcome, spent=Spent(), wasted=Spent())
    return replace(unpaid, reused=True) if isinstance(unpaid, Answer) else unpaid


def _recall_answer(recalled: Recalled, request_id: str, answer: Answer, *, ours: bool) -> None:
    if ours:
        _recall_ours(recalled, request_id, answer)
    elif request_id not in recalled.outcomes:
        recalled.outcomes[request_id] = free(answer)


def _recall_ours(recalled: Recalled, request_id: str, outcome: Outcome) -> None:
    """Keep one outcome of this run; should two attempts have paid, both stay in the account."""
    before = recalled.outcomes.get(request_id)
    if before is None or (isinstance(before, Answer) and before.reused):
        recalled.outcomes[request_id] = outcome
        return
    kept, other = (before, outcome) if isinstance(before, Answer) else (outcome, before)
    extra = other.spent + other.wasted
    recalled.outcomes[request_id] = replace(kept, wasted=kept.wasted + extra)


def _decode_line(line: bytes, name: str) -> Entry:
    try:
        version = _VERSION_ONLY.validate_json(line).get("version", VERSION)
        if isinstance(version, int) and version > VERSION:
            raise InputError(
                f"{name}: journal format {version} is newer than this program knows "
                f"({VERSION}). Run the newer tierwise that wrote it, or give another --output."
            )
        return _ENTRY.validate_json(line)
    except ValidationError as error:
        raise InputError(f"{name}: damaged journal line {line[:80]!r}") from error
