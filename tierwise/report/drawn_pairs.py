"""Pictures before and after, for the page: what was shown, and what was drawn of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tierwise.accounts.costs import ANSWERED
from tierwise.report.cost_lines import CostLine
from tierwise.report.gallery import Card
from tierwise.report.task_facts import AskedTask

# Of each task.
MOST_PAIRS = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture of the gallery, and a small copy of what was drawn of it as a data URI."""

    card: Card
    after: str
    told: str


@dataclass(frozen=True, slots=True)
class DrawnTask:
    """What one task drew: how many this run paid for, in nano-dollars with all that went wrong."""

    task: AskedTask
    pairs: Sequence[Pair]
    paid: int
    cost: int

    @property
    def each(self) -> int:
        """Nano-dollars of one picture, with its prompt and its share of what brought nothing."""
        return round(self.cost / self.paid) if self.paid else 0


def drawn_tasks(
    tasks: Iterable[AskedTask],
    lines: Sequence[CostLine],
    cards: Sequence[Card],
    after: Mapping[tuple[str, str], str],
) -> list[DrawnTask]:
    """Each task that drew; `after` has data URIs by task and picture."""
    found = []
    for task in tasks:
        if task.kind != "picture":
            continue
        own = [line for line in lines if line.task == task.name]
        pairs = [
            Pair(card, after[task.name, key], line.text)
            for card in cards
            if (key := f"{card.content_hash}#{card.page}") and (task.name, key) in after
            if (line := card.line(task.name)) is not None
        ]
        paid = sum(line.images for line in own if line.outcome == ANSWERED)
        found.append(DrawnTask(task, pairs, paid, sum(line.cost for line in own)))
    return found
