"""Files and batch jobs of one emulator, put together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web

from tierwise.emulator.batches.developer_routes import DeveloperRoutes
from tierwise.emulator.batches.file_routes import FileRoutes
from tierwise.emulator.batches.job_book import JobBook
from tierwise.emulator.batches.runner import Runner
from tierwise.emulator.batches.stored_files import StoredFiles, timestamp
from tierwise.emulator.batches.vertex_routes import VertexRoutes
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.service import EmulatedService


class BatchApi:
    """What it keeps lies in a temporary folder that is gone with it."""

    def __init__(self, service: EmulatedService, config: EmulatorConfig) -> None:
        self._service = service
        self._config = config
        self._folder = TemporaryDirectory(prefix="tierwise-emulator-", ignore_cleanup_errors=True)
        uploads, jobs = Path(self._folder.name, "files"), Path(self._folder.name, "jobs")
        uploads.mkdir()
        jobs.mkdir()
        self._files = StoredFiles(uploads, _now)
        self._runner = Runner(service, config.batch_delay_s, _now)
        self._book = JobBook(jobs, self._runner)

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served."""
        most = self._config.batch_enqueued_tokens
        developer = DeveloperRoutes(self._files, self._book, self._runner, most)
        vertex = VertexRoutes(self._book, self._runner)
        routes = [*FileRoutes(self._files).routes(), *developer.routes(), *vertex.routes()]
        return [route.served(self._service, self._config.latency_ms) for route in routes]

    def document(self) -> list[dict[str, Any]]:
        """Every job that was ever created, oldest first, with those that were deleted since."""
        jobs = [*self._book.all(vertex=False), *self._book.all(vertex=True)]
        return [
            {
                "name": job.name,
                "display_name": job.display_name,
                "model": job.call.model,
                "created": timestamp(job.created),
                "state": job.state,
                "rows": job.rows,
                "answered": job.succeeded,
                "deleted": job.deleted,
            }
            for job in sorted(jobs, key=lambda job: job.created)
        ]

    async def clear(self) -> None:
        """End every job, and forget jobs and files."""
        await self._book.clear()
        self._files.clear()

    async def close(self, _: web.Application) -> None:
        """End every job, and delete all that is kept."""
        await self.clear()
        self._folder.cleanup()


def _now() -> datetime:
    return datetime.now(UTC)
