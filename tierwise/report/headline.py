"""The first line of the page, which says it all, and the figures below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.ending import EarlyEnd, Status, how_to_go_on
from tierwise.report.cost_lines import nano
from tierwise.report.failures_tally import FailuresTally
from tierwise.report.written import count, exact, money, percent
from tierwise.shown import counted


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
    cost, baseline = nano(run["totals"]["cost_usd"]), nano(run["totals"]["baseline_cost_usd"])
    failed = failures.images
    answered = None if failed is None else max(0, pictures - failed)
    return Headline(
        _sentence(pictures, answered, failed, cost, baseline),
        tuple(_figures(pictures, answered, cost, baseline)),
        tuple(_notes(run, failures)),
    )


def _sentence(
    pictures: int, answered: int | None, failed: int | None, cost: int, baseline: int
) -> str:
    if not pictures:
        return "No picture was asked about."
    paid = f"{money(cost)}; the naive way {money(baseline)}"
    if answered is None:
        return f"{count(pictures)} pictures asked about for {paid}; very many failed."
    who = f"{count(answered)} of {count(pictures)}" if answered else f"None of {count(pictures)}"
    noun = "picture" if pictures == 1 else "pictures"
    left = f"{count(failed or 0)} failed" if failed else "none failed"
    return f"{who} {noun} answered for {paid}; {left}."


def _figures(pictures: int, answered: int | None, cost: int, baseline: int) -> Iterator[Figure]:
    if answered is not None:
        yield Figure(percent(answered, pictures), "of the pictures answered")
    yield Figure(money(cost), "paid by this run", exact(cost))
    if baseline:
        saved = baseline - cost
        yield Figure(
            percent(abs(saved), baseline),
            "less than the naive way" if saved >= 0 else "more than the naive way",
            exact(abs(saved)),
        )
    if answered:
        yield Figure(money(cost * 1000 // answered), "per 1,000 pictures answered")


def _notes(run: Mapping[str, Any], failures: FailuresTally) -> Iterator[str]:
    if early := run.get("ended_early"):
        message = early["message"].rstrip(".")
        yield (
            f"Ended early: {message}. Rows left: {count(early['rows'])} ({early['reason']}). "
            f"{how_to_go_on(EarlyEnd(**early))}"
        )
    elif run["status"] == Status.ROWS_LEFT:
        yield "Some rows are left for a later run: see the failures."
    every = run["all_runs"]
    if every["cost_usd"] != run["totals"]["cost_usd"]:
        yield (
            f"All runs into this folder together paid {money(nano(every['cost_usd']))} "
            f"({counted(every['requests'], 'request')}); answers of earlier runs cost "
            "this one nothing."
        )
    if maybe := nano(run["totals"]["maybe_billed_usd"]):
        yield f"Maybe billed besides, at the worst: {money(maybe)}: requests without a reply."
    if lost := nano(every.get("maybe_lost_usd", "0")):
        yield (
            f"Perhaps lost besides, at the worst: {money(lost)}: requests under way when earlier "
            "runs were killed, or on damaged lines of the journal."
        )
    if damage := run.get("journal_damage"):
        yield f"{counted(damage['objects'], 'damaged journal object')} set aside."
    if left_out := run.get("repeated_rows"):
        yield f"{counted(left_out, 'row')} of the manifest named an image once more: left out."
    if failures.images is None:
        yield "So many rows failed that failed pictures are not counted one by one."
