"""Batch jobs of Vertex AI over HTTP, with rows and results in buckets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bucket import Bucket
from tests.tierwise.gemini.batch.asked_and_come import ended, rows_of
from tierwise.answerer import ServiceKind
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.errors import InputError, JobsUnavailableError, ResultsGoneError
from tierwise.gemini.batch.echo import Echo, echo_word, echoed, unwrapped
from tierwise.gemini.batch.jobs import (
    BatchJobs,
    CreateError,
    CreateKind,
    JobState,
    Order,
    Phase,
)
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.batch.rest import Rest
from tierwise.gemini.batch.row_checks import check_body
from tierwise.gemini.batch.rows import request_line
from tierwise.gemini.batch.vertex_jobs import VertexJobs
from tierwise.gemini.compose import compose
from tierwise.gemini.service import Service

MODEL = "gemini-3.1-flash-lite"
PATH = "/v1beta1/projects/p/locations/global/batchPredictionJobs"
NAME = "projects/7/locations/global/batchPredictionJobs/9"
LOOK = f"GET /v1beta1/{NAME}"
FOLDER = "gs://results/jobs/1/prediction-model-2026-11-29T10:00:00.000Z"
ENDED = JobState(NAME, "tw-1", Phase.SUCCEEDED, "JOB_STATE_SUCCEEDED", output=FOLDER)


@pytest.fixture
def jobs(google: Any, bucket: Bucket) -> BatchJobs:
    service = Service(ServiceKind.VERTEX, endpoint=google.url, project="p", timeout_s=20)
    return VertexJobs(Rest(service, 5.0, chance=lambda: 0.01))


def order() -> Order:
    parts = ("gs://archive/rows-0.jsonl", "gs://archive/rows-1.jsonl")
    return Order("tw-1", MODEL, parts, "gs://results/jobs/1")


def test_what_is_sent_to_create_a_job(google: Any, jobs: BatchJobs) -> None:
    google.on(f"POST {PATH}", {"name": NAME, "state": "JOB_STATE_PENDING"})
    assert jobs.create(order()) == NAME
    (sent,) = google.sent
    assert sent.json == {
        "displayName": "tw-1",
        "model": f"publishers/google/models/{MODEL}",
        "inputConfig": {
            "instancesFormat": "jsonl",
            "gcsSource": {"uris": ["gs://archive/rows-0.jsonl", "gs://archive/rows-1.jsonl"]},
        },
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://results/jobs/1"},
        },
    }
    assert sent.headers["authorization"] == "Bearer local"
    assert "x-goog-api-key" not in sent.headers


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, CreateKind.REFUSED, "another tier"),
        (401, CreateKind.NOT_ALLOWED, "Vertex AI User"),
        (403, CreateKind.NOT_ALLOWED, "gcp-sa-aiplatform"),
        (404, CreateKind.NOT_FOUND, "model"),
        (429, CreateKind.QUOTA, "waits"),
        (504, CreateKind.LOST, "before it is created again"),
    ],
)
def test_why_there_is_no_job(
    google: Any, jobs: BatchJobs, refusing: Any, status: int, kind: CreateKind, words: str
) -> None:
    google.on(f"POST {PATH}", refusing(status, "because"))
    with pytest.raises(CreateError, match=words) as raised:
        jobs.create(order())
    assert raised.value.kind is kind
    assert "because" in raised.value.message


def test_rows_and_results_have_to_lie_in_buckets(jobs: BatchJobs) -> None:
    with pytest.raises(InputError, match="gs://"):
        jobs.create(replace(order(), parts=("/tmp/rows.jsonl",)))
    with pytest.raises(InputError, match="gs://"):
        jobs.create(replace(order(), prefix=""))


def test_jobs_are_found_by_a_filter(google: Any, jobs: BatchJobs) -> None:
    one = {"name": NAME, "displayName": "tw-1", "createTime": "2026-11-29T11"}
    older = {**one, "name": f"{NAME}0", "createTime": "2026-11-29T10"}
    other = {**one, "name": f"{NAME}1", "displayName": "tw-10"}
    page = {"batchPredictionJobs": [one, other], "nextPageToken": "n"}
    google.on(f"GET {PATH}", page, {"batchPredictionJobs": [older]})
    assert jobs.find("tw-1") == (f"{NAME}0", NAME)
    assert google.sent[0].query == {"filter": 'display_name="tw-1"', "pageSize": "100"}


def told(state: str, **more: Any) -> dict[str, Any]:
    prefix = {"gcsDestination": {"outputUriPrefix": "gs://results/jobs/1"}}
    return {
        "name": NAME,
        "displayName": "tw-1",
        "state": state,
        "createTime": "2026-11-29T10:00:00Z",
        "outputConfig": {"predictionsFormat": "jsonl", **prefix},
        **more,
    }


def test_what_is_told_of_a_job(google: Any, jobs: BatchJobs) -> None:
    counts = {"successfulCount": "3", "failedCount": "1"}
    google.on(
        LOOK,
        told(
            "JOB_STATE_SUCCEEDED",
            completionStats=counts,
            endTime="2026-11-29T11:00:00Z",
            outputInfo={"gcsOutputDirectory": FOLDER},
        ),
    )
    assert jobs.look(NAME) == JobState(
        name=NAME,
        display_name="tw-1",
        phase=Phase.SUCCEEDED,
        raw_state="JOB_STATE_SUCCEEDED",
        total=4,
        succeeded=3,
        failed=1,
        created_at="2026-11-29T10:00:00Z",
        ended_at="2026-11-29T11:00:00Z",
        output=FOLDER,
        done=True,
    )
    running = {"successfulCount": "3", "incompleteCount": "-1"}
    google.on(LOOK, told("JOB_STATE_RUNNING", completionStats=running))
    state = jobs.look(NAME)
    assert (state.total, state.succeeded, state.failed, state.ended) == (None, 3, 0, False)
    assert state.output == "gs://results/jobs/1"
    google.on(LOOK, told("JOB_STATE_QUEUED"))
    assert (jobs.look(NAME).total, jobs.look(NAME).phase) == (None, Phase.PENDING)


def test_a_time_of_its_end_ends_a_job_whatever_its_state_is_called(
    google: Any, jobs: BatchJobs
) -> None:
    google.on(LOOK, told("JOB_STATE_NO_SUCH_WORD", endTime="2026-11-29T11:00:00Z"))
    assert jobs.look(NAME).ended
    google.on(LOOK, told("JOB_STATE_NO_SUCH_WORD"))
    assert not jobs.look(NAME).ended


def test_why_a_job_failed_and_what_helps(google: Any, jobs: BatchJobs) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "metadata": {}}]
    error = {"code": 7, "message": "no storage.objects.create", "details": details}
    google.on(LOOK, told("JOB_STATE_FAILED", error=error))
    state = jobs.look(NAME)
    assert state.phase is Phase.FAILED
    assert state.message.startswith("no storage.objects.create (give the service agent")
    google.on(LOOK, told("JOB_STATE_FAILED", error={"code": [], "message": "odd"}))
    assert jobs.look(NAME).message == "odd"


def put(bucket: Bucket, name: str, data: bytes) -> None:
    bucket.put(f"{FOLDER}/{name}", data)


def test_all_files_of_results_are_put_together(
    jobs: BatchJobs, bucket: Bucket, tmp_path: Path
) -> None:
    put(bucket, "predictions-00001-of-00002.jsonl", b'{"b":1}')
    put(bucket, "predictions-00000-of-00002.jsonl", b'{"a":1}\n')
    put(bucket, "prediction.errors_stats-00000-of-00001", b"{}\n")
    bucket.put("gs://results/jobs/1/other/predictions.jsonl", b"of others\n")
    for output in (FOLDER, f"{FOLDER}/", "gs://results/jobs/1", "gs://results/jobs/1/"):
        found = jobs.download(replace(ENDED, output=output), tmp_path / "r")
        assert found.read_bytes() == b'{"a":1}\n{"b":1}\n', output


def test_results_of_jobs_that_came_to_an_early_end(
    jobs: BatchJobs, bucket: Bucket, tmp_path: Path
) -> None:
    cancelled = replace(ENDED, phase=Phase.CANCELLED)
    assert jobs.download(cancelled, tmp_path / "r").read_bytes() == b""
    put(bucket, "predictions.jsonl", b'{"a":1}\n')
    assert jobs.download(cancelled, tmp_path / "r").read_bytes() == b'{"a":1}\n'


def test_results_that_are_gone(jobs: BatchJobs, bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(ResultsGoneError, match="no results below gs://results"):
        jobs.download(ENDED, tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_a_bucket_that_refuses_for_a_while(
    google: Any, jobs: BatchJobs, bucket: Bucket, tmp_path: Path
) -> None:
    put(bucket, "predictions.jsonl", b'{"a":1}\n')
    with bucket.refusing(403, "no storage.objects.get", times=2):
        assert jobs.download(ENDED, tmp_path / "r").read_bytes() == b'{"a":1}\n'
    impatient = batch_jobs(Service(ServiceKind.VERTEX, endpoint=google.url, project="p"), 0.0)
    with bucket.refusing(403, "no"), pytest.raises(JobsUnavailableError, match="no permission"):
        impatient.download(ENDED, tmp_path / "r")


def test_tidying_deletes_the_jobs_own_folder_and_nothing_else(
    google: Any, jobs: BatchJobs, bucket: Bucket, refusing: Any
) -> None:
    put(bucket, "predictions.jsonl", b"x\n")
    bucket.put("gs://results/jobs/1/rows.jsonl", b"rows\n")
    bucket.put("gs://results/jobs/10/prediction-model-x/predictions.jsonl", b"x\n")
    google.on(f"DELETE /v1beta1/{NAME}", {}, refusing(404, "none"))
    jobs.tidy(ENDED)
    jobs.tidy(replace(ENDED, output="gs://results/jobs/1"))
    left = ["jobs/1/rows.jsonl", "jobs/10/prediction-model-x/predictions.jsonl"]
    assert bucket.names("results") == left
    with pytest.raises(ValueError, match="has not ended"):
        jobs.tidy(replace(ENDED, phase=Phase.RUNNING))


@pytest.fixture(scope="module")
def quick(running_buckets: Bucket) -> Iterator[str]:
    del running_buckets  # the emulator reads where its environment says
    with running_emulator(EmulatorConfig(batch_delay_s=0.05)) as url:
        yield url


@pytest.fixture
def desk(quick: str, gemini: Any, bucket: Bucket) -> Any:
    found = type(gemini)(quick)
    found.reset()
    return found


@pytest.fixture
def service(quick: str, desk: Any) -> Service:
    return Service(ServiceKind.VERTEX, endpoint=quick, project="p")


@pytest.fixture
def emulated(service: Service) -> BatchJobs:
    return batch_jobs(service, 20.0)


def placed(bucket: Bucket, service: Service, bodies: dict[str, Any]) -> Order:
    lines = [request_line(key, body, service) for key, body in bodies.items()]
    bucket.put("gs://archive/rows-0.jsonl", b"".join(lines[:2]))
    bucket.put("gs://archive/rows-1.jsonl", b"".join(lines[2:]))
    return order()


def asked(ask_of: Any) -> dict[str, Any]:
    requests = {
        "t-one": [ask_of(1)],
        "t-same": [ask_of(2)],
        "t-third": [ask_of(3)],
        "t-fourth": [ask_of(4)],
    }
    return {
        key: echoed(compose(asks).body, echo_word(key), 65_536) for key, asks in requests.items()
    }


@pytest.mark.parametrize("faults", [[], [{"kind": "batch_shards", "rows": 1}]])
def test_a_job_from_its_rows_to_its_answers(
    emulated: BatchJobs,
    service: Service,
    bucket: Bucket,
    desk: Any,
    ask_of: Any,
    tmp_path: Path,
    faults: list[dict[str, Any]],
) -> None:
    desk.faults(*faults)
    bodies = asked(ask_of)
    for body in bodies.values():
        check_body(body, service)
    name = emulated.create(placed(bucket, service, bodies))
    assert emulated.find("tw-1") == (name,)
    assert emulated.find("tw-2") == ()
    state = ended(emulated, name)
    assert (state.phase, state.total, state.succeeded) == (Phase.SUCCEEDED, 4, 4)
    rows = rows_of(emulated.download(state, tmp_path / "r"))
    assert set(rows) == set(bodies)
    for key, row in rows.items():
        assert unwrapped(row.body or {}, echo_word(str(key)))[1] is Echo.RIGHT
    emulated.tidy(state)
    emulated.tidy(state)
    assert bucket.names("results") == []
    assert bucket.names("archive") == ["rows-0.jsonl", "rows-1.jsonl"]
    assert emulated.find("tw-1") == ()
    with pytest.raises(ResultsGoneError):
        emulated.look(name)


def test_rows_that_failed_and_rows_under_each_others_keys(
    emulated: BatchJobs,
    service: Service,
    bucket: Bucket,
    desk: Any,
    ask_of: Any,
    tmp_path: Path,
) -> None:
    desk.faults({"kind": "batch_row_error", "rows": 1, "status": 400, "message": "bad picture"})
    name = emulated.create(placed(bucket, service, asked(ask_of)))
    rows = rows_of(emulated.download(ended(emulated, name), tmp_path / "r"))
    (error,) = (row.error for row in rows.values() if row.error)
    assert (error.code, error.message) == (400, "bad picture")
    assert None not in rows


def test_what_the_import_refuses_is_refused_here_first(
    emulated: BatchJobs, service: Service, bucket: Bucket, ask_of: Any, tmp_path: Path
) -> None:
    """Row checks and the emulator's import know the same rules."""
    schema = {"type": "OBJECT", "properties": {"a b": {"type": "STRING"}}}
    body = compose([ask_of(1)]).body
    config = {**body["generationConfig"], "responseSchema": schema}
    wrong = {**body, "generationConfig": config | {"responseMimeType": "application/json"}}
    with pytest.raises(InputError, match="a b"):
        check_body(wrong, service)
    fine = asked(ask_of)
    state = ended(emulated, emulated.create(placed(bucket, service, {**fine, "t-wrong": wrong})))
    assert state.phase is Phase.FAILED
    assert "need one schema" in state.message
    assert emulated.download(state, tmp_path / "r").read_bytes() == b""
    emulated.tidy(state)


