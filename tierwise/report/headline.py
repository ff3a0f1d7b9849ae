"""The first line of the page, which says it all, and the figures below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.accounts.ending import EarlyEnd, Status, how_to_go_on
from tierwise.accounts.table_names import FILES
from tierwise.forecast.pilot import what_was_asked
from tierwise.known_files import changes_line
from tierwise.report.cost_lines import nano
from tierwise.report.failures_tally import FailuresTally
from tierwise.report.written import count, exact, money, percent
from tierwise.shown import counted
from tierwise.skipped_files import skipped_lines


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands by itself, with what it is; `exact` has all its places."""

    value: str
    name: str
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """What came of the archive and of the money; `notes` are what a reader must not miss."""

    sentence: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def headline(run: Mapping[str, Any], failures: FailuresTally) -> Headline:
    """Of a finished run."""
    pictures: int = run["images"]
    paid = _paid(run)
    failed = failures.images
    answered = None if failed is None else max(0, pictures - failed)
    return Headline(
        _sentence(pictures, answered, failed, paid),
        tuple(_figures(pictures, answered, paid)),
        tuple(_notes(run, failures, paid)),
    )


@dataclass(frozen=True, slots=True)
class _Paid:
    """Nano-dollars of this run and of `every` run into its output, this one included.

    `lost` may have been billed to any of them besides, at the worst; `baseline` is what the naive
    way costs for the answers of all of them.
    """

    ours: int
    every: int
    lost: int
    baseline: int

    @property
    def several(self) -> bool:
        """Whether other runs have paid for answers that this one may have used."""
        return self.every != self.ours

    def __str__(self) -> str:
        perhaps = f" and perhaps {money(self.lost)} lost" if self.lost else ""
        runs = f" by all runs, {money(self.ours)} by this one" if self.several else ""
        return f"{money(self.every)}{perhaps}{runs}; the naive way {money(self.baseline)}"


def _paid(run: Mapping[str, Any]) -> _Paid:
    totals, every = run["totals"], run["all_runs"]
    lost = nano(every.get("maybe_billed_usd", "0"))
    # Outputs of early versions do not tell of all runs.
    baseline = nano(every.get("baseline_cost_usd", totals["baseline_cost_usd"]))
    return _Paid(nano(totals["cost_usd"]), nano(every["cost_usd"]), lost, baseline)


def _sentence(pictures: int, answered: int | None, failed: int | None, paid: _Paid) -> str:
    if not pictures:
        return "No picture was asked about."
    if answered is None:
        return f"{count(pictures)} pictures asked about for {paid}; very many failed."
    who = f"{count(answered)} of {count(pictures)}" if answered else f"None of {count(pictures)}"
    noun = "picture" if pictures == 1 else "pictures"
    left = f"{count(failed or 0)} failed" if failed else "none failed"
    return f"{who} {noun} answered for {paid}; {left}."


def _figures(pictures: int, answered: int | None, paid: _Paid) -> Iterator[Figure]:
    cost, baseline = paid.every, paid.baseline
    if answered is not None:
        yield Figure(percent(answered, pictures), "of the pictures answered")
    if paid.several:
        yield Figure(money(cost), "paid by all runs", exact(cost))
    yield Figure(money(paid.ours), "paid by this run", exact(paid.ours))
    if baseline:
        saved = baseline - cost
        yield Figure(
            percent(abs(saved), baseline),
            "less than the naive way" if saved >= 0 else "more than the naive way",
            exact(abs(saved)),
        )
    if answered:
        yield Figure(money(cost * 1000 // answered), "per 1,000 pictures answered")


def _notes(run: Mapping[str, Any], failures: FailuresTally, paid: _Paid) -> Iterator[str]:
    if "first" in run:
        yield what_was_asked(run["first"])
    if early := run.get("ended_early"):
        message = early["message"].rstrip(".")
        yield (
            f"Ended early: {message}. Rows left: {count(early['rows'])} ({early['reason']}). "
            f"{how_to_go_on(EarlyEnd(**early))}"
        )
    elif run["status"] == Status.ROWS_LEFT:
        yield "Some rows are left for a later run: see the failures."
    if paid.several:
        yield (
            f"All runs into this folder together paid {money(paid.every)} "
            f"({counted(run['all_runs']['requests'], 'request')}); answers of earlier runs cost "
            "this one nothing."
        )
    if maybe := nano(run["totals"]["maybe_billed_usd"]):
        yield f"Maybe billed besides, at the worst: {money(maybe)}: requests without a reply."
    if lost := nano(run["all_runs"].get("maybe_lost_usd", "0")):
        yield (
            f"Perhaps lost besides, at the worst: {money(lost)}: requests under way when earlier "
            "runs were killed, or on damaged lines of the journal."
        )
    if damage := run.get("journal_damage"):
        yield f"{counted(damage['objects'], 'damaged journal object')} set aside."
    if changes := run.get("changes"):
        yield changes_line(changes, FILES)
    if left_out := run.get("repeated_rows"):
        yield f"{counted(left_out, 'row')} of the manifest named an image once more: left out."
    yield from skipped_lines(run)
    if failures.images is None:
        yield "So many rows failed that failed pictures are not counted one by one."
