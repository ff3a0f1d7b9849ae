"""What the journal knows of a shard of images, as one run may use it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tierwise.answerer import ServiceKind
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.journal.lines import Again, Entry
from tierwise.journal.reading import ANYBODYS, Reading
from tierwise.people import NOBODY, People
from tierwise.records import REFUSALS, Answer, Failure, Outcome, Page, Reason, Spent, is_cut

_NOTHING = Spent()


@dataclass(slots=True)
class Recalled:
    """The part of the journal that a shard of images needs.

    `outcomes` holds, by request id, what earlier runs paid for (it costs nothing now, here or the
    naive way) and everything of this run, whose cost is still this run's. `cut_off` are questions
    without outcome of which a reply ended at the output limit: to ask them at the same limit would
    pay for the same half of an answer. `wasted` is what this run paid for requests without outcome,
    `again` how it has to ask them, `paid` all that it paid, or may have, in nano-dollars.
    `contents` are those of images and groups that any reply was about. `pages` are known by content
    and, where they are frames of an animation, by which. `declined` are refusals of earlier runs
    that are asked again, but where there is another route for them. `people` is what they said, of
    this shard and others.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    wasted: dict[str, Spent] = field(default_factory=dict)
    cut_off: set[str] = field(default_factory=set)
    again: dict[str, Again] = field(default_factory=dict)
    pages: dict[tuple[str, str | int], dict[int, Page]] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)
    paid: int = 0
    declined: dict[str, Failure] = field(default_factory=dict)
    people: People = NOBODY

    def outcome(
        self, request_id: str, shape: Schema, *, apart: bool = False, declined: bool = False
    ) -> Outcome | None:
        """What is known of a question, unless it is an answer that no reply could have given.

        With `apart`, an answer to this question and others will not do. With `declined`, a refusal
        will that is not final by itself.
        """
        found = self.outcomes.get(request_id)
        if found is None and declined:
            return self.declined.get(request_id)
        if isinstance(found, Answer) and (
            (apart and found.asked_with) or not _fits(found.value, shape)
        ):
            return None
        return found

    def keep(self, outcome: Outcome) -> None:
        """Remember what came of a question, unless its answer by itself is known already."""
        if not _is_apart(self.outcomes.get(outcome.request_id)) or _is_apart(outcome):
            self.outcomes[outcome.request_id] = outcome

    def pages_of(self, content_hash: str, frames: str | int) -> list[Page]:
        """All pages of a content, or none when the journal does not know each of them."""
        known = self._pages(content_hash, frames)
        pages = self.pages_below(content_hash, frames)
        return pages if len(known) == len(pages) else []

    def pages_below(self, content_hash: str, frames: str | int) -> list[Page]:
        """The pages of a content of which at least one is known; others are without their size."""
        known = self._pages(content_hash, frames)
        total = next(iter(known.values())).pages if known else 0
        return [known.get(number, Page(number, total)) for number in range(1, total + 1)]

    def _pages(self, content_hash: str, frames: str | int) -> dict[int, Page]:
        still = {} if is_cut(frames) else self.pages.get((content_hash, ""))
        return still or self.pages.get((content_hash, frames), {})


def recall(
    entries: Iterable[Entry],
    *,
    run_id: str,
    reading: Reading = ANYBODYS,
    paid_for: Collection[str] | None = None,
) -> Recalled:
    """What the journal knows, seen from the run `run_id`, less what does not count for it.

    What the run `paid` is for the contents `paid_for`, None for all.
    """
    recalled = Recalled()
    paid: set[str] = set()
    for entry in entries:
        if entry.run_id != run_id and not reading.takes(entry):
            continue
        if entry.run_id == run_id and (paid_for is None or entry.content_hash in paid_for):
            recalled.paid += entry.spent.cost_at_worst
        recalled.contents.add(entry.content_hash)
        if entry.answer:
            _recall_page(recalled, entry.content_hash, entry.answer.page)
        if entry.run_id != run_id:
            if entry.request_id not in paid:
                _recall_earlier(recalled, entry, reading)
        elif entry.wasted:
            _note_limit(recalled, entry)
            _waste(recalled, entry.request_id, entry.wasted)
            _note_again(recalled, entry)
        elif outcome := entry.answer or entry.failure:
            if entry.request_id in paid:
                outcome = _one_of_two(recalled, outcome)
            paid.add(entry.request_id)
            if isinstance(outcome, Answer):
                outcome = replace(outcome, service=_service(outcome, entry, reading))
            recalled.outcomes[entry.request_id] = outcome
    for request_id in paid:
        # Each waste has an entry of its own, so that what outcomes say of it would count it twice.
        wasted = recalled.wasted.pop(request_id, Spent())
        recalled.outcomes[request_id] = replace(recalled.outcomes[request_id], wasted=wasted)
    recalled.cut_off.difference_update(recalled.outcomes)
    return recalled


