"""Finished tables take the place of the last run's, and `run.json` closes the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from storage.files import files_for, join
from tierwise import account
from tierwise.costs import regrouped
from tierwise.tables import cost_row, costs_schema
from transforms.sum_costs import CostRow
from transforms.write_tables import FAILURES, Part, write_part

COSTS = "costs"
RUN_FILE = "run.json"
DONE, ROWS_LEFT = "done", "rows_left"


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the tables go, and what is known of the run when the graph is built.

    `cost_by` is the manifest's column that costs are told apart by, empty for none.
    """

    output: str
    staging: str
    tasks: tuple[str, ...]
    schemas: Mapping[str, pa.Schema]
    facts: Mapping[str, Any]
    cost_by: str = ""


def publish(
    publication: Publication,
    parts: Sequence[Part],
    costs: Sequence[CostRow],
    skipped: int,
) -> dict[str, Any]:
    """Check that nothing is lost, put the tables in place, and write `run.json`.

    Safe to repeat: what is already in place is left there.
    """
    costs = sorted(costs)
    _check_nothing_lost(parts, costs)
    files = files_for(publication.output)
    if closed := _closed_already(publication):
        return closed
    for folder in ("answers", FAILURES, COSTS):
        staged = join(publication.staging, folder)
        if _stage(publication, folder, parts, costs):
            files.replace_folder(staged, join(publication.output, folder))
    run = _run(publication, costs, skipped)
    text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
    files.write(join(publication.output, RUN_FILE), text.encode(), durable=True)
    files.remove_folder(publication.staging)
    return run


def _closed_already(publication: Publication) -> dict[str, Any] | None:
    """What an earlier attempt at this very run wrote, if it came to its end."""
    try:
        run = json.loads(files_for(publication.output).read(join(publication.output, RUN_FILE)))
    except (FileNotFoundError, ValueError):
        return None
    ended = run.get("status") in (DONE, ROWS_LEFT)
    return run if ended and run.get("run_id") == publication.facts["run_id"] else None


def _check_nothing_lost(parts: Sequence[Part], costs: Sequence[CostRow]) -> None:
    written = sum(part.rows for part in parts)
    asked = sum(totals.images for _, totals in costs)
    if written != asked:
        raise RuntimeError(f"{asked} images were asked, but the tables hold {written} rows")


def _stage(
    publication: Publication, folder: str, parts: Sequence[Part], costs: Sequence[CostRow]
) -> bool:
    """Make a staged folder whole and nothing else; False when an earlier attempt published it."""
    staged = join(publication.staging, folder)
    files = files_for(staged)
    wanted = {part.uri for part in parts if _belongs(part.table, folder)}
    if wanted and not files.is_folder(staged):
        return False
    for stat in list(files.walk(staged)):  # attempts of bundles that were repeated left some
        if stat.uri not in wanted:
            files.delete(stat.uri)
    if folder == COSTS:
        column = publication.cost_by
        merged = regrouped(costs, lambda key: replace(key, answered_by=""))
        rows = [cost_row(key, totals, column) for key, totals in merged.items()]
        write_part(publication.staging, COSTS, costs_schema(column), rows)
    filled = {part.table for part in parts}
    for table, schema in publication.schemas.items():
        if _belongs(table, folder) and table not in filled:  # so that every table can be read
            write_part(publication.staging, table, schema, [])
    return True


def _belongs(table: str, folder: str) -> bool:
    return table == folder or table.startswith(folder + "/")


def _run(publication: Publication, costs: Sequence[CostRow], skipped: int) -> dict[str, Any]:
    by_task = account.by_task(costs, publication.tasks)
    failures = account.failures(costs)
    column = publication.cost_by
    left = {"over_budget", "quota_exhausted"} & failures.keys()
    return {
        **publication.facts,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": ROWS_LEFT if left else DONE,
        "exit_status": 3 if left else 0,
        "skipped_files": skipped,
        "images": max((task["asked"] for task in by_task.values()), default=0),
        "tasks": by_task,
        "failures": failures,
        "ended_early": account.ended_early(costs),
        "totals": account.totals(costs),
        "waste": account.waste(costs),
        **({"cost_by": account.by_charge(costs, column)} if column else {}),
        "answered_by_others": account.answered_by_others(costs, datetime.now(UTC).date()),
    }
