"""One batch job of either service: what it was given, how far it is, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tierwise.emulator.batches.job_faults import JobFaults
from tierwise.emulator.paths import Call

# What is cancelled is over only when the rows under way are.
PENDING, RUNNING, SUCCEEDED = "PENDING", "RUNNING", "SUCCEEDED"
FAILED, CANCELLED, EXPIRED = "FAILED", "CANCELLED", "EXPIRED"


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job has no results: a `google.rpc.Status` with its canonical code."""

    code: int
    message: str
    details: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return error | ({"details": [dict(one) for one in self.details]} if self.details else {})


@dataclass(slots=True)
class BatchJob:
    """A job; `state` is without the prefix that each service writes before it.

    `asked` is what Vertex AI shows as it was given. `inputs` are files of this machine that belong
    to the job, `rows` their requests, None until they are counted. `stop` is set when somebody
    cancels it. `results` are the files that it wrote, `output` where the service says that they
    are.
    """

    name: str
    call: Call
    display_name: str
    created: datetime
    folder: Path
    faults: JobFaults = field(default_factory=JobFaults)
    asked: Mapping[str, Any] = field(default_factory=dict)
    inputs: list[Path] = field(default_factory=list)
    rows: int | None = None
    tokens: int = 0
    inline: bool = False
    state: str = PENDING
    started: datetime | None = None
    ended: datetime | None = None
    updated: datetime | None = None
    succeeded: int = 0
    failed: int = 0
    error: JobError | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    deleted: bool = False
    results: list[Path] = field(default_factory=list)
    output: str = ""
    cuts_left: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.ended is not None
