"""What differs between the services in the course of a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from tierwise.emulator.batches.jobs import BatchJob, JobError
from tierwise.emulator.batches.rows import Row


class JobFailedError(Exception):
    """The job ends here, FAILED."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error = JobError(code, message)


class ServiceDesk(Protocol):
    """Where a job's rows come from, how results look, and where they go."""

    @property
    def cancelled_code(self) -> int:
        """The canonical code that a cancelled job ends with."""

    async def fetch(self, job: BatchJob) -> None:
        """Bring the input onto this machine, and count its rows.

        Raises:
          JobFailedError: it cannot be read, or is refused as a whole.
        """

    def most_in_a_file(self, job: BatchJob) -> tuple[int | None, int | None]:
        """Rows and bytes above which results are cut into several files."""

    def line(
        self, row: Row, status: int, body: Mapping[str, Any], struck: Collection[str], under: str
    ) -> bytes:
        """One line of results."""

    async def publish(self, job: BatchJob, written: list[Path]) -> None:
        """Put the results where the caller finds them.

        Raises:
          JobFailedError: they cannot be written there.
        """
