"""How large a batch job may be, how many there may be, and how long they may take.

The limits stand in `facts/quotas.toml`, each with its source and the day it was checked.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# What small jobs have taken (observed at both services, in 2026): nothing promises it.
EARLIEST_S = 300.0
_HOUR = 3_600.0
_OVERDUE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class JobLimits:
    """The limits of one job, and of all at a time; None where a service has none.

    `target_s` is when Google wants it to be done, `expires_s` when a job is given up at the latest,
    both in seconds after it was made. `waits_s` is the part of that in a queue. Where a job
    `names_pictures`, they lie beside it in a bucket: results repeat what was asked.
    """

    requests: int
    file_bytes: int
    jobs: int | None
    target_s: float
    waits_s: float
    expires_s: float
    names_pictures: bool = False

    @property
    def given_up_s(self) -> float:
        """The age at which nothing more is to be expected of a job."""
        return self.expires_s + _OVERDUE_S

    @property
    def usable_bytes(self) -> int:
        """Bytes of a file to stay below: whether Google counts in decimals, it does not say."""
        return self.file_bytes * 95 // 100


@cache
def job_limits(*, vertex: bool) -> JobLimits:
    """The limits at Vertex AI, or at the Gemini Developer API."""
    text = (files("tierwise") / "facts" / "quotas.toml").read_text(encoding="utf-8")
    service = "vertex" if vertex else "developer"
    row = next(row for row in tomllib.loads(text)["batch_jobs"] if row["service"] == service)
    waits = row["waits_hours"] * _HOUR
    return JobLimits(
        requests=row["requests"],
        file_bytes=row["file_bytes"],
        jobs=row.get("jobs"),
        target_s=row["target_hours"] * _HOUR,
        waits_s=waits,
        expires_s=waits + row.get("runs_hours", 0) * _HOUR,
        names_pictures=vertex,
    )
