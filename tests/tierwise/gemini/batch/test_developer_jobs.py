"""Batch jobs of the Developer API over HTTP, with google-genai's own upload."""

from __future__ import annotations

import json
import time
import traceback
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tierwise.answerer import ServiceKind
from tierwise.errors import JobsUnavailableError, ResultsGoneError
from tierwise.gemini.batch.developer_jobs import DeveloperJobs
from tierwise.gemini.batch.jobs import (
    INLINE,
    BatchJobs,
    CreateError,
    CreateKind,
    JobState,
    Order,
    Phase,
)
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.batch.rest import Rest
from tierwise.gemini.batch.rows import read_row
from tierwise.gemini.service import Service

CREATE = "POST /v1beta/models/gemini-3.5-flash:batchGenerateContent"
JOB = "batches/b1"
LOOK = f"GET /v1beta/{JOB}"
RESULTS = "files/batch-" + "x" * 44  # longer than what other requests of files take
FETCH = f"GET /download/v1beta/{RESULTS}:download"
ENDED = JobState(JOB, "tw-1", Phase.SUCCEEDED, "BATCH_STATE_SUCCEEDED", output=RESULTS, done=True)


@pytest.fixture
def jobs(google: Any) -> BatchJobs:
    return of(google)


def of(google: Any, patience_s: float = 5.0, timeout_s: float = 20.0) -> BatchJobs:
    service = Service(ServiceKind.DEVELOPER, endpoint=google.url, timeout_s=timeout_s)
    return DeveloperJobs(Rest(service, patience_s, chance=lambda: 0.01))


def order(tmp_path: Path, *parts: bytes) -> Order:
    uris = []
    for place, data in enumerate(parts or (b'{"key":"t-1"}\n', b'{"key":"t-2"}\n')):
        path = tmp_path / f"part-{place}.jsonl"
        path.write_bytes(data)
        uris.append(str(path))
    return Order("tw-1", "gemini-3.5-flash", tuple(uris))


def operation(state: str, **more: Any) -> dict[str, Any]:
    metadata = {"state": state, "displayName": "tw-1", "createTime": "2026-11-29T10:00:00Z"}
    return {"name": JOB, "metadata": metadata | more.pop("metadata", {}), **more}


def test_rows_are_uploaded_as_one_file_and_a_job_is_made_of_it(
    google: Any, jobs: BatchJobs, tmp_path: Path
) -> None:
    google.on(CREATE, operation("BATCH_STATE_PENDING"))
    assert jobs.create(order(tmp_path)) == JOB
    assert google.files == {"files/in0": b'{"key":"t-1"}\n{"key":"t-2"}\n'}
    (start,) = google.to("POST /upload/v1beta/files")
    assert start.headers["x-goog-upload-header-content-type"] == "application/jsonl"
    assert start.headers["x-goog-upload-header-content-length"] == "28"
    assert start.json["file"]["display_name"] == "tw-1"  # as google-genai writes it
    (create,) = google.to(CREATE)
    assert create.json == {
        "batch": {"displayName": "tw-1", "inputConfig": {"fileName": "files/in0"}}
    }
    assert create.headers["x-goog-api-key"] == "AIza-0123456789-secret"
    assert create.query == {}


def test_parts_may_lie_in_a_bucket(google: Any, jobs: BatchJobs, bucket: Any) -> None:
    google.on(CREATE, operation("BATCH_STATE_PENDING"))
    parts = [f'{{"key":"t-{number}"}}\n'.encode() * 50_000 for number in range(3)]
    uris = tuple(f"gs://archive/part-{place}.jsonl" for place in range(3))
    for uri, data in zip(uris, parts, strict=True):
        bucket.put(uri, data)
    jobs.create(Order("tw-1", "gemini-3.5-flash", uris))
    assert google.files == {"files/in0": b"".join(parts)}


