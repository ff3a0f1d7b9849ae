"""The last step of a run: what it came to is counted, written down and put in place.

It may be tried again, also beside an attempt that is still at work: see closing.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts import account
from tierwise.accounts.admission import Admission, Paid, Untraced
from tierwise.accounts.costs import CostRow, regrouped
from tierwise.accounts.ending import (
    EXIT_STATUS,
    REMEMBERED,
    Status,
    early_end,
    is_store_away,
    status_of,
)
from tierwise.accounts.table_names import (
    ANSWERS,
    COSTS,
    COUNTS,
    EVALUATION,
    FAILURES,
    RUN_FILE,
)
from tierwise.accounts.tables import cost_row, costs_schema
from tierwise.audit import AuditTally, asked_again, audit_summary
from tierwise.batches.job_facts import batch_facts
from tierwise.batches.part import Part as BatchPart
from tierwise.batches.terms import Terms
from tierwise.counts.shares import counts_facts, counts_schema, label_counts
from tierwise.counts.tally import CountRow
from tierwise.errors import InputError, TablesError
from tierwise.findings import Findings, evaluation, evaluation_rows, evaluation_schema
from tierwise.forecast.pilot import Measured, Population, pilot_facts
from tierwise.gemini.service import Service
from tierwise.journal.cache_records import cost_rows
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_records import end_lease
from tierwise.known_files import Change
from tierwise.local.statement import Statement
from tierwise.near_duplicates import NearAudit
from tierwise.pair_lists import LabelOf, PairList, PairsOf
from tierwise.prices.price_day import price_day
from tierwise.publishing.closing import Closing, Step, Steps, carry_out, new_attempt
from tierwise.publishing.fenced_write import fenced_write
from tierwise.publishing.parts import Part, write_part
from tierwise.publishing.stage_page import stage_page
from tierwise.publishing.tables_in_place import tables_in_place
from tierwise.records import STORE_REASONS, MediaResolution
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles
from tierwise.storage.files import files_for, join
from tierwise.tasks import Task
from tierwise.taxonomy.taxonomy import Taxonomy

# Messages of a store that are held against each other; some name the file.
_MOST_MESSAGES = 1_000
# Names of files that have changed since people labelled them: so many are told.
_MOST_CHANGED = 20


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the tables go, and what is known of the run when the graph is built.

    `cost_by` is the manifest's column that costs are told apart by, empty for none. `judged` are
    the tasks that the manifest has labels for, `trees` the taxonomies of those that have one,
    `audits` those that audit others. With `page`, the
    page for people is one of the files that are published. `untraced` is what earlier runs may have
    paid and the journal does not tell. `first` is how many contents a pilot asks. `counted` are the
    labels of the tasks that people have labelled at random, `counts_by` the manifest's column that
    these counts are told apart by. `terms` says how batch jobs are looked after; where nobody
    waits for them, the last step `hands_in` to that service what was written down. A run passes
    over its archive more than once where batch jobs ask: `pass_name` tells one time from another.
    `at_once` files are moved at a time.
    """

    output: str
    journal: JournalFiles
    tasks: tuple[str, ...]
    schemas: Mapping[str, pa.Schema]
    facts: Mapping[str, Any]
    cost_by: str = ""
    judged: tuple[str, ...] = ()
    trees: Mapping[str, Taxonomy] = field(default_factory=dict)
    audits: tuple[Task, ...] = ()
    page: bool = False
    untraced: Untraced = Untraced()
    first: int | None = None
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts_by: str = ""
    terms: Terms = field(default_factory=Terms)
    hands_in: Service | None = None
    pass_name: str = ""
    at_once: int = 16

    @property
    def closing(self) -> Closing:
        """How this pass of the run is closed."""
        name = "-".join(filter(None, (self.journal.run_id, self.pass_name)))
        return Closing(self.output, name, self.journal.check_lease, self.at_once)

    @property
    def staging(self) -> str:
        """Where its tables are made."""
        return self.closing.staging


