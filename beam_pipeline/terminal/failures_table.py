"""What has no answer, why, and what can be done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from rich.console import Console

from tierwise.accounts.ending import REMEMBERED
from tierwise.accounts.remedies import REMEDIES
from tierwise.accounts.table_names import FAILURES
from tierwise.answers.json_schemas import is_too_long
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.beam_pipeline.terminal.table_rows import batches_of
from tierwise.records import STORE_REASONS, Reason
from tierwise.shown import counted
from tierwise.storage.files import join
from tierwise.storage.stores import store_of

_LEAST_WIDTH = 48


def print_failures(run: dict[str, Any], output: str, console: Console) -> None:
    """Print the reasons with their remedies, and which limits of the tasks were too tight.

    Rows are those of the table `failures`: an image that cannot be read has one for each task.
    """
    if run["failures"]:
        rows = [(name, str(n), REMEDIES[Reason(name)]) for name, n in run["failures"].items()]
        table = fitted_table("Failures", _COLUMNS, rows, console.width, edge=True)
        table.min_width = _LEAST_WIDTH
        console.print(table)
    for line in (*_stores(run, output), *_too_tight(run, output)):
        say(console, line)


def _stores(run: dict[str, Any], output: str) -> Iterator[str]:
    """Which buckets and disks did not give what, and what one of them said."""
    if STORE_REASONS & run["failures"].keys():
        counts, said = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
        for batch in batches_of(join(output, FAILURES), ["uri", "reason", "message"]):
            for row in batch.to_pylist():
                if row["reason"] in STORE_REASONS:
                    place = row["reason"], store_of(row["uri"])
                    counts[place] += 1
                    said.setdefault(place, row["message"])
        for (reason, store), rows in sorted(counts.items()):
            told = said[reason, store].rstrip(".")
            yield f"{store}: {reason}: {counted(rows, 'row')}, such as {told}."
    if files := run.get(REMEMBERED):
        yield (
            f"{counted(files, 'file')} could not be read now: what an earlier run knows of them "
            "stays in the tables. Run the same command again when they can."
        )


def _too_tight(run: dict[str, Any], output: str) -> Iterator[str]:
    for task, counts in run["tasks"].items():
        whys = {
            "did not end within the limit": counts["truncated"],
            "were cut off at the limit, paid, and asked again": counts["cut_off"],
        }
        for why, answers in whys.items():
            if answers:
                yield (
                    f"{task}: answers that {why}: {answers}. Raise max_output_tokens of the task, "
                    "or ask for less."
                )
    if Reason.INVALID_ANSWER in run["failures"]:
        yield from _too_long(output)


def _too_long(output: str) -> Iterator[str]:
    counts = Counter(
        row["task"]
        for batch in batches_of(join(output, FAILURES), ["task", "reason", "message"])
        for row in batch.to_pylist()
        if row["reason"] == Reason.INVALID_ANSWER and is_too_long(row["message"])
    )
    for task, answers in sorted(counts.items()):
        yield (
            f"{task}: answers that have more characters than allowed: {answers}. Raise max_length "
            "(maxLength in a schema) of the task, or ask for less."
        )


_COLUMNS = (
    Column("reason", itemgetter(0), number=False),
    Column("rows", itemgetter(1)),
    Column("what to do", itemgetter(2), number=False),
)
