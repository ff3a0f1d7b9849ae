"""Finished tables take the place of the last run's, and `run.json` closes the run.

    staging/answers, failures, costs ─▶ staging/report.html ─▶ staging/run.json
    ─▶ folders moved ─▶ report.html moved ─▶ run.json moved

`run.json` in the staging folder says that all beside it is whole. Whoever finds it there can finish
the publication, however far it had come: a repeated bundle, or the next run after a kill.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts import account
from tierwise.accounts.admission import Admission, Paid, Untraced
from tierwise.accounts.costs import CostRow, regrouped
from tierwise.accounts.ending import EXIT_STATUS, Status, early_end, status_of
from tierwise.accounts.table_names import (
    ANSWERS,
    COSTS,
    COUNTS,
    EVALUATION,
    FAILURES,
    PAGE_FILE,
    RUN_FILE,
    WIDE,
)
from tierwise.accounts.tables import cost_row, costs_schema
from tierwise.audit import AuditTally, audit_summary
from tierwise.batches.job_facts import batch_facts
from tierwise.batches.part import Part as BatchPart
from tierwise.batches.terms import Terms
from tierwise.counts.shares import counts_facts, counts_schema, label_counts
from tierwise.counts.tally import CountRow
from tierwise.errors import TablesError
from tierwise.findings import Findings, evaluation, evaluation_rows, evaluation_schema
from tierwise.forecast.pilot import Measured, Population, pilot_facts
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_records import check_lease, end_lease
from tierwise.json_text import read_json_text
from tierwise.near_duplicates import NearAudit
from tierwise.pair_lists import LabelOf, PairList, PairsOf
from tierwise.prices.price_day import price_day
from tierwise.publishing.parts import Part, write_part
from tierwise.publishing.stage_page import stage_page
from tierwise.publishing.tables_in_place import tables_in_place
from tierwise.records import MediaResolution
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles
from tierwise.storage.files import files_for, join
from tierwise.tasks import Task

STAGING = ".staging-"
# A billion images have fifty thousand files.
_FOOTERS_AT_A_TIME = 16
_FOLDERS = (ANSWERS, FAILURES, COSTS, EVALUATION, WIDE, COUNTS)
# Names of files that have changed since people labelled them: so many are told.
_MOST_CHANGED = 20


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the tables go, and what is known of the run when the graph is built.

    `cost_by` is the manifest's column that costs are told apart by, empty for none. `judged` are
    the tasks that the manifest has labels for, `audits` those that audit others. With `page`, the
    page for people is one of the files that are published. `untraced` is what earlier runs may have
    paid and the journal does not tell. `first` is how many contents a pilot asks. `counted` are the
    labels of the tasks that people have labelled at random, `counts_by` the manifest's column that
    these counts are told apart by. `terms` says how batch jobs are looked after; where nobody
    waits for them, the last step `hands_in` to that service what was written down.
    """

    output: str
    journal: JournalFiles
    tasks: tuple[str, ...]
    schemas: Mapping[str, pa.Schema]
    facts: Mapping[str, Any]
    cost_by: str = ""
    judged: tuple[str, ...] = ()
    audits: tuple[Task, ...] = ()
    page: bool = False
    untraced: Untraced = Untraced()
    first: int | None = None
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts_by: str = ""
    terms: Terms = field(default_factory=Terms)
    hands_in: Service | None = None

    @property
    def staging(self) -> str:
        """Where this run's tables are made."""
        return join(self.output, STAGING + self.journal.run_id)


