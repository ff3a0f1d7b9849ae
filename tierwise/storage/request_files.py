"""Where a sample of requests is kept for debugging: one object per request, never written again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tierwise.storage.files import files_for, join

REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class RequestFiles:
    """A folder, and how many requests and how many failed ones each worker process keeps there."""

    folder: str
    run_id: str
    most: int

    def write(self, line: bytes) -> None:
        """Keep one JSON line."""
        uri = join(self.folder, f"{self.run_id}-{uuid.uuid4().hex[:12]}.jsonl")
        files_for(uri).write(uri, line)
