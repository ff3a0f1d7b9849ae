"""Batch jobs of the Developer API: rows of an uploaded file, results in a file of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tierwise.emulator.batches.jobs import BatchJob
from tierwise.emulator.batches.result_lines import developer_line
from tierwise.emulator.batches.rows import Row


class DeveloperDesk:
    """Implements `ServiceDesk`; the input was checked when the job was created."""

    cancelled_code = 13  # as observed by OpenRouterTeam/docs on 2026-09-01; 1 by the reference

    async def fetch(self, job: BatchJob) -> None:
        """The file is here already."""

    def most_in_a_file(self, job: BatchJob) -> tuple[int | None, int | None]:
        """One file, however large."""
        del job
        return None, None

    def line(
        self, row: Row, status: int, body: Mapping[str, Any], struck: Collection[str], under: str
    ) -> bytes:
        """A line of the responses file."""
        return developer_line(row, status, body, struck, under)

    async def publish(self, job: BatchJob, written: list[Path]) -> None:
        """Results have the name of the job, which is too long for `files.get` (js-genai #1227)."""
        job.results = written
        if written:
            job.output = f"files/batch-{job.name.removeprefix('batches/')}"