def test_the_key_is_in_no_word_of_a_refused_upload(
    google: Any, jobs: BatchJobs, tmp_path: Path, refusing: Any
) -> None:
    words = "Consumer 'api_key:AIza-0123456789-secret' has been suspended"
    google.on("POST /upload/v1beta/files", refusing(403, words))
    with pytest.raises(CreateError, match=r"\[key\]") as raised:
        jobs.create(order(tmp_path))
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_a_large_file_is_never_in_memory(google: Any, jobs: BatchJobs, tmp_path: Path) -> None:
    google.on(CREATE, operation("BATCH_STATE_PENDING"))
    row = b'{"key":"t-1","request":"' + b"x" * 2_000_000 + b'"}\n'
    placed = order(tmp_path, *[row * 12, row, row * 7])
    tracemalloc.start()
    received = google._received

    def forget(sent: Any) -> Any:
        sizes.append(len(sent.data))
        sent.headers["x-goog-upload-offset"] = "0"
        reply, google.files = received(sent), dict.fromkeys(google.files, b"")
        google.sent.clear()
        return reply

    sizes = list[int]()
    google._received = forget
    jobs.create(placed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == 20 * len(row)
    assert len(sizes) == 5  # eight megabytes each
    assert peak < 36 << 20  # of client and server together


@pytest.mark.parametrize(
    ("status", "message", "kind", "lines"),
    [
        (400, "Error on line 3: no such field: 'x'\nError on line 7: bad", "REFUSED", (3, 7)),
        (400, "unsupported model", "REFUSED", ()),
        (429, "too many enqueued tokens", "QUOTA", ()),
        (401, "who?", "NOT_ALLOWED", ()),
        (403, "no", "NOT_ALLOWED", ()),
        (404, "no such model", "NOT_FOUND", ()),
        (302, "", "NOT_FOUND", ()),
        (500, "oh", "LOST", ()),
        (503, "oh", "LOST", ()),
    ],
)
def test_why_there_is_no_job(
    google: Any,
    jobs: BatchJobs,
    tmp_path: Path,
    refusing: Any,
    status: int,
    message: str,
    kind: str,
    lines: tuple[int, ...],
) -> None:
    google.on(CREATE, refusing(status, message))
    with pytest.raises(CreateError) as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind[kind]
    assert raised.value.lines == lines
    assert "\n" not in raised.value.message
    assert raised.value.message.endswith(".")
    assert len(google.to(CREATE)) == 1
    # A job that may be there needs its rows; for others they only take room.
    deleted = "DELETE /v1beta/files/in0" in google.paths()
    assert deleted is (kind != "LOST") is (not raised.value.may_exist)


def test_a_key_that_is_no_more_is_no_bad_row(
    google: Any, jobs: BatchJobs, tmp_path: Path, refusing: Any
) -> None:
    words = "Consumer 'api_key:AIza-0123456789-secret' has been suspended"
    details = [{"reason": "API_KEY_INVALID"}]
    google.on(CREATE, refusing(400, words, details=details))
    with pytest.raises(CreateError, match=r"Check the key") as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind.NOT_ALLOWED
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("kept", [0, 20])
def test_a_reply_that_is_lost_is_never_asked_for_again(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any, kept: int
) -> None:
    google.on(CREATE, replying(body=operation("BATCH_STATE_PENDING"), hang_up=kept))
    with pytest.raises(CreateError, match="may have been created") as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind.LOST
    assert len(google.to(CREATE)) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"metadata": {}}, {"name": 3}])
def test_a_reply_without_a_name_is_a_lost_one(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any, body: Any
) -> None:
    google.on(CREATE, replying(body=body))
    with pytest.raises(CreateError) as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind.LOST


def test_where_nobody_answers_nothing_was_created(google: Any, tmp_path: Path) -> None:
    service = Service(ServiceKind.DEVELOPER, endpoint="http://127.0.0.1:9")
    with pytest.raises(JobsUnavailableError, match="tried again later"):
        batch_jobs(service, 0.0).create(order(tmp_path))
    with pytest.raises(JobsUnavailableError, match=r"no connection to 127.0.0.1:9: .*refused"):
        batch_jobs(service, 0.0).look(JOB)


