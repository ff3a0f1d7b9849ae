"""What is in the pictures: the labels of a task, or examples of its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from rich.console import Console
from rich.text import Text

from tierwise.accounts.table_names import answers_table
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.table_rows import batches_of
from tierwise.report.task_facts import AskedTask
from tierwise.storage.files import join

_MOST_LABELS = 12
_EXAMPLES = 3
_LONGEST_EXAMPLE = 200
_LEAST_WIDTH = 48


def print_answers(task: AskedTask, counts: dict[str, Any], output: str, console: Console) -> None:
    """Print one task's answers; `counts` are its figures in `run.json`."""
    title = f"{task.name}: {counts['answers']} of {counts['asked']} answered"
    values = _values(output, task.name) if counts["answers"] else iter(())
    columns: Sequence[Column] = _EXAMPLE
    rows: Sequence[Any]
    if task.labels:
        columns, rows = _LABELS, _most_frequent(task, values)
    else:
        rows = [
            plain(task.answers.told(value), _LONGEST_EXAMPLE) for value in islice(values, _EXAMPLES)
        ]
    if not rows:
        console.print(Text(title))
        return
    table = fitted_table(title, columns, rows, console.width, edge=True)
    table.min_width = _LEAST_WIDTH
    console.print(table)


def _most_frequent(task: AskedTask, values: Iterator[Any]) -> list[tuple[str, str]]:
    """Labels and how many images have each; an answer of several labels counts for each."""
    found = Counter(label for value in values for label in task.answers.picked(value))
    rows = [(plain(label), str(images)) for label, images in found.most_common(_MOST_LABELS)]
    if len(found) > _MOST_LABELS:
        rows.append((f"... and {len(found) - _MOST_LABELS} more labels", ""))
    return rows


def _values(output: str, task: str) -> Iterator[Any]:
    for batch in batches_of(join(output, answers_table(task)), ["answer"]):
        yield from batch.column("answer").to_pylist()


_LABELS = (Column("label", itemgetter(0), number=False), Column("images", itemgetter(1)))
_EXAMPLE = (Column("examples", str, number=False),)