def publish(
    publication: Publication,
    parts: Sequence[Part],
    costs: Sequence[CostRow],
    left_out: Mapping[str, int],
    *,
    pairs: Sequence[tuple[PairsOf, PairList]] = (),
    labelled: Sequence[tuple[LabelOf, int]] = (),
    admissions: Sequence[Admission] = (),
    before: Sequence[Paid] = (),
    audited: Sequence[tuple[str, AuditTally]] = (),
    audits: Sequence[tuple[str, NearAudit]] = (),
    population: Sequence[Population] = (),
    measured: Sequence[Measured] = (),
    counted: Sequence[CountRow] = (),
    changed: Sequence[str] = (),
    written: Sequence[BatchPart] = (),
    skipped: Sequence[SkippedFiles] = (),
) -> dict[str, Any]:
    """Check that nothing is lost, put the tables in place, and write `run.json`.

    Safe to repeat: what is already in place is left there. Where something was `written` down for
    batch jobs, nothing is published: the next pass asks what they bring.

    Raises:
        LeaseLostError: another run has begun meanwhile; its tables are left alone.
        TablesError: what lies in place is not what was written.
    """
    runs, run_id = publication.journal.runs, publication.journal.run_id
    if written:
        return _put_off(publication, written)
    if closed := _closed_already(publication):
        end_lease(runs, run_id)
        return closed
    if not files_for(publication.output).exists(join(publication.staging, RUN_FILE)):
        costs = sorted(costs)
        more: dict[str, Any] = sum(skipped, NOTHING_SKIPPED).facts()
        paid = sum(before, Paid())
        service = publication.facts["answerer"]["service"]
        every = account.all_runs_facts(paid, publication.untraced, costs, service)
        more["all_runs"] = every | account.all_runs_saved(costs, every["cost_usd"])
        more["others_answers"] = account.others_answers(paid, service)
        if gaps := publication.untraced.gaps(paid):
            more["journal_gaps"] = account.journal_gaps(gaps)
        for admission in admissions:  # one, under a cap
            more["cap"] = account.cap(admission, costs)
        if publication.first:
            archive, cost = sum(population, Population()), sum(measured, Measured())
            more["first"] = pilot_facts(publication.first, archive, cost)
        if audits:
            more["near_duplicates_audit"] = {task: audit.facts() for task, audit in sorted(audits)}
        if publication.audits:
            more["audit"] = audit_summary(publication.audits, audited)
        if told := publication.facts.get("corrections"):
            applied = sum(totals.applied for key, totals in counted if not key.value)
            more["corrections"] = {**told, "applied": applied}
            more["corrections"]["changed"] = sorted(changed)[:_MOST_CHANGED]
        found = Findings.of_lists(pairs, dict(labelled))
        _stage(publication, parts, costs, left_out, found=found, counted=counted, more=more)
    check_lease(runs, run_id)
    run = put_in_place(publication.output, publication.staging)
    check_tables(publication.output, run["tables"])
    publication.journal.forget_attempts()
    end_lease(runs, run_id)
    return run


def _put_off(publication: Publication, written: Sequence[BatchPart]) -> dict[str, Any]:
    """Leave word of what was written down for batch jobs, and no tables."""
    check_lease(publication.journal.runs, publication.journal.run_id)
    files_for(publication.staging).remove_folder(publication.staging)
    terms, journal = publication.terms, publication.journal
    terms.files(journal).write_down(journal.run_id, written)
    run = {**publication.facts, "status": Status.UNDER_WAY}
    return _hand_in(publication, run, publication.hands_in) if publication.hands_in else run


def _hand_in(publication: Publication, run: Mapping[str, Any], service: Service) -> dict[str, Any]:
    """Hand the jobs in for a launcher that waits for nothing, and end the run for now.

    Done twice, it makes no job twice: the same parts are the same orders.
    """
    terms, journal = publication.terms, publication.journal
    files = terms.files(journal)
    terms.order(files.written(journal.run_id), service, journal)
    terms.watch(service, journal, lambda _: None, wait_s=0.0)
    run = {
        **run,
        **batch_facts(files.all(), journal.run_id),
        "exit_status": EXIT_STATUS[Status.UNDER_WAY],
        **tables_in_place(publication.output),
    }
    text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
    files_for(publication.output).write(join(publication.output, RUN_FILE), text.encode())
    end_lease(journal.runs, journal.run_id)
    return run