@dataclass(frozen=True, slots=True)
class Found:
    """What a run came to, as collections give it: in any order, and twice where it is asked twice.

    `parts` hold every row, `costs` its money, `left_out` the names that stand for no image of their
    own. `written` was written down for batch jobs.
    """

    parts: Sequence[Part]
    costs: Sequence[CostRow]
    left_out: Mapping[str, int]
    pairs: Sequence[tuple[PairsOf, PairList]] = ()
    labelled: Sequence[tuple[LabelOf, int]] = ()
    admissions: Sequence[Admission] = ()
    before: Sequence[Paid] = ()
    audited: Sequence[tuple[str, AuditTally]] = ()
    audits: Sequence[tuple[str, NearAudit]] = ()
    population: Sequence[Population] = ()
    measured: Sequence[Measured] = ()
    counted: Sequence[CountRow] = ()
    applied: Sequence[int] = ()
    changed: Sequence[str] = ()
    written: Sequence[BatchPart] = ()
    changes: Sequence[tuple[str, int]] | None = None
    skipped: Sequence[SkippedFiles] = ()
    stated: Sequence[Mapping[str, Statement]] = ()


def publish(
    publication: Publication,
    parts: Sequence[Part],
    costs: Sequence[CostRow],
    left_out: Mapping[str, int],
    **others: Any,
) -> dict[str, Any]:
    """Check that nothing is lost, put the tables in place, and write `run.json`.

    Safe to repeat, also side by side. Where something was `written` down for batch jobs, nothing is
    published: the next pass asks what they bring. `others` are those of `Found`.

    Raises:
        InputError: no picture could be read, and nothing was spent; the tables are left alone.
        LeaseLostError: another run has begun meanwhile; its tables are left alone.
        TablesError: a file is not there, or not as it was written; the old tables are kept.
    """
    found = Found(parts, costs, left_out, **others)
    if found.written:
        return _put_off(publication, found.written)
    _check_store(publication, found.parts, found.costs)
    return carry_out(publishing(publication, found))


def publishing(publication: Publication, found: Found) -> Steps[dict[str, Any]]:
    """One attempt, step by step: it goes on with what another has closed."""
    closing, journal = publication.closing, publication.journal
    found = replace(found, costs=[*found.costs, *cost_rows(journal.caches.all())])
    attempt = closing.closed_by()
    if attempt is None:
        try:
            attempt = yield from _attempt(publication, found)
        except (TablesError, FileNotFoundError):
            attempt = closing.closed_by()
            if attempt is None:  # else another attempt has taken files to their place
                raise
    run = yield from closing.finish(attempt)
    yield Step.END
    journal.forget_attempts()
    end_lease(journal.runs, journal.run_id)
    return run


def _attempt(publication: Publication, found: Found) -> Steps[str]:
    """Make everything ready, and close the run; gives the attempt that has."""
    closing, attempt = publication.closing, new_attempt()
    yield Step.STAGE
    closing.check_files(list(_listed(found.parts)))
    run = _stage(publication, found, closing.folder(attempt))
    yield Step.CHECK
    closing.check_staged(run["tables"])
    yield Step.DESCRIBE
    closing.describe(attempt, run)
    publication.journal.check_lease()  # whoever takes it from now on sees what is to be closed
    yield Step.CLOSE
    return closing.close(attempt)


def _more(publication: Publication, found: Found) -> dict[str, Any]:
    """What `run.json` tells of a run beside its rows."""
    costs, more = sorted(found.costs), sum(found.skipped, NOTHING_SKIPPED).facts()
    paid = sum(found.before, Paid())
    service = publication.facts["answerer"]["service"]
    every = account.all_runs_facts(paid, publication.untraced, costs, service)
    more["all_runs"] = every | account.all_runs_saved(costs, every["cost_usd"])
    more["others_answers"] = account.others_answers(paid, service)
    if gaps := publication.untraced.gaps(paid):
        more["journal_gaps"] = account.journal_gaps(gaps)
    for admission in found.admissions:  # one, under a cap
        more["cap"] = account.cap(admission, costs)
    if publication.first:
        archive = sum(found.population, Population())
        cost = sum(found.measured, Measured())
        more["first"] = pilot_facts(publication.first, archive, cost)
    if found.audits:
        audits = sorted(found.audits)
        more["near_duplicates_audit"] = {task: audit.facts() for task, audit in audits}
    for statements in found.stated:  # one, where anything may be answered locally
        local = account.answered_locally(costs)
        again = asked_again(publication.audits, found.audited)
        more["local"] = {
            task: statement.facts(local.get(task, 0)) | {"asks_itself": again.get(task)}
            for task, statement in statements.items()
        }
    if publication.audits:
        more["audit"] = audit_summary(publication.audits, found.audited)
    if found.changes is not None:
        counts = dict(found.changes)
        more["changes"] = {change: counts.get(change, 0) for change in Change}
    if told := publication.facts.get("corrections"):
        counted = sum(totals.applied for key, totals in found.counted if not key.value)
        more["corrections"] = {**told, "counted": counted, "applied": sum(found.applied)}
        more["corrections"]["changed"] = sorted(found.changed)[:_MOST_CHANGED]
    return more


