"""What can be done with batch jobs, the same at both services.

    order ──create──▶ name ──look──▶ state, until it has ended ──download──▶ rows in a file
                        ▲                                                        │
      find ─────────────┘ by display name, after a create whose reply was lost   ▼
                                                              tidy, once they are journaled

Creating is not idempotent: sent twice it makes two jobs, and both are paid. So it is never tried
again here once it may have arrived; `find` says whether it did. Everything else may be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Phase(StrEnum):
    """Where a job stands. PARTLY has ended with some of its rows; UNKNOWN is no word we know."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PARTLY = "partly"
    UNKNOWN = "unknown"


_ENDS = {Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED, Phase.EXPIRED, Phase.PARTLY}


class CreateKind(StrEnum):
    """Why there is no job, or why nobody knows.

    REFUSED: the whole file, for one of its rows or for the model. QUOTA: too much waits already.
    STORAGE_FULL: no room for the file. NOT_ALLOWED: the account may not. NOT_FOUND: no such model.
    LOST: sent, and no reply came; look for it by its display name before anything else.
    """

    REFUSED = "refused"
    QUOTA = "quota"
    STORAGE_FULL = "storage full"
    NOT_ALLOWED = "not allowed"
    NOT_FOUND = "not found"
    LOST = "lost"


class CreateError(Exception):
    """A job that was not created, or may have been (LOST); the message is one line with a remedy.

    `lines` are the rows that Google names, the first line of all parts together being 1; `wait_s`
    is how long it asks to wait.
    """

    def __init__(
        self,
        kind: CreateKind,
        message: str,
        *,
        lines: tuple[int, ...] = (),
        wait_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.lines = lines
        self.wait_s = wait_s

    @property
    def may_exist(self) -> bool:
        """Whether there may be a job all the same, which only a search by name tells."""
        return self.kind is CreateKind.LOST


@dataclass(frozen=True, slots=True)
class Order:
    """A job to create.

    `display_name` is ours alone among all jobs of the account. `parts` are files of lines that
    together are the rows, in this order; for Vertex AI they lie in a bucket, and so does `prefix`,
    an address that is this job's alone, below which its results are written.
    """

    display_name: str
    model: str
    parts: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class JobState:
    """What a service says of a job.

    Counts of rows are None where it does not say. Times are as it writes them, empty where there is
    none. `message` is one line, empty while nothing is wrong. `output` is where results are: a
    file, a folder in a bucket, INLINE, or empty. `done` is the service's word that it has ended,
    whatever its state is called; `refused` that it failed for what every other job would fail for:
    a bucket, or the right to it.
    """

    name: str
    display_name: str
    phase: Phase
    raw_state: str
    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    created_at: str = ""
    ended_at: str = ""
    message: str = ""
    output: str = ""
    input_file: str = ""
    done: bool = False
    refused: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it; a state that we do not know is no end by itself."""
        return self.done or self.phase in _ENDS


# The `output` of results that stand within the job itself.
INLINE = "inline"


class BatchJobs(Protocol):
    """The batch jobs of one account. Blocks; belongs to one thread.

    All but `create` are repeated for a while when the service fails.
    """

    def create(self, order: Order) -> str:
        """Start a job, and give its name.

        Raises:
            CreateError: there is none, or its fate is unknown.
            JobsUnavailableError: nothing was created, for the service cannot be reached.
            InputError: the order is one that this service cannot take.
        """

    def find(self, display_name: str) -> tuple[str, ...]:
        """Names of the jobs of this display name, the oldest first.

        Raises:
            JobsUnavailableError: the service does not say.
        """

    def look(self, name: str) -> JobState:
        """How a job stands.

        Raises:
            JobsUnavailableError: the service does not say.
            ResultsGoneError: there is no such job any more.
        """

    def cancel(self, name: str) -> None:
        """Ask that a job end early; when it has, `look` says so. One that has ended stays.

        Raises:
            JobsUnavailableError: the service does not take it.
        """

    def download(self, state: JobState, into: Path) -> Path:
        """Put the rows of a job that has ended into a file, whole or not at all.

        The file is empty where a job that did not succeed left nothing.

        Raises:
            JobsUnavailableError: they cannot be had just now.
            ResultsGoneError: they are there no more.
        """

    def tidy(self, state: JobState) -> None:
        """Delete what the service keeps of a job that has ended: its input, its results, itself.

        Only once the results are journaled, for this cannot be undone. What is gone already is no
        error.

        Raises:
            JobsUnavailableError: not all could be deleted just now.
        """
