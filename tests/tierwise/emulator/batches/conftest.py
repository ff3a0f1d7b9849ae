"""What tests of batch jobs share: rows, uploads and waits, by plain HTTP.

Plain HTTP for jobs, because the client's `BatchJob` drops what has to be seen here: `error`,
`batchStats` and `done` (see `test_real_client.py`).
"""

from __future__ import annotations

import base64
import io
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from google.genai import types

MODEL = "gemini-3.1-flash-lite"
LABELS = ["dark", "bright"]


def request_of(*pictures: bytes, dialect: str = "responseSchema", **config: Any) -> dict[str, Any]:
    """A question with labels about some pictures, as REST has it."""
    parts: list[dict[str, Any]] = [{"text": "How light?"}]
    for data in pictures:
        encoded = base64.b64encode(data).decode()
        parts.append({"inlineData": {"mimeType": "image/jpeg", "data": encoded}})
    kind = {"type": "STRING" if dialect == "responseSchema" else "string"}
    schema = {
        "type": "OBJECT" if dialect == "responseSchema" else "object",
        "properties": {"light": {**kind, "enum": LABELS}, "why": kind},
    }
    settings = {"responseMimeType": "application/json", dialect: schema} | config
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": settings}


def jsonl(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@dataclass(frozen=True)
class Batches:
    """The emulator, by what one does with batch jobs of the Developer API."""

    desk: Any

    def upload(self, rows: list[Any] | bytes) -> str:
        data = rows if isinstance(rows, bytes) else jsonl(rows)
        config = types.UploadFileConfig(mime_type="jsonl")
        with self.desk.developer() as client:
            return str(client.files.upload(file=io.BytesIO(data), config=config).name)

    def create(self, file: str, name: str = "a job", model: str = MODEL) -> tuple[int, Any]:
        batch = {"displayName": name, "inputConfig": {"fileName": file}}
        path = f"/v1beta/models/{model}:batchGenerateContent"
        status, reply, _ = self.desk.send(path, {"batch": batch})
        return status, reply

    def begin(self, rows: list[Any] | bytes, name: str = "a job") -> str:
        status, reply = self.create(self.upload(rows), name)
        assert status == 200, reply
        return str(reply["name"])

    def get(self, name: str) -> Any:
        status, reply, _ = self.desk.send(f"/v1beta/{name}", method="GET")
        assert status == 200, reply
        return reply

    def until(self, name: str, holds: Callable[[Any], bool], seconds: float = 10) -> Any:
        deadline = time.monotonic() + seconds
        while not holds(job := self.get(name)):
            assert time.monotonic() < deadline, job
            time.sleep(0.02)
        return job

    def end(self, name: str) -> Any:
        return self.until(name, lambda job: job.get("done", False))

    def run(self, rows: list[Any] | bytes) -> Any:
        """The operation of a job that is over."""
        return self.end(self.begin(rows))

    def download(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        file = job["metadata"]["output"]["responsesFile"]
        address = f"{self.desk.url}/download/v1beta/{file}:download?alt=media"
        request = urllib.request.Request(address, headers={"x-goog-api-key": "any"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            return [json.loads(line) for line in reply.read().splitlines()]

    def results(self, rows: list[Any] | bytes) -> list[dict[str, Any]]:
        return self.download(self.run(rows))


@pytest.fixture
def batches(emulator: Any) -> Batches:
    return Batches(emulator)


@pytest.fixture
def rows(picture: Callable[..., bytes]) -> list[dict[str, Any]]:
    """Eight rows, each with a picture of its own."""
    colours = ("navy", "white", "black", "yellow", "red", "silver", "green", "pink")
    return [
        {"key": f"row-{number}", "request": request_of(picture((64, 48), colour))}
        for number, colour in enumerate(colours)
    ]
