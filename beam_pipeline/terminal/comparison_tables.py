"""What changed between two outputs, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console

from tierwise.beam_pipeline.terminal.cost_table import dollars
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.shown import counted

_MOST_PAIRS = 8
_MOST_LABELS = 12
_LONGEST = 60

_TASKS = (
    Column("task", lambda row: plain(row[0], _LONGEST), number=False),
    Column("answered\nin both", lambda row: f"{row[1]['compared']:,}"),
    Column("changed", lambda row: f"{row[1]['changed']:,}"),
    Column("share", lambda row: _share(row[1]["share_changed"])),
    Column("only\nin old", lambda row: f"{row[1]['only_in_old']:,}", spared=1),
    Column("only\nin new", lambda row: f"{row[1]['only_in_new']:,}", spared=1),
    Column("failed\nin old", lambda row: f"{sum(row[1]['failures']['old'].values()):,}", spared=2),
    Column("failed\nin new", lambda row: f"{sum(row[1]['failures']['new'].values()):,}", spared=2),
)
_PAIRS = (
    Column("old", lambda row: plain(row["old"], _LONGEST), number=False),
    Column("new", lambda row: plain(row["new"], _LONGEST), number=False),
    Column("pictures", lambda row: f"{row['pictures']:,}"),
)
_LABELS = (
    Column("label", lambda row: plain(row["label"], _LONGEST), number=False),
    Column("old", lambda row: f"{row['old']:,}"),
    Column("new", lambda row: f"{row['new']:,}"),
)
_COUNTED = (
    *_LABELS,
    Column("really", lambda row: _share(row.get("share"))),
    Column("from", lambda row: _share(row.get("low")), spared=1),
    Column("to", lambda row: _share(row.get("high")), spared=1),
)
_MONEY = (
    Column("output", lambda row: plain(row["output"], _LONGEST), number=False),
    Column("pictures", lambda row: f"{row['pictures']:,}"),
    Column("spent\nUSD", lambda row: dollars(Decimal(row["spent_usd"]))),
    Column("all runs\nUSD", lambda row: dollars(Decimal(row["spent_by_all_runs_usd"])), spared=2),
    Column("USD per\n1000", lambda row: _dollars(row["usd_per_1000_pictures"]), spared=1),
    Column("the archive\nUSD", lambda row: _dollars(row["archive_usd"])),
)


def print_comparison(facts: Mapping[str, Any], console: Console) -> None:
    """Print the tables of a comparison and where its list and page lie."""
    tasks: Mapping[str, Any] = facts["tasks"]
    title = "What changed (emulated)" if facts["emulated"] else "What changed"
    console.print(fitted_table(title, _TASKS, list(tasks.items()), console.width, edge=True))
    for name, one in tasks.items():
        _print_task(name, one, console)
    title = f"What each costs, and what {counted(facts['archive_pictures'], 'picture')} cost in it"
    sides = [facts["old"], facts["new"]]
    console.print(fitted_table(title, _MONEY, sides, console.width, edge=True))
    for line in (*_about_tasks(facts), *_about_money(facts)):
        say(console, line)
    say(console, f"Changes: {facts['changes']}")
    say(console, f"Page: {facts['page']}")


def _print_task(name: str, one: Mapping[str, Any], console: Console) -> None:
    for line in _lines(name, one):
        say(console, line)
    if pairs := one.get("pairs"):
        title = f"{name}: from which label to which"
        console.print(fitted_table(title, _PAIRS, pairs[:_MOST_PAIRS], console.width, edge=True))
    labels = [row for row in one.get("labels", []) if row["old"] != row["new"] or "share" in row]
    if labels:
        columns = _COUNTED if any("share" in row for row in labels) else _LABELS
        title = f"{name}: labels, among pictures that both answered"
        shown = labels[:_MOST_LABELS]
        console.print(fitted_table(title, columns, shown, console.width, edge=True))


def _lines(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    if "low" in one:
        yield (
            f"{name}: in the archive that the pictures were drawn from, between "
            f"{one['low']:.1%} and {one['high']:.1%} have another answer now (95 %)."
        )
    asked = one["asked_otherwise"]
    told = [f"{key} {then} -> {now}" for key, (then, now) in asked.items() if key != "prompt"]
    told += ["another prompt"] * ("prompt" in asked)
    if told:
        yield f"{name}: asked otherwise: {'; '.join(told)}."
    if scores := one["scores"]:
        sides = "; ".join(f"{key} {_score(found)}" for key, found in scores.items())
        yield f"{name}: right by the labels of the manifest: {sides}."
    for key, what in (("labels_gone", "labels that are gone"), ("labels_added", "new labels")):
        if labels := one.get(key):
            more = ", ..." if len(labels) > _MOST_LABELS else ""
            yield f"{name}: {what}: {', '.join(labels[:_MOST_LABELS])}{more}."
    if people := one["answered_by_people"]:
        yield f"{name}: {counted(people, 'picture')} answered by people are left out."
    failures = one["failures"]
    begun = failures["answered_in_old_failed_in_new"]
    mended = failures["failed_in_old_answered_in_new"]
    if begun or mended:
        yield (
            f"{name}: answered in the old output and failed in the new one: {_reasons(begun)}; "
            f"the other way round: {_reasons(mended)}."
        )


def _about_tasks(facts: Mapping[str, Any]) -> Iterator[str]:
    for key, where in (("tasks_only_in_old", "old"), ("tasks_only_in_new", "new")):
        if facts[key]:
            yield f"Tasks of the {where} output alone, not compared: {', '.join(facts[key])}."


def _about_money(facts: Mapping[str, Any]) -> Iterator[str]:
    unknown = [name for name in ("old", "new") if facts[name]["archive_usd"] is None]
    for name in unknown:
        yield (
            f"What the {name} output's archive costs is not known from its last run, which paid "
            "for no answer of a task; all runs into it are what was paid."
        )
    if not unknown:
        yield (
            "What an archive costs is that of the tasks that both asked, for each picture once, at "
            "the prices of that run, without audits and caches."
        )
    for name in ("old", "new"):
        if (unasked := facts[name]["unasked"]) and name not in unknown:
            yield (
                f"Of the {name} output, answers that nothing was paid for are taken to cost what "
                f"its others do: {_reasons(unasked)}."
            )
    if facts["emulated"]:
        yield "EMULATED: these answers and dollars come from a local emulator, not from Gemini."


def _reasons(found: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {reason}" for reason, number in found.items()) or "none"


def _score(found: Mapping[str, Any]) -> str:
    interval = f" ({found['low']:.3f}-{found['high']:.3f})" if "low" in found else ""
    return f"{found['score']:.3f}{interval} of {counted(found['images'], 'picture')}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _dollars(amount: str | None) -> str:
    return "unknown" if amount is None else dollars(Decimal(amount))
