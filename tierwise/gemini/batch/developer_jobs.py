"""Batch jobs of the Gemini Developer API.

google-genai uploads the rows, from a stream and in pieces; what it does not do right stands in
`tierwise.gemini.batch.rest`. Rows go in a file, never within the request that creates the job; what
comes back may stand within the job all the same.

Sources: ai.google.dev/gemini-api/docs/batch-api and /files, read 2026-11-29; results under
`responsesFile`, 403 for files that are gone, observed in September 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from google import genai
from google.genai import errors, types

from tierwise.errors import JobsUnavailableError, ResultsGoneError
from tierwise.gemini.batch.jobs import INLINE, JobState, Order, Phase
from tierwise.gemini.batch.joined_parts import join_parts
from tierwise.gemini.batch.refused import create_error, is_storage
from tierwise.gemini.batch.rest import Rest, in_one_line, unavailable
from tierwise.gemini.batch.states import (
    as_lines,
    check_end,
    count_in,
    messages_of,
    must_have_ended,
    object_of,
    phase_of,
    text_of,
)
from tierwise.gemini.call_error import CallError, refusal

_MIME_TYPE = "application/jsonl"
# What the service lists at most in one page.
_PAGE = "100"
_CANCELLED = 1  # google.rpc.Code


class DeveloperJobs:
    """Implements `BatchJobs` of `jobs.py`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def create(self, order: Order) -> str:
        """Upload the rows, then start the job; a file that no job was created for is deleted."""
        try:
            file = self._rest.patiently(lambda: self._upload(order))
        except CallError as error:
            raise create_error(error, order, self._rest.service) from error
        body = {
            "batch": {"displayName": order.display_name, "inputConfig": {"fileName": file}},
        }
        try:
            return self._rest.create(f"models/{order.model}:batchGenerateContent", body)
        except CallError as error:
            failure = create_error(error, order, self._rest.service)
            if not failure.may_exist:
                self._delete_quietly(file)
            raise failure from error
        except JobsUnavailableError:
            self._delete_quietly(file)
            raise

    def find(self, display_name: str) -> tuple[str, ...]:
        """All jobs are listed: this service cannot filter them."""
        try:
            listed = list(self._rest.pages("batches", "operations", {"pageSize": _PAGE}))
        except CallError as error:
            raise unavailable(error) from error
        states = [_state(operation) for operation in listed]
        same = (state for state in states if state.display_name == display_name and state.name)
        return tuple(state.name for state in sorted(same, key=lambda state: state.created_at))

    def look(self, name: str) -> JobState:
        """How a job stands."""
        return _state(self._get(name))

    def cancel(self, name: str) -> None:
        """Ask that it end early."""
        self._rest.cancel(name)

    def download(self, state: JobState, into: Path) -> Path:
        """Its results, from their file or from within the job."""
        must_have_ended(state)
        part = into.with_name(f"{into.name}.part")
        if state.output == INLINE:
            part.write_bytes(b"".join(as_lines(_inline_rows(self._get(state.name)))))
        elif state.output:
            self._fetch(state, part)
        elif state.phase in (Phase.SUCCEEDED, Phase.PARTLY):
            raise ResultsGoneError(
                f"The batch job {state.name} does not say where its results are."
            )
        else:
            part.write_bytes(b"")
        return part.replace(into)

    def tidy(self, state: JobState) -> None:
        """Delete the files with its display name, then the job, and its results with it.

        An upload whose reply was lost leaves a file that only its display name tells of.
        """
        must_have_ended(state)
        for name in self._inputs(state):
            self._rest.delete(name)
        self._rest.delete(state.name)

    def _get(self, name: str) -> dict[str, Any]:
        try:
            return self._rest.patiently(lambda: self._rest.call("GET", name))
        except CallError as error:
            if error.status == 404:
                raise ResultsGoneError(f"There is no batch job {name} any more.") from error
            raise unavailable(error) from error

    def _fetch(self, state: JobState, part: Path) -> None:
        version = self._rest.service.api_version

        def fetch() -> None:
            self._rest.fetch(f"download/{version}/{state.output}:download?alt=media", part)
            check_end(part)

        try:
            self._rest.patiently(fetch)
        except CallError as error:
            # A file that is gone is refused with 403 as well, and the job was seen with this key.
            if error.status in (400, 403, 404):
                raise ResultsGoneError(
                    f"The results of the batch job {state.name} are there no more: "
                    f"{in_one_line(str(error))}."
                ) from error
            raise unavailable(error) from error

    def _inputs(self, state: JobState) -> set[str]:
        named = {state.input_file} if state.input_file else set[str]()
        if not state.display_name:
            return named
        with suppress(CallError, JobsUnavailableError):  # the service deletes them in two days
            for file in self._rest.pages("files", "files", {"pageSize": _PAGE}):
                if file.get("displayName") == state.display_name and text_of(file.get("name")):
                    named.add(file["name"])
        return named

    def _upload(self, order: Order) -> str:
        """The name of a file with all rows.

        Raises:
            CreateError: there is no room for it, now and in a minute.
            CallError: it was refused, or never arrived.
        """
        rest = self._rest
        options = types.HttpOptions(
            base_url=rest.base_url,
            api_version=rest.service.api_version,
            timeout=round(rest.service.timeout_s * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
            # A redirect would take the key and the pictures to whoever it names.
            client_args={"follow_redirects": False},
        )
        client = genai.Client(vertexai=False, api_key=rest.key, http_options=options)
        config = types.UploadFileConfig(mime_type=_MIME_TYPE, display_name=order.display_name)
        with client, join_parts(order.parts) as rows:
            try:
                name = client.files.upload(file=rows, config=config).name
            except errors.APIError as error:
                failed = refusal(error.code, orjson.dumps(error.details).decode(), {})
                failed.args = (rest.hide(str(failed)),)
                if is_storage(failed):
                    raise create_error(failed, order, rest.service) from None
                raise failed from None  # the other's words may quote the key
            except (ValueError, KeyError) as error:  # no address, no end
                raise CallError(f"the upload failed: {error}", status=200, sent=True) from error
            except Exception as error:
                if not _of_http(error):
                    raise
                words = rest.hide(f"{type(error).__name__}: {error}")[:200]
                raise CallError(f"the upload was cut off: {words}", sent=True) from error
        if not name:
            raise CallError("the upload has no name", status=200, sent=True)
        return name

    def _delete_quietly(self, file: str) -> None:
        """Its going changes nothing that counts: the service deletes it in two days."""
        with suppress(CallError):
            self._rest.call("DELETE", file)


def _of_http(error: Exception) -> bool:
    """Whether an error is of google-genai's transport, httpx2 or httpx, whichever is installed."""
    return any(
        one.__name__ == "HTTPError" and one.__module__.partition(".")[0] in ("httpx2", "httpx")
        for one in type(error).__mro__
    )


def _state(operation: Mapping[str, Any]) -> JobState:
    told = object_of(operation.get("metadata"))
    counts, error = object_of(told.get("batchStats")), object_of(operation.get("error"))
    raw_state, done = text_of(told.get("state")), operation.get("done") is True
    phase = phase_of(raw_state)
    if done and phase is Phase.UNKNOWN:
        phase = _end(error, raw_state)
    return JobState(
        name=text_of(operation.get("name")),
        display_name=text_of(told.get("displayName")),
        phase=phase,
        raw_state=raw_state,
        total=count_in(counts, "requestCount"),
        succeeded=count_in(counts, "successfulRequestCount"),
        failed=count_in(counts, "failedRequestCount"),
        created_at=text_of(told.get("createTime")),
        ended_at=text_of(told.get("endTime")),
        message=messages_of(error),
        output=_output(operation),
        input_file=text_of(object_of(told.get("inputConfig")).get("fileName")),
        done=done,
    )


def _end(error: Mapping[str, Any], raw_state: str) -> Phase:
    """How a job ended that names no state, or one that we do not know."""
    if error:
        return Phase.CANCELLED if error.get("code") == _CANCELLED else Phase.FAILED
    named = raw_state.rpartition("_")[2] not in ("", "UNSPECIFIED")
    return Phase.UNKNOWN if named else Phase.SUCCEEDED


def _outputs(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Where results may stand: told twice, and not always both."""
    yield object_of(object_of(operation.get("metadata")).get("output"))
    yield object_of(operation.get("response"))


def _output(operation: Mapping[str, Any]) -> str:
    files = (text_of(one.get("responsesFile")) for one in _outputs(operation))
    file = next(filter(None, files), "")
    return file or (INLINE if _inline_rows(operation) else "")


def _inline_rows(operation: Mapping[str, Any]) -> list[Any]:
    for one in _outputs(operation):
        rows = object_of(one.get("inlinedResponses")).get("inlinedResponses")
        if isinstance(rows, list) and rows:
            return rows
    return []
