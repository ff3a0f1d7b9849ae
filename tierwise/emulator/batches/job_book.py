"""All jobs of an emulator, and the tasks that run them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from tempfile import mkdtemp

from tierwise.emulator.batches.jobs import FAILED, BatchJob, JobError
from tierwise.emulator.batches.runner import Runner
from tierwise.emulator.batches.service_desk import ServiceDesk
from tierwise.emulator.refusals import Refusal


class JobBook:
    """Keeps jobs in the order of their creation; their files lie below `folder`."""

    def __init__(self, folder: Path, runner: Runner) -> None:
        self._folder = folder
        self._runner = runner
        self._jobs: dict[str, BatchJob] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def new_folder(self) -> Path:
        """A folder of this machine for a job to be."""
        return Path(mkdtemp(dir=self._folder, prefix="job-"))

    def start(self, job: BatchJob, desk: ServiceDesk) -> None:
        """Enter a job, and run it in the background."""
        self._jobs[job.name] = job
        task = asyncio.create_task(self._runner.run(job, desk))
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error:
                self._broken(job, error)

        task.add_done_callback(over)

    def get(self, name: str, what: str = "Requested entity was not found.") -> BatchJob:
        """One job.

        Raises:
          Refusal: 404, there is none, or it was deleted.
        """
        job = self._jobs.get(name)
        if job is None or job.deleted:
            raise Refusal(404, what)
        return job

    def all(self, *, vertex: bool) -> list[BatchJob]:
        """Jobs of a service, newest first, with those that were deleted."""
        return [job for job in reversed(self._jobs.values()) if job.call.vertex == vertex]

    async def clear(self) -> None:
        """End and forget every job, and delete its files."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._jobs.values():
            shutil.rmtree(job.folder, ignore_errors=True)
        self._jobs.clear()

    def _broken(self, job: BatchJob, error: BaseException) -> None:
        """A fault of the emulator's own: said on standard error, and the job has failed."""
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"the emulator failed at {job.name}", "exception": error}
        )
        job.state, job.error = FAILED, JobError(13, f"The emulator failed: {error!r}")
        job.ended = job.updated = self._runner.now()
