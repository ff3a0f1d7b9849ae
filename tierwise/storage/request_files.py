"""Where a sample of requests is kept for debugging: one object per request, never written again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from tierwise.storage.files import files_for, join

REQUESTS = "requests"
_NAME = re.compile(REQUESTS + r"/\d{8}T\d{6}-[0-9a-f]{8}-[0-9a-f]{12}\.jsonl")


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


def request_names(output: str) -> Iterator[str]:
    """The names below an output of all requests that were kept; other files there are not ours."""
    top = len(join(output, ""))
    for stat in files_for(output).walk(join(output, REQUESTS)):
        if _NAME.fullmatch(name := stat.uri[top:]):
            yield name
