"""The page of a finished run, from its tables, in memory that does not grow with the archive.

Tables are read twice: once to sum them up and to find the pictures that are worth showing, then
once more for all that was answered about these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.accounts.table_names import COSTS, EVALUATION, FAILURES, answers_table
from tierwise.publishing.drawn_copies import drawn_copies
from tierwise.publishing.finished_run import FinishedRun
from tierwise.publishing.page_pictures import page_pictures
from tierwise.report import answer_rows, cost_lines, failures_tally
from tierwise.report.answer_rows import OPTIONAL_COLUMNS, doubts_of, keys_of
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.drawn_pairs import MOST_PAIRS, drawn_tasks
from tierwise.report.failures_tally import FailuresTally
from tierwise.report.gallery import (
    MOST_NAMES,
    MOST_PICTURES,
    AnswerLine,
    Card,
    answer_line,
    cards,
    chosen,
    failed_line,
)
from tierwise.report.page import Contents, PagePlot, page
from tierwise.report.task_facts import AskedPrice, AskedTask
from tierwise.storage.thumbnail_files import ThumbnailFiles

# Of an audit so many answers are held against the others; a share of a huge archive may have more.
_MOST_AUDITED = 50_000

Audited = Mapping[str, Mapping[str, Any]]


def build_page(
    found: FinishedRun, thumbnails: ThumbnailFiles | None, plots: Sequence[PagePlot] = ()
) -> str:
    """The HTML of a finished run; without `thumbnails` there are no pictures in it.

    Raises:
        InputError: the tables are not what `run.json` says, or of an older version.
    """
    asked = found.asked
    tasks = [task for task in asked if not task.audit_of]
    audited = {task.audit_of: audit_answers(found, task) for task in asked if task.audit_of}
    names = thumbnails.names() if thumbnails else {}
    pictured = pa.array(sorted(names), pa.string())
    tallies = [_tally(found, task, pictured, audited) for task in tasks]
    failures = FailuresTally(pictured)
    for batch in found.batches(FAILURES, failures_tally.COLUMNS):
        failures.add(batch)
    lines = [
        cost_lines.cost_line(row)
        for batch in found.batches(COSTS, cost_lines.COLUMNS)
        for row in batch.to_pylist()
    ]
    shown = _cards(found, tallies, failures, thumbnails, names)
    after = _drawn(found, tasks, shown, thumbnails) if thumbnails else {}
    contents = Contents(
        run=found.run,
        tasks=tasks,
        prices=[AskedPrice.of_document(price) for price in found.run["prices"]],
        lines=lines,
        naive={
            (tally.task.name, model): naive
            for tally in tallies
            for model, naive in tally.naive.items()
        },
        audits=[task.name for task in asked if task.audit_of],
        tallies=tallies,
        failures=failures,
        evaluation=list(_evaluation(found)),
        cards=shown,
        plots=plots,
        drawn=drawn_tasks(tasks, lines, shown, after),
    )
    return page(contents)


def _drawn(
    found: FinishedRun,
    tasks: Sequence[AskedTask],
    shown: Sequence[Card],
    thumbnails: ThumbnailFiles,
) -> dict[tuple[str, str], str]:
    """Small copies of what was drawn of the pictures that are shown first, by task and picture."""
    output = thumbnails.folder.rstrip("/").rpartition("/")[0]
    keys = [f"{card.content_hash}#{card.page}" for card in shown]
    wanted = pa.array(keys, pa.string())
    copies: dict[tuple[str, str], str] = {}
    for task in tasks:
        if task.kind != "picture":
            continue
        named: dict[tuple[str, str], str] = {}
        for batch in _answers(found, task):
            for row in _only(batch, wanted).to_pylist():
                named[task.name, f"{row['content_hash']}#{row['page']}"] = row["answer"]["file"]
        first = [(task.name, key) for key in keys if (task.name, key) in named][:MOST_PAIRS]
        copies |= drawn_copies(output, named, first)
    return copies


def audit_answers(found: FinishedRun, task: AskedTask) -> dict[str, Any]:
    """The answers of an audit by picture, at most so many."""
    answers: dict[str, Any] = {}
    for batch in _answers(found, task):
        answers.update(
            zip(keys_of(batch).to_pylist(), batch.column("answer").to_pylist(), strict=True)
        )
        if len(answers) >= _MOST_AUDITED:
            break
    answers.pop(None, None)  # type: ignore[call-overload]
    return answers


def _tally(
    found: FinishedRun, task: AskedTask, pictured: pa.Array, audited: Audited
) -> AnswersTally:
    labels = max(1, len(task.labels))
    tally = AnswersTally(
        task,
        most=max(6, -(-2 * MOST_PICTURES // labels)),
        vertex=found.run["flags"].get("gemini") == "vertex",
        pictured=pictured,
        audited=audited.get(task.name, {}),
    )
    for batch in _answers(found, task):
        tally.add(batch)
    return tally


def _answers(found: FinishedRun, task: AskedTask) -> Iterator[pa.RecordBatch]:
    manifest = [name for name in (task.old_column, task.truth_column) if name]
    return found.batches(
        answers_table(task.name), answer_rows.COLUMNS, [*OPTIONAL_COLUMNS, *manifest]
    )


def _cards(
    found: FinishedRun,
    tallies: Sequence[AnswersTally],
    failures: FailuresTally,
    thumbnails: ThumbnailFiles | None,
    names: Mapping[str, str],
) -> list[Card]:
    most = MOST_PICTURES if names else MOST_NAMES
    wanted = chosen(tallies, failures.candidates, most=most)
    images = page_pictures(thumbnails, names, wanted) if thumbnails else {}
    if names:  # those beyond what a page may weigh
        wanted = {key: uri for key, uri in wanted.items() if key in images}
    lines = lines_about(found, [(tally.task, tally.audited) for tally in tallies], wanted)
    return cards(wanted, lines, images, found.run.get("relative_to", ""))


def lines_about(
    found: FinishedRun,
    asked: Sequence[tuple[AskedTask, Mapping[str, Any]]],
    wanted: Mapping[str, str],
) -> dict[str, list[AnswerLine]]:
    """All that was answered about the wanted pictures, under the names that are shown.

    `asked` are the tasks, each with its audit's answers by picture.
    """
    lines: dict[str, list[AnswerLine]] = defaultdict(list)
    keys = pa.array(list(wanted), pa.string())
    for task, audited in asked:
        for batch in _answers(found, task):
            some = _only(batch, keys)
            doubts = doubts_of(some, task, keys_of(some), audited)
            for row, mask in zip(some.to_pylist(), doubts, strict=True):
                key = f"{row['content_hash']}#{row['page']}"
                if wanted[key] == row["uri"]:
                    lines[key].append(answer_line(task, row, int(mask)))
    for batch in found.batches(FAILURES, failures_tally.COLUMNS):
        for row in _only(batch, keys).to_pylist():
            key = f"{row['content_hash']}#{row['page']}"
            if wanted[key] == row["uri"]:
                lines[key].append(failed_line(row))
    return lines


def _only(batch: pa.RecordBatch, keys: pa.Array) -> pa.RecordBatch:
    here = pc.fill_null(pc.is_in(keys_of(batch), keys), False)
    return batch.filter(here) if np.asarray(here).any() else batch.slice(0, 0)


def _evaluation(found: FinishedRun) -> Iterator[dict[str, Any]]:
    for batch in found.batches(
        EVALUATION, ("task", "against", "label", "answer", "images", "examples")
    ):
        yield from batch.to_pylist()