def test_a_job_whose_creation_was_lost_is_found(
    emulated: BatchJobs, service: Service, bucket: Bucket, desk: Any, ask_of: Any
) -> None:
    desk.faults({"kind": "batch_reply_lost", "call": "create"})
    with pytest.raises(CreateError) as raised:
        emulated.create(placed(bucket, service, asked(ask_of)))
    assert raised.value.may_exist
    (name,) = emulated.find("tw-1")
    assert ended(emulated, name).phase is Phase.SUCCEEDED


def test_a_job_that_does_not_end_is_cancelled(
    emulated: BatchJobs, service: Service, bucket: Bucket, desk: Any, ask_of: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_stuck", "state": "RUNNING"})
    name = emulated.create(placed(bucket, service, asked(ask_of)))
    time.sleep(0.2)
    assert not emulated.look(name).ended
    emulated.cancel(name)
    state = ended(emulated, name)
    assert state.phase is Phase.CANCELLED
    found = rows_of(emulated.download(state, tmp_path / "r"))
    assert len(found) == (state.succeeded or 0)


def test_a_request_is_the_same_at_the_desk_and_in_a_row(service: Service, ask_of: Any) -> None:
    body = compose([ask_of(1)]).body
    assert json.loads(request_line("t-1", body, service))["request"].items() > body.items()
