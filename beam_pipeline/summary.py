"""The end of a run for people: where the tables are, answers per task, the costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_pipeline.cost_table import cost_table, dollars
from beam_pipeline.evaluation_table import print_audit, print_evaluation
from beam_pipeline.forecast_tables import forecast_line
from beam_pipeline.job import Job
from beam_pipeline.plain_text import plain
from storage.files import files_for, join
from tierwise.answers.json_schemas import is_too_long
from tierwise.ending import EarlyEnd, how_to_go_on
from tierwise.records import Reason
from tierwise.shown import counted
from tierwise.table_names import COSTS, FAILURES, RUN_FILE, answers_table
from tierwise.tables import costs_schema
from tierwise.tasks.task import Task

_MOST_LABELS = 12
_EXAMPLES = 3
_LONGEST_EXAMPLE = 200


def print_summary(run: dict[str, Any], job: Job) -> None:
    """Print tables to standard output; text from images and models is shown, never interpreted."""
    console = Console(highlight=False)
    title = "Costs (emulated)" if run["emulated"] else "Costs"
    console.print()
    for task in job.plan.tasks.with_rows:
        if task.audit:
            continue
        console.print(_answers(task, run["tasks"][task.name], job))
    console.print(cost_table(_costs(job), console, title))
    if "cost_by" in run:
        console.print(_charges(run["cost_by"]))
    for task, found in run.get("evaluation", {}).items():
        print_evaluation(task, found, console)
    for task, found in run.get("audit", {}).items():
        print_audit(task, found, console)
    if run["failures"]:
        console.print(_failures(run["failures"]))
    for line in _closing_lines(run, job):
        console.print(Text(plain(line)), soft_wrap=True)


def _answers(task: Task, counts: dict[str, Any], job: Job) -> Table | Text:
    """Labels or examples below a title; without answers the title alone."""
    title = Text(f"{task.name}: {counts['answers']} of {counts['asked']} answered")
    if not counts["answers"]:
        return title
    table = Table(title=title, title_justify="left", min_width=48)
    if task.answer.value_schema()["type"] in ("string", "array") and _is_labels(task):
        table.add_column("label")
        table.add_column("images", justify="right")
        found = Counter(label for value in _values(task, job) for label in _labels(value))
        for label, images in found.most_common(_MOST_LABELS):
            table.add_row(Text(plain(label)), str(images))
        if len(found) > _MOST_LABELS:
            table.add_row(Text(f"... and {len(found) - _MOST_LABELS} more labels"), "")
    else:
        table.add_column("examples")
        for value, _ in zip(_values(task, job), range(_EXAMPLES), strict=False):
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            table.add_row(Text(plain(shown, _LONGEST_EXAMPLE)))
    return table if table.row_count else title


def _is_labels(task: Task) -> bool:
    return "labels" in task.answer.identity()


def _labels(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _values(task: Task, job: Job) -> Iterator[Any]:
    for batch in _batches(join(job.output, answers_table(task.name)), ["answer"]):
        yield from batch.column("answer").to_pylist()


def _costs(job: Job) -> list[dict[str, Any]]:
    """Rows of `costs`; those that differ only in `--cost_by` are added up."""
    schema = costs_schema()
    keys = [name for name in schema.names if schema.field(name).type == pa.string()]
    sums = [name for name in schema.names if name not in keys]
    table = pa.Table.from_batches(_batches(join(job.output, COSTS), schema.names), schema)
    added = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in sums])
    rows: list[dict[str, Any]] = added.rename_columns([*keys, *sums]).to_pylist()
    return rows


def _failures(failures: dict[str, int]) -> Table:
    """Rows of the table `failures`: an image that cannot be read has one for each task."""
    table = Table(title="Failures", title_justify="left", min_width=48)
    table.add_column("reason")
    table.add_column("rows", justify="right")
    for reason, rows in failures.items():
        table.add_row(reason, str(rows))
    return table


def _charges(cost_by: dict[str, Any]) -> Table:
    values = cost_by["values"]
    table = Table(title=Text(f"Costs by {plain(cost_by['column'])}"), title_justify="left")
    table.add_column(Text(plain(cost_by["column"])))
    table.add_column("requests", justify="right")
    table.add_column("USD", justify="right")
    for value in list(values)[:_MOST_LABELS]:
        cost = dollars(Decimal(values[value]["cost_usd"]))
        table.add_row(Text(plain(value)), str(values[value]["requests"]), cost)
    if (more := len(values) + cost_by["left_out"] - _MOST_LABELS) > 0:
        table.add_row(Text(f"... and {more} more, in the table costs"), "", "")
    return table


def _closing_lines(run: dict[str, Any], job: Job) -> Iterator[str]:
    totals = run["totals"]
    cost, baseline = Decimal(totals["cost_usd"]), Decimal(totals["baseline_cost_usd"])
    saved = f"saved ${baseline - cost:f}" if cost <= baseline else f"${cost - baseline:f} more"
    yield (
        f"Images: {run['images']}, requests: {totals['requests']}, cost: ${cost:f}; "
        f"the naive way ${baseline:f}, {saved}."
    )
    if (every := run["all_runs"])["cost_usd"] != totals["cost_usd"]:
        yield f"All runs into this output: {every['requests']} requests, ${every['cost_usd']}."
    if row := run.get("forecast"):
        yield forecast_line(row)
    if rows := run["repeated_rows"]:
        yield f"Warning: rows of the manifest that name an image once more, left out: {rows}."
    if run["waste"]:
        parts = ", ".join(f"{outcome} ${cost}" for outcome, cost in run["waste"].items())
        yield f"Paid without an answer: ${totals['wasted_usd']} ({parts})."
    yield from _escalated(run["tasks"])
    yield from _cut_off(run["tasks"])
    if Reason.INVALID_ANSWER in run["failures"]:
        yield from _too_long(job)
    for other in run["answered_by_others"]:
        yield _answered_by_other(other)
    yield from _other_tiers(run)
    if Decimal(totals["maybe_billed_usd"]):
        yield f"Maybe billed besides, at the worst: ${totals['maybe_billed_usd']}."
    if cap := run.get("cap"):
        yield from _cap(cap, run["failures"])
    yield from _near_duplicates(run)
    if bill := run.get("emulator_bill"):
        asked = counted(bill["requests"], "request")
        yield f"The emulator's bill: ${bill['total_usd']} for {asked}."
    if damage := run.get("journal_damage"):
        yield (
            f"Damaged journal objects: {damage['objects']}, set aside in {damage['folder']}. "
            f"{damage['lost_lines']} of their lines could not be read; what they "
            "answered counts as not asked."
        )
    if early := run.get("ended_early"):
        yield (
            f"ENDED EARLY: {early['message'].rstrip('.')}. Rows left: {early['rows']} "
            f"({early['reason']}). {how_to_go_on(EarlyEnd(**early))}"
        )
    if run["emulated"]:
        yield "EMULATED: these answers and dollars come from a local emulator, not from Gemini."
    yield f"Tables: {job.output}/answers, {job.output}/failures, {job.output}/costs"
    yield f"Totals: {join(job.output, RUN_FILE)}"


def _escalated(tasks: dict[str, Any]) -> Iterator[str]:
    for name, counts in tasks.items():
        if images := counts["escalated"]:
            yield (
                f"{name}: {counted(images, 'image')} of {counts['asked']} asked again, because the "
                "first answer was in doubt."
            )


def _near_duplicates(run: dict[str, Any]) -> Iterator[str]:
    if followers := run.get("near_duplicates"):
        yield f"Images that got the answers of a near duplicate: {followers} (column shared_with)."
    for task, audit in run.get("near_duplicates_audit", {}).items():
        yield (
            f"{task}: of {audit['pairs']} near duplicates that were asked after all, "
            f"{audit['differing']} were answered otherwise: {audit['share_differing']:.1%}, "
            f"Clopper-Pearson interval at 95 % from {audit['low_95']:.1%} to "
            f"{audit['high_95']:.1%}."
        )


def _cap(cap: dict[str, str], failures: dict[str, int]) -> Iterator[str]:
    most, lost = Decimal(cap["max_cost_usd"]), Decimal(cap["maybe_lost_usd"])
    before = Decimal(cap["spent_before_usd"]) + lost
    perhaps = f", perhaps lost ${lost:f}" if lost else ""
    yield (
        f"Cap: ${most:f}; spent before ${cap['spent_before_usd']}{perhaps}, reserved "
        f"for this run ${cap['reserved_usd']}, spent ${cap['spent_usd']}, left ${cap['left_usd']}."
    )
    if lost:
        yield (
            f"Perhaps lost, ${lost:f}: the most that requests without a trace may have cost, each "
            "taken for the dearest. They were under way when runs were killed, or their lines in "
            "the journal are damaged. Perhaps none was billed; it counts against the cap for good. "
            "To go on, raise --max_cost_usd by as much, or give another --output, which asks all "
            "again."
        )
    if before > most:
        yield (
            f"THE CAP WAS PASSED before this run began, by ${before - most:f}: earlier runs "
            f"spent, or perhaps lost, ${before:f}. Only a --max_cost_usd above that leaves "
            "something to ask with."
        )
    if rows := failures.get(Reason.OVER_BUDGET):
        rest = ", or with the same one to use what is left" if Decimal(cap["left_usd"]) else ""
        yield (
            f"{rows} rows are over_budget: no request was sent that might have exceeded the cap. "
            f"Run again with a higher --max_cost_usd to ask exactly these{rest}."
        )


def _answered_by_other(other: dict[str, Any]) -> str:
    gave = (
        f"{other['pinned']} was pinned, but {other['answered_by']} gave "
        f"{counted(other['answers'], 'answer')}"
    )
    if not other["price_is_known"]:
        return (
            f"{gave}. Its price is not known: ${other['cost_usd']} is what the pinned model costs, "
            "and the bill may differ. Calibrate again before you go on."
        )
    pinned = other["cost_usd_if_pinned"]
    would = f"at the pinned model's price ${pinned}" if pinned else "the pinned model has no price"
    return (
        f"{gave} for ${other['cost_usd']}; {would}. "
        f"Pin {other['answered_by']}, and calibrate again."
    )


def _cut_off(tasks: dict[str, Any]) -> Iterator[str]:
    for task, counts in tasks.items():
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


def _too_long(job: Job) -> Iterator[str]:
    counts = Counter(
        row["task"]
        for batch in _batches(join(job.output, FAILURES), ["task", "reason", "message"])
        for row in batch.to_pylist()
        if row["reason"] == Reason.INVALID_ANSWER and is_too_long(row["message"])
    )
    for task, answers in sorted(counts.items()):
        yield (
            f"{task}: answers that have more characters than allowed: {answers}. Raise max_length "
            "(maxLength in a schema) of the task, or ask for less."
        )


def _other_tiers(run: dict[str, Any]) -> Iterator[str]:
    for name, asked in run["service_tiers"].items():
        for served, images in run["tasks"][name]["served_tiers"].items():
            if served != asked:
                yield (
                    f"{name}: {counted(images, 'image')} asked at the {asked} tier, served and "
                    f"billed at {served}."
                )


def _batches(folder: str, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    files = files_for(folder)
    for stat in files.walk(folder):
        with files.open(stat.uri) as stream:
            yield from pq.ParquetFile(stream).iter_batches(columns=columns)
