"""Batch jobs of Vertex AI, whose rows and results lie in a bucket.

Results come in one file or in several, in a folder that Vertex AI makes and names by its own clock.
A job that was cancelled, failed or expired may have left some of them, which are paid.

Sources: cloud.google.com/vertex-ai/docs/reference/rest (projects.locations.batchPredictionJobs) and
.../vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini, read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tierwise.errors import InputError, ResultsGoneError
from tierwise.gemini.batch.jobs import JobState, Order, Phase
from tierwise.gemini.batch.refused import create_error
from tierwise.gemini.batch.rest import Rest, unavailable
from tierwise.gemini.batch.states import (
    count_in,
    messages_of,
    must_have_ended,
    object_of,
    phase_of,
    text_of,
)
from tierwise.gemini.call_error import CallError
from tierwise.storage.files import files_for, join
from tierwise.storage.gcs_names import SCHEME
from tierwise.storage.stat import Stat

_PAGE = "100"
_CHUNK = 1 << 20
# How the folders are called that Vertex AI makes: `prediction-model-2026-11-29T00:00:00.000Z`.
_FOLDER = "prediction-"
# google.rpc.Code of a whole job's error, and what helps.
_REMEDIES = {
    3: "the rows could not be read in; all rows of a job need one schema, with plain names",
    7: (
        "give the service agent of Vertex AI (service-NUMBER@gcp-sa-aiplatform.iam.gserviceaccount."
        "com) the role Storage Object User on the bucket"
    ),
    9: "see that the bucket is there, in a place that the job may use",
}
# Codes of what every other job would fail for as well.
_OF_ALL_JOBS = (7, 9)


class VertexJobs:
    """Implements `BatchJobs` of `jobs.py`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        service = rest.service
        self._jobs = f"projects/{service.project}/locations/{service.location}/batchPredictionJobs"

    def create(self, order: Order) -> str:
        """Start a job on files that are in the bucket already."""
        if outside := [uri for uri in (*order.parts, order.prefix) if not uri.startswith(SCHEME)]:
            raise InputError(
                f"{outside[0]!r}: Vertex AI reads and writes the rows of a batch job in a bucket. "
                "Give an --output that begins with gs://, or ask at another tier."
            )
        body = {
            "displayName": order.display_name,
            "model": f"publishers/google/models/{order.model}",
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": list(order.parts)}},
            "outputConfig": {
                "predictionsFormat": "jsonl",
                "gcsDestination": {"outputUriPrefix": order.prefix},
            },
        }
        try:
            return self._rest.create(self._jobs, body)
        except CallError as error:
            raise create_error(error, order, self._rest.service) from error

    def find(self, display_name: str) -> tuple[str, ...]:
        """Jobs by their display name, which Vertex AI looks for itself."""
        written = orjson.dumps(display_name).decode()
        query = {"filter": f"display_name={written}", "pageSize": _PAGE}
        try:
            listed = list(self._rest.pages(self._jobs, "batchPredictionJobs", query))
        except CallError as error:
            raise unavailable(error) from error
        same = [state for state in map(_state, listed) if state.display_name == display_name]
        return tuple(state.name for state in sorted(same, key=lambda state: state.created_at))

    def look(self, name: str) -> JobState:
        """How a job stands."""
        try:
            return _state(self._rest.patiently(lambda: self._rest.call("GET", name)))
        except CallError as error:
            if error.status == 404:
                raise ResultsGoneError(f"There is no batch job {name} any more.") from error
            raise unavailable(error) from error

    def cancel(self, name: str) -> None:
        """Ask that it end early."""
        self._rest.cancel(name)

    def download(self, state: JobState, into: Path) -> Path:
        """All files of its results, one behind the other."""
        must_have_ended(state)
        part = into.with_name(f"{into.name}.part")
        try:
            found = self._rest.patiently(lambda: self._collect(state, part))
        except CallError as error:
            raise unavailable(error) from error
        except FileNotFoundError as error:
            raise ResultsGoneError(
                f"Results of the batch job {state.name} are there no more: {error}."
            ) from error
        if not found and state.phase in (Phase.SUCCEEDED, Phase.PARTLY) and state.total != 0:
            raise ResultsGoneError(
                f"The batch job {state.name} has no results below {state.output or 'its prefix'}."
            )
        return part.replace(into)

    def tidy(self, state: JobState) -> None:
        """Delete its results and itself; the rows are of whoever wrote them."""
        must_have_ended(state)
        for folder in _folders(state):
            try:
                files_for(folder).remove_folder(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise unavailable(CallError(str(error))) from error
        self._rest.delete(state.name)

    def _collect(self, state: JobState, part: Path) -> int:
        """Put the files together, once; gives how many there are."""
        found = [stat for folder in _folders(state) for stat in _listed(folder)]
        with part.open("wb") as into:
            for stat in found:
                _append(stat, into)
        return len(found)


def _folders(state: JobState) -> list[str]:
    """The folders of Vertex AI with a job's results, and no other that lies beside them."""
    output = state.output.rstrip("/")
    if not output:
        return []
    if output.rpartition("/")[2].startswith(_FOLDER):
        return [output]
    try:
        below = files_for(output).folders(output)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CallError(str(error)) from error
    return [join(output, name) for name in below if name.startswith(_FOLDER)]


def _listed(folder: str) -> list[Stat]:
    """The files of rows, in the order of their names; beside them may be some about errors."""
    try:
        found = sorted(files_for(folder).walk(folder), key=lambda stat: stat.uri)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CallError(str(error)) from error
    return [stat for stat in found if _holds_rows(stat.uri.rpartition("/")[2])]


def _holds_rows(name: str) -> bool:
    return "errors" not in name and (name.endswith(".jsonl") or name.startswith("prediction"))


def _append(stat: Stat, into: BinaryIO) -> None:
    """One file, with a line end behind it; raises `CallError` where it is not whole."""
    came, last = 0, b"\n"
    for data in _chunks(stat.uri):
        into.write(data)
        came, last = came + len(data), data[-1:]
    if came != stat.bytes:
        raise CallError(f"only {came} of {stat.bytes} bytes of {stat.uri} came")
    if last != b"\n":
        into.write(b"\n")


def _chunks(uri: str) -> Iterator[bytes]:
    """The bytes of an object; what the bucket refuses may be given later, what is gone may not."""
    try:
        with files_for(uri).open(uri) as file:
            while data := file.read(_CHUNK):
                yield data
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CallError(str(error)) from error


def _state(job: Mapping[str, Any]) -> JobState:
    counts, error = object_of(job.get("completionStats")), object_of(job.get("error"))
    raw_state = text_of(job.get("state"))
    counted = [count_in(counts, f"{name}Count") for name in ("successful", "failed", "incomplete")]
    partial = job.get("partialFailures")
    message = messages_of(error, *(partial if isinstance(partial, list) else ()))
    code = error.get("code")
    remedy = _REMEDIES.get(code) if isinstance(code, int) else None
    written_to = object_of(object_of(job.get("outputConfig")).get("gcsDestination"))
    folder = text_of(object_of(job.get("outputInfo")).get("gcsOutputDirectory"))
    return JobState(
        name=text_of(job.get("name")),
        display_name=text_of(job.get("displayName")),
        phase=phase_of(raw_state),
        raw_state=raw_state,
        total=None if None in counted else sum(filter(None, counted)),
        succeeded=counted[0],
        failed=counted[1],
        created_at=text_of(job.get("createTime")),
        ended_at=text_of(job.get("endTime")),
        message=f"{message} ({remedy})" if message and remedy else message,
        output=folder or text_of(written_to.get("outputUriPrefix")),
        # Only a job that has ended has such a time, whatever its state is called.
        done=bool(text_of(job.get("endTime"))),
        refused=code in _OF_ALL_JOBS,
    )
