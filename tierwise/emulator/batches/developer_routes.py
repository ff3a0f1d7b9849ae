"""The Batch API of the Developer API over HTTP, and the download of results."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from tierwise.batches.enqueued import enqueued_limit
from tierwise.emulator.batches.developer_desk import DeveloperDesk
from tierwise.emulator.batches.enqueued import check_room
from tierwise.emulator.batches.input_file import CheckedInput, check_input, line_refusal
from tierwise.emulator.batches.job_book import JobBook
from tierwise.emulator.batches.job_faults import JobFaults
from tierwise.emulator.batches.jobs import BatchJob
from tierwise.emulator.batches.operations import operation
from tierwise.emulator.batches.pages import page_of
from tierwise.emulator.batches.routes import VERSION, Route
from tierwise.emulator.batches.runner import Runner
from tierwise.emulator.batches.stored_files import StoredFiles, random_id
from tierwise.emulator.json_replies import json_reply
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal, bad_fields
from tierwise.models import Model
from tierwise.records import ServiceTier

_MOST_INLINE = 20_000_000
_ID = "{id:[^/:]+}"
_FIELDS = {"model", "name", "displayName", "inputConfig", "priority", "webhookConfig"}
_PIECE = 1 << 18


class DeveloperRoutes:
    """Handlers of `batches`; `most_tokens` in place of Google's limit, 0 for none."""

    def __init__(
        self, files: StoredFiles, book: JobBook, runner: Runner, most_tokens: int | None
    ) -> None:
        self._files = files
        self._book = book
        self._runner = runner
        self._most_tokens = most_tokens

    def routes(self) -> list[Route]:
        """What is served."""
        model = "{model:[^/:]+}"
        return [
            Route("POST", f"/{VERSION}/models/{model}:batchGenerateContent", "create", self.create),
            Route("GET", f"/{VERSION}/batches", "list", self.list),
            Route("GET", f"/{VERSION}/batches/{_ID}", "get", self.get),
            Route("POST", f"/{VERSION}/batches/{_ID}:cancel", "cancel", self.cancel),
            Route("DELETE", f"/{VERSION}/batches/{_ID}", "delete", self.delete),
            Route("GET", f"/download/{VERSION}/files/{_ID}:download", "download", self.download),
            Route("GET", f"/{VERSION}/files/{_ID}:download", "download", self.download),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Check the whole input, and begin a job: two calls begin two."""
        match = request.match_info
        call = Call(False, match["version"], match["model"], "batchGenerateContent")
        model = self._runner.service.offered(call)
        if ServiceTier.BATCH not in model.service_tiers:
            raise Refusal(404, f"models/{model.name} is not supported for batchGenerateContent.")
        batch = _batch(await request.read())
        faults = self._runner.service.plan.of_job(model.name)
        folder = self._book.new_folder()
        try:
            job = await self._job(call, model, batch, faults, folder)
        except Refusal:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._book.start(job, DeveloperDesk())
        return json_reply(operation(job))

    async def _job(
        self,
        call: Call,
        model: Model,
        batch: Mapping[str, Any],
        faults: JobFaults,
        folder: Path,
    ) -> BatchJob:
        path = folder / "input.jsonl"
        name = _file_name(batch)
        if name:
            # A second name, so that the job reads on when the file is deleted.
            os.link(self._files.get(name).path, path)
        else:
            path.write_bytes(_inline_lines(batch))
        caches = self._runner.service.caches
        checked = await asyncio.to_thread(check_input, path, call, model, caches)
        _refuse_line(faults, checked)
        job = BatchJob(
            name=f"batches/{random_id(36)}",
            call=replace(call, method="generateContent"),
            display_name=batch.get("displayName") or "",
            created=self._runner.now(),
            folder=folder,
            faults=faults,
            inputs=[path],
            rows=checked.rows,
            tokens=checked.tokens,
            inline=not name or _strikes(faults, "batch_inline"),
        )
        self._check_room(job)
        cut = faults.first("batch_results_cut")
        job.cuts_left = cut.setting("times") if cut else 0
        return job

    def _check_room(self, job: BatchJob) -> None:
        limit = self._most_tokens
        if limit is None:
            limit = enqueued_limit(job.call.model, 1).tokens
        full = job.faults.first("batch_queue_full")
        if full:
            full.struck()
            limit = full.setting("tokens")
        elif limit == 0:
            limit = None
        check_room(job.call.model, job.tokens, self._book.all(vertex=False), job.created, limit)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Jobs, newest first."""
        jobs = [job for job in self._book.all(vertex=False) if not job.deleted]
        shown, token = page_of(jobs, request.query, lambda job: job.name)
        document = {"operations": [operation(job) for job in shown]} if shown else {}
        return json_reply(document | ({"nextPageToken": token} if token else {}))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """One job."""
        return json_reply(operation(self._found(request)))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Ask for an end; rows under way are still answered."""
        self._found(request).stop.set()
        return json_reply({})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Forget a job with its results; what has not ended goes on."""
        self._found(request).deleted = True
        return json_reply({})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Results, as they lie on the disk."""
        identifier = request.match_info["id"]
        if not identifier.startswith("batch-"):
            self._files.get(f"files/{identifier}")
            raise Refusal(400, "Uploaded files cannot be downloaded.")
        job = self._book.get(f"batches/{identifier.removeprefix('batch-')}", _NOT_FOUND)
        if not job.output or _strikes(job.faults, "batch_results_gone"):
            raise Refusal(404, _NOT_FOUND)
        return await _sent(request, job)

    def _found(self, request: web.Request) -> BatchJob:
        return self._book.get(f"batches/{request.match_info['id']}")


_NOT_FOUND = "Requested entity was not found."


async def _sent(request: web.Request, job: BatchJob) -> web.StreamResponse:
    path = job.results[0]
    size = path.stat().st_size
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    response.content_length = size
    await response.prepare(request)
    cut = job.faults.first("batch_results_cut") if job.cuts_left else None
    left = int(size * cut.setting("share")) if cut else size
    with path.open("rb") as file:
        while piece := file.read(min(_PIECE, left)):
            await response.write(piece)
            left -= len(piece)
    if cut:
        job.cuts_left -= 1
        cut.struck()
        if request.transport:
            request.transport.close()
        return response
    await response.write_eof()
    return response


def _batch(body: bytes) -> Mapping[str, Any]:
    try:
        batch = (orjson.loads(body) or {}).get("batch")
    except (orjson.JSONDecodeError, AttributeError) as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from error
    if not isinstance(batch, dict):
        raise Refusal(400, "batch: required field is missing.")
    unknown = [name for name in batch if _camel(name) not in _FIELDS]
    if unknown:
        text = "Invalid JSON payload received. Unknown name \"{}\" at 'batch': Cannot find field."
        raise bad_fields([("batch", text.format(name)) for name in unknown])
    return {_camel(name): value for name, value in batch.items()}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _file_name(batch: Mapping[str, Any]) -> str:
    source = batch.get("inputConfig") or batch.get("input_config") or {}
    if not isinstance(source, dict) or not ({"fileName", "file_name", "requests"} & set(source)):
        raise Refusal(400, "batch.inputConfig: fileName or requests must be set.")
    return source.get("fileName") or source.get("file_name") or ""


def _inline_lines(batch: Mapping[str, Any]) -> bytes:
    try:
        requests = batch["inputConfig"]["requests"]["requests"]
        lines = [orjson.dumps(one) for one in requests]
    except (KeyError, TypeError) as error:
        raise Refusal(400, "batch.inputConfig.requests: must hold a list of requests.") from error
    if sum(map(len, lines)) > _MOST_INLINE:
        raise Refusal(400, f"Request payload size exceeds the limit: {_MOST_INLINE} bytes.")
    return b"\n".join(lines)


def _refuse_line(faults: JobFaults, checked: CheckedInput) -> None:
    if refused := faults.first("batch_line_refused"):
        refused.struck()
        line = refused.setting("line") or 1 + sum(map(ord, refused.seed)) % checked.rows
        raise line_refusal(line, 1, "invalid JSON", "no such field: 'emulated'")


def _strikes(faults: JobFaults, kind: str) -> bool:
    fault = faults.first(kind)
    if fault:
        fault.struck()
    return fault is not None