def free(outcome: Outcome) -> Outcome:
    """The same outcome for another name, which pays nothing for it; the naive way asks it too."""
    if isinstance(outcome, Answer):
        return _free_answer(outcome, outcome.service)
    return _free_failure(outcome)


def _fits(value: Any, shape: Schema) -> bool:
    """Whether a value that was read back is one of those that were asked for."""
    try:
        shape.check(list(value) if isinstance(value, tuple) else value)
    except MismatchError:
        return False
    return True


def _free_failure(failure: Failure) -> Failure:
    first = failure.first and free(failure.first)
    return replace(failure, spent=_NOTHING, wasted=_NOTHING, first=first)


def _free_answer(answer: Answer, service: ServiceKind | None) -> Answer:
    first = answer.first and free(answer.first)
    return replace(
        answer, spent=_NOTHING, wasted=_NOTHING, reused=True, first=first, service=service
    )


def _recall_page(recalled: Recalled, content_hash: str, page: Page) -> None:
    """Keep what most is known of: runs measure detail only where their rules need it."""
    pages = recalled.pages.setdefault((content_hash, page.frames if page.moves else ""), {})
    known = pages.get(page.number)
    if known is None or known.detail is None:
        pages[page.number] = page


def _recall_earlier(recalled: Recalled, entry: Entry, reading: Reading) -> None:
    _note_limit(recalled, entry)
    final = entry.failure is not None and reading.is_final(entry.failure, entry.cut_off_at)
    found = entry.answer or (entry.failure if final else None)
    if entry.failure and not final and entry.failure.reason in REFUSALS:
        recalled.declined[entry.request_id] = replace(_free_failure(entry.failure), earlier=True)
    known = recalled.outcomes.get(entry.request_id)
    better = _is_apart(found) and not _is_apart(known)
    if found and (better or not isinstance(known, Answer)):
        unpaid = (
            _free_answer(found, _service(found, entry, reading))
            if isinstance(found, Answer)
            else free(found)
        )
        recalled.outcomes[entry.request_id] = replace(unpaid, earlier=True)


def _is_apart(outcome: Outcome | None) -> bool:
    """Whether it is an answer to a question by itself, which serves whoever asks it."""
    return isinstance(outcome, Answer) and not outcome.asked_with


def _note_limit(recalled: Recalled, entry: Entry) -> None:
    failure = entry.failure
    if entry.cut_off_at or (failure and failure.reason is Reason.TRUNCATED):
        recalled.cut_off.add(entry.request_id)


def _note_again(recalled: Recalled, entry: Entry) -> None:
    """Lines come in no order: whatever one of them says stays said."""
    if new := entry.again:
        before = recalled.again.get(entry.request_id, Again())
        recalled.again[entry.request_id] = Again(
            alone=before.alone or new.alone,
            asked_again=before.asked_again or new.asked_again,
            lost=max(before.lost, new.lost),
            at_once=before.at_once or new.at_once,
        )


def _service(answer: Answer, entry: Entry, reading: Reading) -> ServiceKind | None:
    """Who was paid for an answer, which its own part of the line does not repeat."""
    answerer = reading.signed(entry)
    return answerer.service if answerer else answer.service


def _one_of_two(recalled: Recalled, outcome: Outcome) -> Outcome:
    """The one that is kept when two attempts of a bundle have paid; the other was wasted."""
    before = recalled.outcomes[outcome.request_id]
    first = isinstance(before, Answer) and (_is_apart(before) or not _is_apart(outcome))
    kept, other = (before, outcome) if first else (outcome, before)
    _waste(recalled, outcome.request_id, other.spent)
    return kept


def _waste(recalled: Recalled, request_id: str, spent: Spent) -> None:
    recalled.wasted[request_id] = recalled.wasted.get(request_id, Spent()) + spent