def test_an_upload_that_fails_is_begun_anew(
    google: Any, jobs: BatchJobs, tmp_path: Path, refusing: Any, replying: Any
) -> None:
    google.on(CREATE, operation("BATCH_STATE_PENDING"))
    nowhere, lost = replying(), replying(hang_up=0)
    google.on("POST /upload/v1beta/files", refusing(503, "oh"), nowhere, lost, None)
    google.on("POST /send/files/in0", replying(hang_up=0))
    google.on(
        "POST /send/files/in1", replying(headers={"x-goog-upload-status": "active"})
    )  # never at its end
    assert jobs.create(order(tmp_path)) == JOB
    assert google.to(CREATE)[0].json["batch"]["inputConfig"] == {"fileName": "files/in2"}


def test_no_room_for_the_file_is_told_at_once(
    google: Any, jobs: BatchJobs, tmp_path: Path, refusing: Any
) -> None:
    metric = "generativelanguage.googleapis.com/file_storage_bytes"
    words = f"You exceeded your current quota.\n* Quota exceeded for metric: {metric}"
    google.on("POST /upload/v1beta/files", refusing(429, words, status="RESOURCE_EXHAUSTED"))
    with pytest.raises(CreateError, match="48 hours") as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind.STORAGE_FULL
    assert len(google.sent) == 1


def test_an_upload_is_not_sent_elsewhere(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any
) -> None:
    google.on("POST /upload/v1beta/files", replying(302, headers={"Location": google.url + "/x"}))
    with pytest.raises(CreateError) as raised:
        jobs.create(order(tmp_path))
    assert raised.value.kind is CreateKind.NOT_FOUND
    assert len(google.sent) == 1