def _check_store(publication: Publication, parts: Sequence[Part], costs: Sequence[CostRow]) -> None:
    """Refuse to replace the tables of the last run by nothing, because a store was away."""
    by_task, failures = account.by_task(costs, publication.tasks), account.failures(costs)
    answers = sum(task["answers"] for task in by_task.values())
    if not is_store_away(answers=answers, failures=failures, spent=_spent(costs)):
        return
    found = Counter[str]()
    for reason, message, count in _messages(parts):
        if reason in STORE_REASONS and (message in found or len(found) < _MOST_MESSAGES):
            found[message] += count
    message, _ = max(found.items(), key=lambda item: (item[1], item[0]))
    raise InputError(
        f"--input: not one picture could be read, and nothing was spent: {message.rstrip('.')}. "
        f"The tables in {publication.output}, if there are any, stay as they were. Run the same "
        "command again when the bucket or disk can be read."
    )


def _spent(costs: Iterable[CostRow]) -> int:
    return sum(total.spent.cost + total.spent.maybe_billed for _, total in costs)


def _put_off(publication: Publication, written: Sequence[BatchPart]) -> dict[str, Any]:
    """Leave word of what was written down for batch jobs, and no tables."""
    publication.journal.check_lease()
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
    fenced_write(publication.output, RUN_FILE, text.encode(), journal)
    end_lease(journal.runs, journal.run_id)
    return run


def _stage(publication: Publication, found: Found, own: str) -> dict[str, Any]:
    """Write what an attempt adds to the parts, under names of its own; gives its `run.json`."""
    costs = sorted(found.costs)
    _check_nothing_lost(found.parts, costs)
    parts = [*found.parts, _write_costs(publication, costs)]
    filled = {part.table for part in parts}
    for table, schema in publication.schemas.items():
        if table not in filled:  # so that every table can be read
            parts.append(write_part(publication.staging, table, schema, []))
    run = _run(publication, parts, costs, found) | _more(publication, found)
    if publication.judged or publication.audits:
        findings = Findings.of_lists(found.pairs, dict(found.labelled))
        rows = evaluation_rows(findings)
        parts.append(write_part(publication.staging, EVALUATION, evaluation_schema(), rows))
        run["evaluation"] = evaluation(findings, publication.judged, publication.trees)
    if publication.counted:
        column = publication.counts_by
        counts = label_counts(found.counted, publication.counted)
        cells = [one.row(column) for one in counts]
        parts.append(write_part(publication.staging, COUNTS, counts_schema(column), cells))
        run["counts"] = counts_facts(found.counted, counts, column)
    run["tables"] = list(_listed(parts))
    if publication.page:
        run |= stage_page(publication.output, publication.staging, run, own)
    return run


def _write_costs(publication: Publication, costs: Sequence[CostRow]) -> Part:
    column = publication.cost_by
    merged = regrouped(costs, lambda key: replace(key, model_version="", label_form=""))
    rows = [cost_row(key, totals, column) for key, totals in merged.items()]
    return write_part(publication.staging, COSTS, costs_schema(column), rows)


def _check_nothing_lost(parts: Sequence[Part], costs: Sequence[CostRow]) -> None:
    written = sum(part.rows for part in parts if part.table.startswith((ANSWERS, FAILURES)))
    asked = sum(totals.images for _, totals in costs)
    if written != asked:
        raise RuntimeError(f"{asked} images were asked, but the tables hold {written} rows")


def _listed(parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    for part in sorted(parts, key=lambda part: (part.table, part.uri)):
        file = join(part.table, part.uri.rpartition("/")[2])
        yield {"file": file, "rows": part.rows, "bytes": part.bytes}


def _run(
    publication: Publication,
    parts: Iterable[Part],
    costs: Sequence[CostRow],
    found: Found,
) -> dict[str, Any]:
    left_out = found.left_out
    by_task = account.by_task(costs, publication.tasks)
    failures = account.failures(costs)
    column = publication.cost_by
    early = early_end(account.ended_early(costs), _messages(parts))
    status = status_of(
        answers=sum(task["answers"] for task in by_task.values()),
        failures=failures,
        early=early,
        spent=_spent(costs),
        remembered=left_out.get(REMEMBERED, 0),
        unlisted=sum(found.skipped, NOTHING_SKIPPED).unlisted,
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
