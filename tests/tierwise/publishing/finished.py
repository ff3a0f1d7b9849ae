"""Finished runs made without a run: tables of any size and content, as a run would leave them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts.tables import answers_schema, costs_schema, failures_schema
from tierwise.counts.shares import counts_schema
from tierwise.findings import evaluation_schema
from tierwise.publishing.finished_run import FinishedRun, open_finished_run
from tierwise.report.task_facts import AskedTask

STARTED, ENDED = "2026-11-27T08:00:00+00:00", "2026-11-27T10:30:00+00:00"
ONE_LABEL = {"type": "string"}
_NANO = Decimal("0.000000001")


def asked(
    name: str = "category", *, labels: Sequence[str] = ("cat", "dog"), **more: Any
) -> AskedTask:
    """A task with one label, unless `kind` says otherwise."""
    known: dict[str, Any] = {
        "kind": "label",
        "prompt": "What is it?",
        "model": "gemini-3.1-flash-lite",
        "media_resolution": "low",
        "service_tier": "standard",
        "max_side": 768,
        "quality": 85,
        "images_per_request": 1,
        "labels": tuple(labels),
    }
    return AskedTask(name, **{**known, **more})


def answers(
    uris: Iterable[str],
    values: Iterable[Any],
    *,
    kind: dict[str, Any] | None = None,
    columns: dict[str, str] | None = None,
    **cells: Any,
) -> pa.Table:
    """Rows of `answers`; `cells` are values for all rows, or lists with one for each."""
    schema = answers_schema(kind or ONE_LABEL, columns or {})
    uris, values = list(uris), list(values)
    known: dict[str, Any] = {
        "uri": uris,
        "page": 1,
        "content_hash": [digest(uri) for uri in uris],
        "bytes": 100_000,
        "width": 4000,
        "height": 3000,
        "format": "jpeg",
        "answer": values,
        "model": "gemini-3.1-flash-lite",
        "model_version": "gemini-3.1-flash-lite",
        "media_resolution": "low",
        "service_tier": "standard",
        "images_in_request": 1,
        "input_tokens": 290,
        "image_tokens": 266,
        "cached_tokens": 0,
        "output_tokens": 2,
        "thought_tokens": 0,
        "cost_usd": Decimal("0.0000755"),
        "request_id": uris,
        "attempts": 1,
        "latency_ms": 800,
        "reused": False,
    }
    return _table({**known, **cells}, schema, len(uris))


def failures(uris: Iterable[str], reason: str = "unreadable", **cells: Any) -> pa.Table:
    """Rows of `failures`."""
    uris = list(uris)
    known: dict[str, Any] = {
        "uri": uris,
        "page": 1,
        "content_hash": [digest(uri) for uri in uris],
        "task": "category",
        "reason": reason,
        "message": "the file is damaged",
        "attempts": 0,
        "cost_usd": Decimal(0),
    }
    return _table({**known, **cells}, failures_schema({}), len(uris))


def digest(uri: str) -> str:
    """The content hash of a picture that has this name."""
    return f"sha256:{hashlib.sha256(uri.encode()).hexdigest()}"


def _table(cells: dict[str, Any], schema: pa.Schema, rows: int) -> pa.Table:
    columns = [_column(cells.get(field.name), field, rows) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(cell: Any, field: pa.Field, rows: int) -> pa.Array:
    if isinstance(cell, list):
        return pa.array(cell, field.type)
    return (
        pa.nulls(rows, field.type) if cell is None else pa.repeat(pa.scalar(cell, field.type), rows)
    )


@dataclass(frozen=True)
class Made:
    """An output folder with a finished run in it."""

    folder: Path

    @property
    def found(self) -> FinishedRun:
        return open_finished_run(str(self.folder))

    def change(self, **more: Any) -> None:
        """Change `run.json`; None takes a key out."""
        path = self.folder / "run.json"
        run = {**json.loads(path.read_text("utf-8")), **more}
        kept = {key: value for key, value in run.items() if value is not None}
        path.write_text(json.dumps(kept), "utf-8")


def finished(
    folder: Path,
    tables: Mapping[AskedTask, Sequence[pa.Table]],
    *,
    failed: pa.Table | None = None,
    evaluated: Sequence[dict[str, Any]] = (),
    counted: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> Made:
    """Lay a finished run out; costs follow from the answers."""
    failed = failures([]) if failed is None else failed
    parts = {f"answers/task={task.name}": list(some) for task, some in tables.items()}
    parts |= {"failures": [failed], "costs": [_costs(tables)]}
    if evaluated:
        parts["evaluation"] = [pa.Table.from_pylist(list(evaluated), evaluation_schema())]
    if counted:
        parts["counts"] = [pa.Table.from_pylist(list(counted), counts_schema())]
    run = {**_run(tables, failed), **more, "tables": list(_write(folder, parts))}
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    return Made(folder)


def _write(folder: Path, parts: dict[str, list[pa.Table]]) -> Iterator[dict[str, Any]]:
    for table, some in parts.items():
        (folder / table).mkdir(parents=True, exist_ok=True)
        for number, rows in enumerate(some):
            path = folder / table / f"part-{number}.parquet"
            pq.write_table(rows, path, compression="zstd")
            name = f"{table}/{path.name}"
            yield {"file": name, "rows": rows.num_rows, "bytes": path.stat().st_size}


def _costs(tables: Mapping[AskedTask, Sequence[pa.Table]]) -> pa.Table:
    rows = []
    for task, some in tables.items():
        images = sum(table.num_rows for table in some)
        cost = sum((_sum(table, "cost_usd") for table in some), Decimal(0))
        rows.append(
            {
                "task": task.name,
                "model": task.model,
                "media_resolution": task.media_resolution,
                "service_tier": task.service_tier,
                "outcome": "answered",
                "requests": images,
                "images": images,
                "cached_tokens": 0,
                **{name: int(sum(_sum(table, name) for table in some)) for name in _TOKENS},
                "cost_usd": cost,
                "baseline_cost_usd": cost * 4,
                "saved_usd": cost * 3,
                "maybe_billed_usd": Decimal(0),
            }
        )
    return pa.Table.from_pylist(rows, costs_schema())


_TOKENS = ("input_tokens", "image_tokens", "output_tokens", "thought_tokens")


def _sum(table: pa.Table, name: str) -> Decimal:
    values = table.column(name)
    found = values.combine_chunks().sum().as_py() if len(values) else None
    return Decimal(found or 0)


def _run(tables: Mapping[AskedTask, Sequence[pa.Table]], failed: pa.Table) -> dict[str, Any]:
    costs = _costs(tables).to_pylist()
    cost = sum((row["cost_usd"] for row in costs), Decimal(0)).quantize(_NANO)
    missing = np.array(failed.column("task").to_pylist())
    answered = {task.name: sum(t.num_rows for t in some) for task, some in tables.items()}
    asked_of = {name: n + int((missing == name).sum()) for name, n in answered.items()}
    totals = {
        "requests": sum(row["requests"] for row in costs),
        "cost_usd": f"{cost:f}",
        "baseline_cost_usd": f"{cost * 4:f}",
        "wasted_usd": "0.000000000",
        "maybe_billed_usd": "0.000000000",
    }
    return {
        "tierwise": "0.1.0",
        "run_id": "20261127T080000-0123abcd",
        "emulated": False,
        "started_at": STARTED,
        "ended_at": ENDED,
        "status": "done",
        "exit_status": 0,
        "ended_early": {},
        "flags": {"input": "photos/", "gemini": "developer", "output": "out"},
        "files": max(asked_of.values(), default=0),
        "images": max(asked_of.values(), default=0),
        "asked": [task.document() for task in tables],
        "prices": [
            {
                "model": "gemini-3.1-flash-lite",
                "service_tier": "standard",
                "input_usd_per_mtok": "0.25",
                "cached_input_usd_per_mtok": "0.025",
                "output_usd_per_mtok": "1.50",
            }
        ],
        "relative_to": "/data",
        "tasks": {name: {"asked": n} for name, n in asked_of.items()},
        "totals": totals,
        "all_runs": {"requests": totals["requests"], "cost_usd": totals["cost_usd"]},
    }