def test_a_part_that_is_missing_is_the_disks_error(jobs: BatchJobs, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        jobs.create(Order("tw-1", "gemini-3.5-flash", (str(tmp_path / "none.jsonl"),)))


def test_jobs_are_found_on_every_page_the_oldest_first(google: Any, jobs: BatchJobs) -> None:
    def one(name: str, display: str, at: str) -> dict[str, Any]:
        return {"name": name, "metadata": {"displayName": display, "createTime": at}}

    first = [one("batches/b", "tw-1", "2026-11-29T11"), one("batches/x", "tw-10", "")]
    second = [one("batches/a", "tw-1", "2026-11-29T10"), 3, {"metadata": None}]
    google.on(
        "GET /v1beta/batches",
        {"operations": first, "nextPageToken": "n"},
        {},
        {"operations": second},
    )
    assert jobs.find("tw-1") == ("batches/b",)
    google.on(
        "GET /v1beta/batches",
        {"operations": first, "nextPageToken": "n"},
        {"operations": second},
    )
    assert jobs.find("tw-1") == ("batches/a", "batches/b")
    assert google.sent[-1].query == {"pageSize": "100", "pageToken": "n"}


@pytest.mark.parametrize(
    ("told", "phase", "ended"),
    [
        (operation("BATCH_STATE_PENDING"), Phase.PENDING, False),
        (operation("BATCH_STATE_RUNNING", done=False), Phase.RUNNING, False),
        (operation("BATCH_STATE_SUCCEEDED", done=True), Phase.SUCCEEDED, True),
        (operation("BATCH_STATE_EXPIRED"), Phase.EXPIRED, True),
        (operation("BATCH_STATE_PARTIALLY_SUCCEEDED"), Phase.PARTLY, True),
        (operation("BATCH_STATE_THINKING"), Phase.UNKNOWN, False),
        (operation("BATCH_STATE_THINKING", done=True), Phase.UNKNOWN, True),
        (operation("BATCH_STATE_UNSPECIFIED", done=True, error={"code": 1}), "cancelled", True),
        ({"name": JOB, "done": True, "error": {"code": 13}}, Phase.FAILED, True),
        ({"name": JOB, "done": True, "response": {}}, Phase.SUCCEEDED, True),
        ({"name": JOB}, Phase.UNKNOWN, False),
    ],
)
def test_states_and_which_of_them_are_ends(
    google: Any, jobs: BatchJobs, told: dict[str, Any], phase: Phase, ended: bool
) -> None:
    google.on(LOOK, told)
    state = jobs.look(JOB)
    assert (state.phase, state.ended) == (Phase(phase), ended)


def test_what_is_told_of_a_job(google: Any, jobs: BatchJobs) -> None:
    counts = {"requestCount": "5", "successfulRequestCount": "3", "pendingRequestCount": "2"}
    output = {"responsesFile": RESULTS}
    error = {"code": 13, "message": "it\nbroke", "details": [{"@type": "x", "reason": "y"}]}
    metadata = {
        "batchStats": counts,
        "output": output,
        "endTime": "2026-11-29T11:00:00Z",
        "inputConfig": {"fileName": "files/in0"},
    }
    google.on(LOOK, operation("BATCH_STATE_CANCELLED", done=True, metadata=metadata, error=error))
    assert jobs.look(JOB) == JobState(
        name=JOB,
        display_name="tw-1",
        phase=Phase.CANCELLED,
        raw_state="BATCH_STATE_CANCELLED",
        total=5,
        succeeded=3,
        failed=0,
        created_at="2026-11-29T10:00:00Z",
        ended_at="2026-11-29T11:00:00Z",
        message="it broke",
        output=RESULTS,
        input_file="files/in0",
        done=True,
    )


def test_looking_outlasts_failures_but_not_for_ever(
    google: Any, jobs: BatchJobs, refusing: Any, replying: Any
) -> None:
    fine = operation("BATCH_STATE_RUNNING")
    google.on(LOOK, refusing(503, "oh"), replying(hang_up=0), replying(body=b"<html>"), fine)
    assert jobs.look(JOB).phase is Phase.RUNNING
    assert len(google.to(LOOK)) == 4
    google.on(LOOK, refusing(429, "slow down"))
    with pytest.raises(JobsUnavailableError, match="slow down"):
        of(google, 0.1).look(JOB)
    google.on(LOOK, refusing(403, "no AIza-0123456789-secret"))
    with pytest.raises(JobsUnavailableError, match=r"no \[key\].*rights"):
        jobs.look(JOB)
    google.on(LOOK, refusing(404, "none"))
    with pytest.raises(ResultsGoneError, match=JOB):
        jobs.look(JOB)


def test_a_slow_reply_is_not_waited_for(google: Any) -> None:
    def slow(sent: Any) -> Any:
        time.sleep(0.5)
        return replied(sent)

    replied, google.reply = google.reply, slow
    with pytest.raises(JobsUnavailableError, match="no reply within"):
        of(google, 0.0, timeout_s=0.1).look(JOB)


def test_cancelling(google: Any, jobs: BatchJobs, refusing: Any) -> None:
    route = f"POST /v1beta/{JOB}:cancel"
    google.on(route, {}, refusing(400, "it has ended"), refusing(403, "no"))
    jobs.cancel(JOB)
    jobs.cancel(JOB)
    assert google.sent[0].json == {}
    with pytest.raises(JobsUnavailableError):
        jobs.cancel(JOB)


LINES = b'{"key":"t-2","response":{}}\n{"key":"t-1","response":{}}\n'


def test_results_are_fetched_into_a_file(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any
) -> None:
    google.on(FETCH, replying(body=LINES))
    into = tmp_path / "results.jsonl"
    assert jobs.download(ENDED, into) == into
    assert into.read_bytes() == LINES
    assert google.sent[-1].query == {"alt": "media"}
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_results_that_are_cut_off_are_fetched_again(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any
) -> None:
    """By their announced length, or by a last line that is none where no length is announced."""
    cut = replying(body=LINES, hang_up=40)
    short = replying(body=LINES[:40])
    google.on(FETCH, cut, short, replying(body=LINES))
    assert jobs.download(ENDED, tmp_path / "r").read_bytes() == LINES
    assert len(google.to(FETCH)) == 3
    google.on(FETCH, cut)
    before = tmp_path / "before"
    with pytest.raises(JobsUnavailableError):
        of(google, 0.1).download(ENDED, before)
    assert not before.exists()


def test_a_last_line_without_its_end_is_whole(
    google: Any, jobs: BatchJobs, tmp_path: Path, replying: Any
) -> None:
    long = b'{"key":"' + b"x" * 100_000 + b'"}'
    for data in (LINES.rstrip(), b"", long, long + b"\n" + long):
        google.on(FETCH, replying(body=data))
        assert jobs.download(ENDED, tmp_path / "r").read_bytes() == data
    google.on(FETCH, replying(body=long[:-1]))
    with pytest.raises(JobsUnavailableError, match="cut off"):
        of(google, 0.0).download(ENDED, tmp_path / "r")


@pytest.mark.parametrize("status", [403, 404])
def test_results_that_are_gone(
    google: Any, jobs: BatchJobs, tmp_path: Path, refusing: Any, status: int
) -> None:
    google.on(FETCH, refusing(status, "it may not exist"))
    with pytest.raises(ResultsGoneError, match=JOB):
        jobs.download(ENDED, tmp_path / "r")
    with pytest.raises(ResultsGoneError, match="does not say where"):
        jobs.download(replace(ENDED, output=""), tmp_path / "r")


def test_a_job_that_came_to_nothing_has_no_rows(jobs: BatchJobs, tmp_path: Path) -> None:
    expired = replace(ENDED, phase=Phase.EXPIRED, output="")
    assert jobs.download(expired, tmp_path / "r").read_bytes() == b""
    with pytest.raises(ValueError, match="has not ended"):
        jobs.download(JobState(JOB, "", Phase.RUNNING, "BATCH_STATE_RUNNING"), tmp_path / "r")


@pytest.mark.parametrize("place", ["response", "metadata"])
def test_results_may_stand_within_the_job(
    google: Any, jobs: BatchJobs, tmp_path: Path, place: str
) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo"}]
    rows = [
        {"metadata": {"key": "t-1"}, "response": {"candidates": [{}]}},
        {"key": "t-2", "error": {"code": 3, "message": "no", "details": details}},
    ]
    output = {"inlinedResponses": {"inlinedResponses": rows}}
    more = {"response": output} if place == "response" else {"metadata": {"output": output}}
    google.on(LOOK, operation("BATCH_STATE_SUCCEEDED", done=True, **more))
    state = jobs.look(JOB)
    assert state.output == INLINE
    found = jobs.download(state, tmp_path / "r").read_bytes().splitlines()
    assert [json.loads(line) for line in found] == rows
    assert [read_row(line).key for line in found] == ["t-1", "t-2"]


def test_tidying_deletes_what_is_the_jobs_and_nothing_else(
    google: Any, jobs: BatchJobs, refusing: Any
) -> None:
    files = [
        {"name": "files/in0", "displayName": "tw-1"},
        {"name": "files/lost", "displayName": "tw-1"},
        {"name": "files/of-others", "displayName": "tw-10"},
        {"name": "files/nameless"},
    ]
    google.on("GET /v1beta/files", {"files": files})
    google.on("DELETE /v1beta/files/in0", {}, refusing(403, "it may not exist"))
    google.on(f"DELETE /v1beta/{JOB}", {}, refusing(404, "none"))
    state = replace(ENDED, input_file="files/in0")
    jobs.tidy(state)
    jobs.tidy(state)
    deleted = [path for path in google.paths() if path.startswith("DELETE")]
    gone = ["DELETE /v1beta/files/in0", "DELETE /v1beta/files/lost", f"DELETE /v1beta/{JOB}"]
    assert sorted(deleted) == sorted(gone * 2)
    assert deleted[2] == gone[2]  # last, so that a job whose files are there is tidied again
    with pytest.raises(ValueError, match="has not ended"):
        jobs.tidy(JobState(JOB, "", Phase.UNKNOWN, "BATCH_STATE_THINKING"))


def test_files_are_left_where_they_cannot_be_listed(
    google: Any, jobs: BatchJobs, refusing: Any
) -> None:
    google.on("GET /v1beta/files", refusing(403, "no"))
    google.on(f"DELETE /v1beta/{JOB}", {})
    jobs.tidy(ENDED)
    assert google.paths() == ["GET /v1beta/files", f"DELETE /v1beta/{JOB}"]
