"""Everything that can go wrong, as a tree.

* TierwiseError
  - InputError              a flag, a file or a table that a person can put right: exit status 2
    + TasksError            the tasks file
    + PriceError            a price that is missing or malformed
    + ModelError            a model, media resolution or tier that does not exist or is over
    + JournalError          the journal is of a newer version
  - ImageError              one image has no answer; carries the `Reason` of its failure row
    + StoreError            the bucket or disk did not give its file; the picture is not to blame
  - LeaseLostError          another run has begun into the same output: exit status 1
  - OvertakenError          another worker asks the same under a cap: exit status 1
  - TablesError             the tables are not what was written: exit status 1
  - JobsUnavailableError    batch jobs cannot be asked about just now: exit status 1
    - JobsRefusedError      nor by this account
  - ResultsGoneError        a batch job or its results are there no more
  - RunEndedError           nothing more can be asked in this run: key revoked, quota gone
  - RefusedAloneError       this process is refused what others are answered: exit status 1
  - MachineError            processes are ended here that decode pictures: exit status 1

A message says what was wrong, which file or key, its value, the limit, and what to do.
Anything else that is raised is a bug, and stops the run.
"""

from __future__ import annotations

from typing import Any

from tierwise.records import Reason


class TierwiseError(Exception):
    """The root, for `except` at the outermost border.

    `exit_status` is what a command ends with when this ends it.
    """

    exit_status = 1


class InputError(TierwiseError):
    """Something the user gave is wrong; nothing has been spent."""

    exit_status = 2


class TasksError(InputError):
    """The tasks file is wrong: names file, task, key, value and remedy."""


class PriceError(InputError):
    """No price is known for what was asked, or a price row is malformed."""


class ModelError(InputError):
    """A model is unknown or shut down, or does not offer what was asked of it."""


class ImageError(TierwiseError):
    """This image cannot be answered; its neighbours can."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[ImageError], tuple[Any, ...]]:
        """Pickle with both arguments; `Exception` would keep only the message."""
        return type(self), (self.reason, self.message)


class StoreError(ImageError):
    """The bucket or disk did not give a file: a later run asks again.

    It `passes` where the same may go well a moment later; `ended` says that nothing was tried any
    more, for nothing came of what was tried before.
    """

    def __init__(
        self, reason: Reason, message: str, passes: bool = False, ended: bool = False
    ) -> None:
        super().__init__(reason, message)
        self.passes = passes
        self.ended = ended

    def __reduce__(self) -> tuple[type[StoreError], tuple[Reason, str, bool, bool]]:
        """Pickle with all arguments."""
        return type(self), (self.reason, self.message, self.passes, self.ended)


class JournalError(InputError):
    """A journal object is of a newer version; guessing at it could pay twice."""


class LeaseLostError(TierwiseError):
    """Another run has begun into the same output; this one must write nothing any more."""


class OvertakenError(TierwiseError):
    """Another worker has begun the same part of the archive under a cap; this one sends nothing."""


class TablesError(TierwiseError):
    """The tables that were put in place are not those that were written."""


class JobsUnavailableError(TierwiseError):
    """A batch job could not be asked about or fetched just now; nothing is lost by it."""


class JobsRefusedError(JobsUnavailableError):
    """The account may not ask about batch jobs, or the key does not hold."""


class ResultsGoneError(TierwiseError):
    """A batch job is there no more, or has ended well and its results are not there."""


class RunEndedError(TierwiseError):
    """The service will answer no further request of this run."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RefusedAloneError(TierwiseError):
    """This process is refused while others are answered: its work is for another one."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"a worker process was refused for long while others were answered: {message}. What it "
            "had to ask goes back to the runner; nothing paid is lost."
        )


class MachineError(TierwiseError):
    """This machine ends processes over too many pictures for the pictures to be at fault."""
