"""What `run.json` says of batch jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.batches.job_files import BatchJob


def batch_facts(jobs: Sequence[BatchJob], run_id: str) -> dict[str, Any]:
    """What `run.json` says of the batch jobs of a run, and of those still open."""
    ours = [job for job in jobs if job.open or run_id == job.order.run_id]
    if not ours:
        return {}
    held = usd(sum(job.order.worst for job in ours if job.open))
    return {"batch": {"held_usd": f"{held:f}", "jobs": [_job_facts(job) for job in ours]}}


def _job_facts(job: BatchJob) -> dict[str, Any]:
    told = {
        "display_name": job.order.display_name,
        "name": job.name,
        "model": job.order.model,
        "requests": job.order.rows,
        "images": job.order.images,
        "bytes": job.order.bytes,
        "tokens": job.order.tokens,
        "state": job.standing,
        "ordered_at": job.order.ordered_at,
        "created_at": job.created_at,
        "caches": len(job.caches),
        "held_usd": f"{usd(job.order.worst):f}" if job.open else "0",
    }
    if job.taken:
        told |= {
            "answered": job.taken.answered,
            "asked_again": job.taken.again,
            "errors": job.taken.errors,
            "missing": job.taken.missing,
            "unknown": job.taken.unknown,
            "doubled": job.taken.doubled,
            "echoed": job.taken.echoed,
            "mixed_up": job.taken.mixed_up,
            "cache_gone": job.taken.cache_gone,
            "cost_usd": f"{usd(job.taken.cost):f}",
            "maybe_billed_usd": f"{usd(job.taken.maybe_billed):f}",
        }
    return told
