"""What a run takes of what others have left in the journal of its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tierwise.answerer import Answerer
from tierwise.journal.lines import Entry
from tierwise.journal.run_record import RunRecord
from tierwise.people import Key, Word
from tierwise.records import Failure, Reason

# Whoever answered runs that do not say.
UNSIGNED = "unsigned"
# Paid replies that would be the same again: asking once more would pay twice.
_FINAL = {Reason.INVALID_ANSWER, Reason.BLOCKED_PROMPT, Reason.BLOCKED_ANSWER}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a run reads the journal.

    `answerer` is who answers this run; None takes what anybody said. `runs` says who answered runs
    whose lines do not; with `takes_unsigned`, what is left unsaid was this run's answerer.
    `ask_again` are the reasons of failures that are asked once more, though they are final.
    `limits` are, by task, the most output tokens that a single answer is given. `said` is what
    people say that the journal does not have yet, `taken_back` what they no longer say.
    """

    answerer: Answerer | None = None
    runs: Mapping[str, Answerer] = field(default_factory=dict)
    takes_unsigned: bool = False
    ask_again: frozenset[Reason] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)
    said: tuple[Word, ...] = ()
    taken_back: frozenset[Key] = frozenset()

    def signed(self, entry: Entry) -> Answerer | None:
        """Who gave an entry, None where nothing tells."""
        unsigned = self.answerer if self.takes_unsigned else None
        return entry.answerer or self.runs.get(entry.run_id, unsigned)

    def counts(self, record: RunRecord) -> bool:
        """Whether what a run may have lost counts as this one's."""
        unsigned = self.answerer if self.takes_unsigned else None
        answerer = record.answerer or self.runs.get(record.run_id, unsigned)
        return self.answerer is None or (answerer is not None and self.answerer.takes(answerer))

    def takes(self, entry: Entry) -> bool:
        """Whether an entry of another run counts for this one."""
        if self.answerer is None:
            return True
        answerer = self.signed(entry)
        return answerer is not None and self.answerer.takes(answerer)

    def loses(self, run_id: str, others: Sequence[Entry]) -> bool:
        """Whether lines that cannot be read count for this run; `others` of their object can be.

        Where nothing tells who gave them, they do: what they paid may have been real.
        """
        answerer = self.signed(others[0]) if others else self.runs.get(run_id)
        return not (self.answerer and answerer) or self.answerer.takes(answerer)

    def is_final(self, failure: Failure, cut_off_at: int) -> bool:
        """Whether a failure of another run stays as it is: the same would come of it again."""
        if failure.reason in self.ask_again or failure.may_pass:
            return False
        if failure.reason is Reason.TRUNCATED:
            return 0 < self.limits.get(failure.task, cut_off_at + 1) <= cut_off_at
        return failure.reason in _FINAL


ANYBODYS = Reading()