def finish_earlier(output: str) -> None:
    """Finish what a killed run was publishing, and delete what it had not come to publish."""
    files = files_for(output)
    for name in files.folders(output):
        if name.startswith(STAGING):
            staging = join(output, name)
            if files.exists(join(staging, RUN_FILE)):
                put_in_place(output, staging)
            else:
                files.remove_folder(staging)


def check_tables(output: str, tables: Sequence[Mapping[str, Any]]) -> None:
    """Compare the tables with their list in `run.json`: files, bytes, and rows by their footers.

    Raises:
        TablesError: they differ.
    """
    listed = {join(output, table["file"]): table for table in tables}
    files = files_for(output)
    found = {
        stat.uri: stat.bytes
        for folder in _FOLDERS
        for stat in files.walk(join(output, folder))
        if stat.uri.endswith(".parquet")
    }
    for uri in sorted(listed.keys() | found.keys()):
        wanted = listed[uri]["bytes"] if uri in listed else None
        if wanted != found.get(uri):
            raise TablesError(
                f"{uri}: has {found.get(uri)} bytes where run.json lists {wanted}. Something else "
                "writes into this output. Give the run an --output of its own."
            )
    with ThreadPoolExecutor(_FOOTERS_AT_A_TIME) as pool:
        for uri, rows in zip(listed, pool.map(_rows_of, listed), strict=True):
            if rows != listed[uri]["rows"]:
                raise TablesError(f"{uri}: has {rows} rows; run.json lists {listed[uri]['rows']}.")


def _rows_of(uri: str) -> int:
    with files_for(uri).open(uri) as stream:
        return int(pq.read_metadata(stream).num_rows)


def _closed_already(publication: Publication) -> dict[str, Any] | None:
    """What an earlier attempt at this very run wrote, if it came to its end."""
    try:
        run = read_json_text(files_for(publication.output).read(join(publication.output, RUN_FILE)))
    except (FileNotFoundError, ValueError):
        return None
    ended = (
        isinstance(run, dict)
        and "ended_at" in run
        and run.get("run_id") == publication.journal.run_id
    )
    return run if ended else None


def _stage(
    publication: Publication,
    parts: Sequence[Part],
    costs: Sequence[CostRow],
    left_out: Mapping[str, int],
    *,
    found: Findings,
    counted: Sequence[CountRow],
    more: Mapping[str, Any],
) -> None:
    """Make the staging folder whole and nothing else, and say so by its `run.json`."""
    _check_nothing_lost(parts, costs)
    files = files_for(publication.staging)
    wanted = {part.uri for part in parts}
    for stat in list(files.walk(publication.staging)):  # attempts that were repeated left some
        if stat.uri not in wanted:
            files.delete(stat.uri)
    parts = [*parts, _write_costs(publication, costs)]
    filled = {part.table for part in parts}
    for table, schema in publication.schemas.items():
        if table not in filled:  # so that every table can be read
            parts.append(write_part(publication.staging, table, schema, []))
    run = {**_run(publication, parts, costs, left_out), **more}
    if publication.judged or publication.audits:
        rows = evaluation_rows(found)
        parts.append(write_part(publication.staging, EVALUATION, evaluation_schema(), rows))
        run["evaluation"] = evaluation(found, publication.judged)
    if publication.counted:
        column = publication.counts_by
        counts = label_counts(counted, publication.counted)
        cells = [one.row(column) for one in counts]
        parts.append(write_part(publication.staging, COUNTS, counts_schema(column), cells))
        run["counts"] = counts_facts(counted, counts, column)
    run["tables"] = list(_listed(parts))
    if publication.page:
        run |= stage_page(publication.output, publication.staging, run)
    text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
    files.write(join(publication.staging, RUN_FILE), text.encode(), durable=True)


