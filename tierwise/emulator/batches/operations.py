"""Jobs of the Developer API as the JSON that it shows: long-running operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from tierwise.emulator.batches.jobs import CANCELLED, FAILED, BatchJob
from tierwise.emulator.batches.rows import lines_of
from tierwise.emulator.batches.stored_files import timestamp

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"


def operation(job: BatchJob) -> dict[str, Any]:
    """The operation; counts of 0 are left out, and 64-bit numbers are strings, as Google does."""
    output = _output(job)
    metadata: dict[str, Any] = {"@type": _TYPE, "model": f"models/{job.call.model}"}
    metadata |= {"displayName": job.display_name} if job.display_name else {}
    metadata |= {"output": output} if output else {}
    moments = {"createTime": job.created, "endTime": job.ended}
    moments["updateTime"] = job.updated or job.created
    metadata |= {name: timestamp(moment) for name, moment in moments.items() if moment}
    metadata |= {"batchStats": _stats(job), "state": f"BATCH_STATE_{job.state}", "name": job.name}
    document: dict[str, Any] = {"name": job.name, "metadata": metadata}
    if not job.is_over:
        return document
    document["done"] = True
    if job.error:
        document["error"] = job.error.document()
    elif job.state not in {FAILED, CANCELLED}:
        document["response"] = {"@type": f"{_TYPE}Output"} | output
    return document


def _stats(job: BatchJob) -> dict[str, str]:
    rows = job.rows or 0
    counts = {
        "requestCount": rows,
        "successfulRequestCount": job.succeeded,
        "failedRequestCount": job.failed,
        "pendingRequestCount": rows - job.succeeded - job.failed,
    }
    return {name: str(count) for name, count in counts.items() if count}


def _output(job: BatchJob) -> dict[str, Any]:
    if not job.output:
        return {}
    if not job.inline:
        return {"responsesFile": job.output}
    # A message around the list, so that the name stands twice.
    return {"inlinedResponses": {"inlinedResponses": list(_inlined(job))}}


def _inlined(job: BatchJob) -> Iterator[dict[str, Any]]:
    for _, line in lines_of(job.results):
        document = orjson.loads(line)
        key = document.pop("key", None)
        yield ({} if key is None else {"metadata": {"key": key}}) | document
