"""`batchPredictionJobs` of Vertex AI over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from secrets import randbelow
from typing import Any

import orjson
from aiohttp import web

from tierwise.emulator.batches.job_book import JobBook
from tierwise.emulator.batches.jobs import BatchJob
from tierwise.emulator.batches.pages import page_of
from tierwise.emulator.batches.prediction_jobs import prediction_job
from tierwise.emulator.batches.routes import Route
from tierwise.emulator.batches.runner import Runner
from tierwise.emulator.batches.vertex_desk import VertexDesk
from tierwise.emulator.json_replies import json_reply
from tierwise.emulator.object_store import split_uri
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal, bad_fields
from tierwise.records import ServiceTier

_JOBS = "/{version:v1|v1beta1}/projects/{project}/locations/{location}/batchPredictionJobs"
_JOB = _JOBS + "/{id:[^/:]+}"
_MODEL = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/([^/:]+)")
_FIELDS = ("displayName", "model", "inputConfig", "outputConfig", "labels")
_NAMED = re.compile(r'\s*display_?[nN]ame\s*=\s*"([^"]*)"\s*')


class VertexRoutes:
    """Handlers of `batchPredictionJobs`."""

    def __init__(self, book: JobBook, runner: Runner) -> None:
        self._book = book
        self._runner = runner

    def routes(self) -> list[Route]:
        """What is served."""
        return [
            Route("POST", _JOBS, "create", self.create, vertex=True),
            Route("GET", _JOBS, "list", self.list, vertex=True),
            Route("GET", _JOB, "get", self.get, vertex=True),
            Route("POST", _JOB + ":cancel", "cancel", self.cancel, vertex=True),
            Route("DELETE", _JOB, "delete", self.delete, vertex=True),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Begin a job; input and buckets are looked at when it runs."""
        match = request.match_info
        asked = _asked(await request.read())
        call = Call(
            True,
            match["version"],
            _model(asked),
            "generateContent",
            match["project"],
            match["location"],
        )
        model = self._runner.service.offered(call)
        if ServiceTier.BATCH not in model.service_tiers:
            raise Refusal(400, f"Batch prediction is not supported for {model.name}.")
        sources, prefix = _sources(asked), _prefix(asked)
        job = BatchJob(
            name=f"{_parent(request)}/batchPredictionJobs/{10**18 + randbelow(9 * 10**18)}",
            call=call,
            display_name=asked.get("displayName") or "",
            created=self._runner.now(),
            folder=self._book.new_folder(),
            faults=self._runner.service.plan.of_job(model.name),
            asked=asked,
        )
        self._book.start(job, VertexDesk(sources, prefix, self._runner.now))
        return json_reply(prediction_job(job))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The jobs of a project and location, newest first."""
        named = None
        if told := request.query.get("filter"):
            found = _NAMED.fullmatch(told)
            if not found:
                raise Refusal(
                    400, f'Invalid filter: {told:.80}. The emulator knows display_name="x".'
                )
            named = found[1]
        parent = f"{_parent(request)}/"
        jobs = [
            job
            for job in self._book.all(vertex=True)
            if job.name.startswith(parent) and not job.deleted and named in (None, job.display_name)
        ]
        shown, token = page_of(jobs, request.query, lambda job: job.name)
        document = {"batchPredictionJobs": [prediction_job(job) for job in shown]} if shown else {}
        return json_reply(document | ({"nextPageToken": token} if token else {}))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """One job."""
        return json_reply(prediction_job(self._found(request)))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Ask for an end; what was answered by then is written and charged."""
        job = self._found(request)
        if job.is_over:
            raise Refusal(400, f"The job is in the state {job.state} and cannot be cancelled.")
        job.stop.set()
        return json_reply({})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Forget a job that is over; its results stay in the bucket."""
        job = self._found(request)
        if not job.is_over:
            raise Refusal(400, "The job is still under way. Cancel it first.")
        job.deleted = True
        return json_reply({"name": f"{_parent(request)}/operations/1", "done": True})

    def _found(self, request: web.Request) -> BatchJob:
        name = f"{_parent(request)}/batchPredictionJobs/{request.match_info['id']}"
        return self._book.get(name, f"The BatchPredictionJob {name} does not exist.")


def _parent(request: web.Request) -> str:
    match = request.match_info
    return f"projects/{match['project']}/locations/{match['location']}"


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from error
    if not isinstance(asked, dict):
        raise Refusal(400, "Invalid JSON payload received.")
    unknown = [name for name in asked if name not in _FIELDS]
    if unknown:
        text = 'Invalid JSON payload received. Unknown name "{}": Cannot find field.'
        raise bad_fields([(name, text.format(name)) for name in unknown])
    return asked


def _model(asked: Mapping[str, Any]) -> str:
    found = _MODEL.fullmatch(str(asked.get("model")))
    if not found:
        raise Refusal(400, "model: must be publishers/google/models/MODEL.")
    return found[1]


def _sources(asked: Mapping[str, Any]) -> tuple[str, ...]:
    config = _object(asked, "inputConfig", "instancesFormat")
    uris = (config.get("gcsSource") or {}).get("uris")
    uris = [uris] if isinstance(uris, str) else uris
    if not isinstance(uris, list) or not uris or not all(all(split_uri(uri)) for uri in uris):
        raise Refusal(400, "inputConfig.gcsSource.uris: must hold gs:// addresses of objects.")
    return tuple(uris)


def _prefix(asked: Mapping[str, Any]) -> str:
    config = _object(asked, "outputConfig", "predictionsFormat")
    prefix = (config.get("gcsDestination") or {}).get("outputUriPrefix")
    if not isinstance(prefix, str) or not split_uri(prefix)[0]:
        raise Refusal(400, "outputConfig.gcsDestination.outputUriPrefix: must begin with gs://.")
    return prefix


def _object(asked: Mapping[str, Any], name: str, form: str) -> Mapping[str, Any]:
    config = asked.get(name)
    if not isinstance(config, dict):
        raise Refusal(400, f"{name}: required field is missing.")
    if config.get(form) != "jsonl":
        raise Refusal(501, f"The emulator knows no {name}.{form} but jsonl.")
    return config