def _write_costs(publication: Publication, costs: Sequence[CostRow]) -> Part:
    column = publication.cost_by
    merged = regrouped(costs, lambda key: replace(key, model_version="", label_form=""))
    rows = [cost_row(key, totals, column) for key, totals in merged.items()]
    return write_part(publication.staging, COSTS, costs_schema(column), rows)


def _check_nothing_lost(parts: Sequence[Part], costs: Sequence[CostRow]) -> None:
    written = sum(part.rows for part in parts if part.table != WIDE)
    asked = sum(totals.images for _, totals in costs)
    if written != asked:
        raise RuntimeError(f"{asked} images were asked, but the tables hold {written} rows")


def put_in_place(output: str, staging: str) -> dict[str, Any]:
    """Put a whole staging folder in place; repeated, it goes on where it was."""
    files = files_for(output)
    text = files.read(join(staging, RUN_FILE))
    run: dict[str, Any] = read_json_text(text)
    for folder in _FOLDERS:
        files.replace_folder(join(staging, folder), join(output, folder))
    if run.get("page"):
        files.move(join(staging, PAGE_FILE), join(output, PAGE_FILE))
    else:  # an earlier run's page does not belong to these tables
        files.delete(join(output, PAGE_FILE))
    listed = {table["file"].partition("/")[0] for table in run["tables"]}
    for folder in {EVALUATION, COUNTS} - listed:  # an earlier run's say nothing about these answers
        files.remove_folder(join(output, folder))
    files.write(join(output, RUN_FILE), text, durable=True)
    files.remove_folder(staging)
    return run


def _listed(parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    for part in sorted(parts, key=lambda part: (part.table, part.uri)):
        file = join(part.table, part.uri.rpartition("/")[2])
        yield {"file": file, "rows": part.rows, "bytes": part.bytes}


def _run(
    publication: Publication,
    parts: Iterable[Part],
    costs: Sequence[CostRow],
    left_out: Mapping[str, int],
) -> dict[str, Any]:
    by_task = account.by_task(costs, publication.tasks)
    failures = account.failures(costs)
    column = publication.cost_by
    early = early_end(account.ended_early(costs), _messages(parts))
    status = status_of(
        answers=sum(task["answers"] for task in by_task.values()),
        failures=failures,
        early=early,
        spent=sum(total.spent.cost + total.spent.maybe_billed for _, total in costs),
    )
    damage = publication.journal.damage()
    return {
        **publication.facts,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": status,
        "exit_status": EXIT_STATUS[status],
        "ended_early": asdict(early) if early else {},
        **({"journal_damage": asdict(damage)} if damage.objects else {}),
        **left_out,
        "images": max((task["asked"] for task in by_task.values()), default=0),
        "tasks": by_task,
        "failures": failures,
        "totals": account.totals(costs),
        "account": account.by_route(costs),
        "waste": account.waste(costs),
        "packs": account.packs(costs),
        "followed_pictures": account.followed(costs, _named(publication)),
        **({"cost_by": account.by_charge(costs, column)} if column else {}),
        "answered_by_others": account.answered_by_others(costs, price_day(datetime.now(UTC))),
    }


def _named(publication: Publication) -> dict[str, MediaResolution]:
    """The media resolution that each task begins with."""
    asked = publication.facts["asked"]
    return {task["name"]: MediaResolution(task["media_resolution"]) for task in asked}


def _messages(parts: Iterable[Part]) -> Iterator[tuple[str, str, int]]:
    """Reason, message and number of rows of the failures."""
    for part in parts:
        if part.table == FAILURES:
            with files_for(part.uri).open(part.uri) as stream:
                table = pq.read_table(stream, columns=["reason", "message"])
            counted = table.group_by(["reason", "message"]).aggregate([([], "count_all")])
            for row in counted.to_pylist():
                yield row["reason"], row["message"], row["count_all"]
