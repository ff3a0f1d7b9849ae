"""Jobs of Vertex AI as the JSON that it shows: `BatchPredictionJob`."""

from __future__ import annotations

from typing import Any

from tierwise.emulator.batches.jobs import BatchJob
from tierwise.emulator.batches.stored_files import timestamp


def prediction_job(job: BatchJob) -> dict[str, Any]:
    """The job with the fields that it was created with."""
    moments = {"createTime": job.created, "startTime": job.started, "endTime": job.ended}
    moments["updateTime"] = job.updated or job.created
    document: dict[str, Any] = {"name": job.name, **job.asked, "state": f"JOB_STATE_{job.state}"}
    document |= {name: timestamp(moment) for name, moment in moments.items() if moment}
    if job.output:
        document["outputInfo"] = {"gcsOutputDirectory": job.output}
    if stats := _stats(job):
        document["completionStats"] = stats
    if job.error:
        document["error"] = job.error.document()
    return document


def _stats(job: BatchJob) -> dict[str, str]:
    """64-bit numbers as strings; how many are still to be done nobody knows before the end."""
    if job.rows is None:
        return {}
    left = job.rows - job.succeeded - job.failed if job.is_over else -1
    counts = {"successfulCount": job.succeeded, "failedCount": job.failed, "incompleteCount": left}
    return {name: str(count) for name, count in counts.items() if count}
