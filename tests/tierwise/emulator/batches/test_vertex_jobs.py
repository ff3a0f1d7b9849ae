"""A batch job of Vertex AI between buckets, with the real client where that is right."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pydantic
import pytest
from google.genai import types

from tests.bucket import Bucket
from tests.tierwise.emulator.batches.conftest import MODEL, jsonl, request_of
from tests.tierwise.emulator.conftest import Desk
from tierwise.emulator import EmulatorConfig, running_emulator

JOBS = "/v1beta1/projects/p/locations/global/batchPredictionJobs"
BEARER = {"Authorization": "Bearer any"}


@dataclass(frozen=True)
class VertexBatches:
    desk: Desk
    bucket: Bucket

    def send(self, path: str, body: object = None, method: str = "") -> tuple[int, Any]:
        method = method or ("GET" if body is None else "POST")
        status, reply, _ = self.desk.send(path, body, method=method, headers=BEARER)
        return status, reply

    def put(self, rows: list[Any] | bytes, name: str = "rows.jsonl") -> str:
        self.bucket.put(f"gs://archive/{name}", rows if isinstance(rows, bytes) else jsonl(rows))
        return f"gs://archive/{name}"

    def begin(
        self, *uris: str, prefix: str = "gs://results/out", location: str = "global", **more: Any
    ) -> str:
        body = {
            "displayName": "a job",
            "model": f"publishers/google/models/{MODEL}",
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": list(uris)}},
            "outputConfig": {
                "predictionsFormat": "jsonl",
                "gcsDestination": {"outputUriPrefix": prefix},
            },
        }
        status, reply = self.send(JOBS.replace("global", location), body | more)
        assert status == 200, reply
        return str(reply["name"])

    def end(self, name: str) -> Any:
        deadline = time.monotonic() + 10
        while "endTime" not in (job := self.send(f"/v1/{name}")[1]):
            assert time.monotonic() < deadline, job
            time.sleep(0.02)
        return job

    def run(self, rows: list[Any] | bytes, **how: Any) -> Any:
        return self.end(self.begin(self.put(rows), **how))

    def results(self, job: Mapping[str, Any]) -> list[Any]:
        _, _, prefix = job["outputInfo"]["gcsOutputDirectory"].partition("gs://results/")
        names = [name for name in self.bucket.names("results") if name.startswith(prefix)]
        stored = [self.bucket.storage.get_file("results", name) for name in names]
        return [json.loads(line) for data in stored for line in data.splitlines()]


@pytest.fixture(scope="module")
def vertex_desk(running_buckets: Bucket) -> Iterator[Desk]:
    """An emulator that knows of the buckets by its environment."""
    with running_emulator(EmulatorConfig(price_date=date(2026, 11, 20))) as url:
        yield Desk(url)


@pytest.fixture
def vertex(vertex_desk: Desk, bucket: Bucket) -> VertexBatches:
    vertex_desk.send("/emulator/reset", b"")
    return VertexBatches(vertex_desk, bucket)


@pytest.fixture
def vertex_rows(picture: Callable[..., bytes]) -> list[dict[str, Any]]:
    colours = ("navy", "white", "black", "yellow")
    return [
        {"custom_id": f"t-{number}", "request": request_of(picture((64, 48), colour))}
        for number, colour in enumerate(colours)
    ]


def test_rows_come_back_with_their_requests_in_another_order(
    vertex: VertexBatches, vertex_rows: list[Any]
) -> None:
    alone = {}
    path = f"/v1/projects/p/locations/global/publishers/google/models/{MODEL}:generateContent"
    for row in vertex_rows:
        alone[row["custom_id"]] = vertex.send(path, row["request"])[1]
    standard = float(vertex.desk.bill()["total_usd"])
    job = vertex.run(vertex_rows)
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert job["completionStats"] == {"successfulCount": "4"}
    folder = job["outputInfo"]["gcsOutputDirectory"]
    assert folder == f"gs://results/out/prediction-model-{job['createTime']}"
    assert vertex.bucket.names("results") == [f"{folder[13:]}/predictions.jsonl"]
    results = vertex.results(job)
    sent = {row["custom_id"]: row["request"] for row in vertex_rows}
    assert {row["custom_id"]: row["request"] for row in results} == sent
    assert [row["custom_id"] for row in results] != list(sent)
    for row in results:
        assert row["status"] == ""
        assert row["response"]["candidates"] == alone[row["custom_id"]]["candidates"]
    assert float(vertex.desk.bill()["total_usd"]) == pytest.approx(1.5 * standard)


def test_a_region_costs_its_price(vertex: VertexBatches, vertex_rows: list[Any]) -> None:
    vertex.run(vertex_rows)
    everywhere = float(vertex.desk.bill()["total_usd"])
    vertex.run(vertex_rows, location="europe-west4")
    assert float(vertex.desk.bill()["total_usd"]) == pytest.approx(2.1 * everywhere, rel=1e-4)


def test_a_failed_row_has_a_status_and_no_bill(
    vertex: VertexBatches, vertex_rows: list[Any]
) -> None:
    row = {"request": request_of(b"no picture"), "custom_id": "000000", "other": "1.5"}
    job = vertex.run([*vertex_rows, row])
    assert job["completionStats"] == {"successfulCount": "4", "failedCount": "1"}
    failed = next(row for row in vertex.results(job) if row["status"])
    assert failed["status"].startswith('Bad Request: {"error":{')
    assert "response" not in failed
    # What looks like a number has become one.
    assert (failed["custom_id"], failed["other"]) == (0, 1.5)
    assert vertex.desk.bill()["requests"] == 4


def test_objects_by_address_several_inputs_and_shards(
    vertex: VertexBatches, picture: Callable[..., bytes]
) -> None:
    uris = []
    for number, colour in enumerate(("navy", "white", "red")):
        vertex.bucket.put(f"gs://archive/{number}.jpg", picture((64, 48), colour))
        request = request_of()
        file = {"fileUri": f"gs://archive/{number}.jpg", "mimeType": "image/jpeg"}
        request["contents"][0]["parts"].append({"fileData": file})
        uris.append(vertex.put([{"request": request}], f"{number}.jsonl"))
    vertex.desk.faults({"kind": "batch_shards", "rows": 2})
    job = vertex.end(vertex.begin(*uris))
    assert len(vertex.results(job)) == 3
    assert [name.rpartition("/")[2] for name in vertex.bucket.names("results")] == [
        "predictions-00000-of-00002.jsonl",
        "predictions-00001-of-00002.jsonl",
    ]
    assert vertex.desk.bill()["images"] == 3


def schema_of(schema: Any) -> dict[str, Any]:
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    return {"request": {"contents": [{"parts": [{"text": "?"}]}], "generationConfig": config}}


TEXT = {"type": "string"}


def nested(depth: int) -> Any:
    return {"type": "array", "items": nested(depth - 1)} if depth else TEXT


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([schema_of({"type": ["string", "null"]})], "Repeated field must be imported as a JSON"),
        ([schema_of({"anyOf": [TEXT, {"enum": ["a"]}]})], "Repeated field must be imported"),
        ([schema_of({"$defs": {"a": TEXT}, "$ref": "#/$defs/a"})], 'Invalid field name "$defs"'),
        ([schema_of({"type": "object", "properties": {"a b": TEXT}})], 'Invalid field name "a b"'),
        ([schema_of({"type": "object", "properties": {}})], "Cannot store struct 'request.gen"),
        ([schema_of({"type": "string", "enum": None})], "Only optional fields can be set to NULL"),
        ([schema_of(nested(15))], "Schema nested too deeply, at least 16"),
        ([schema_of({"enum": "a"}), schema_of({"enum": ["a"]})], "Repeated field must be"),
        ([{**schema_of(TEXT), "id": 1}, {**schema_of(TEXT), "id": "a"}], "Could not convert"),
        ([{"x": 1}], 'holds no object "request"'),
        (b"{\n", "JSON parsing error in row 1"),
        (b"\n", "0 requests"),
    ],
)
def test_one_row_that_cannot_be_imported_fails_the_job(
    vertex: VertexBatches, vertex_rows: list[Any], rows: Any, said: str
) -> None:
    if isinstance(rows, list):
        rows = [*vertex_rows, *rows]
    job = vertex.run(rows)
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["code"] == 3
    assert "Failed to import data" in job["error"]["message"]
    assert said in job["error"]["message"]
    assert vertex.desk.bill()["requests"] == 0


def test_a_plain_schema_of_either_dialect_is_imported_and_right(
    vertex: VertexBatches, picture: Callable[..., bytes]
) -> None:
    for dialect in ("responseSchema", "responseJsonSchema"):
        job = vertex.run([{"request": request_of(picture(), dialect=dialect)}])
        text = vertex.results(job)[0]["response"]["candidates"][0]["content"]["parts"][0]["text"]
        assert json.loads(text)["light"] in ("dark", "bright")


def test_a_bucket_that_is_not_there_or_not_ours(
    vertex: VertexBatches, vertex_rows: list[Any]
) -> None:
    job = vertex.run(vertex_rows, prefix="gs://nowhere/out")
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 9)
    job = vertex.end(vertex.begin("gs://archive/none.jsonl"))
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 5)
    with vertex.bucket.refusing(403, kinds="write"):
        job = vertex.run(vertex_rows)
    # It has run, was charged, and nothing was written.
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 7)
    assert "storage.objects.create" in job["error"]["message"]
    assert vertex.send(f"/v1/{job['name']}:cancel", {})[0] == 400
    assert job["completionStats"] == {"successfulCount": "4"}
    assert vertex.desk.bill()["requests"] == 4
    assert vertex.bucket.names("results") == []


def test_a_cancelled_job_writes_and_bills_what_was_answered(
    vertex: VertexBatches, vertex_rows: list[Any]
) -> None:
    vertex.desk.faults({"kind": "batch_slow", "pending_s": 0.0, "running_s": 8.0})
    name = vertex.begin(vertex.put(vertex_rows))
    while "successfulCount" not in vertex.send(f"/v1/{name}")[1].get("completionStats", {}):
        time.sleep(0.02)
    # What is under way cannot be deleted.
    assert vertex.send(f"/v1/{name}", method="DELETE")[0] == 400
    assert vertex.send(f"/v1/{name}:cancel", {}) == (200, {})
    job = vertex.end(name)
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_CANCELLED", 1)
    results = vertex.results(job)
    assert 0 < len(results) < len(vertex_rows)
    assert vertex.desk.bill()["requests"] == len(results)


def test_jobs_are_found_by_their_name(vertex: VertexBatches, vertex_rows: list[Any]) -> None:
    uri = vertex.put(vertex_rows[:1])
    names = [vertex.begin(uri, displayName=f"job-{number}") for number in range(3)]
    found = vertex.send(f"{JOBS}?filter=display_name%3D%22job-1%22")[1]
    assert [job["name"] for job in found["batchPredictionJobs"]] == [names[1]]
    assert vertex.send(f"{JOBS}?filter=display_name%3D%22none%22")[1] == {}
    assert vertex.send(f"{JOBS}?filter=state%3D1")[0] == 400
    first = vertex.send(f"{JOBS}?pageSize=2")[1]
    rest = vertex.send(f"{JOBS}?pageSize=2&pageToken={first['nextPageToken']}")[1]
    shown = [job["name"] for page in (first, rest) for job in page["batchPredictionJobs"]]
    assert shown == names[::-1]
    assert vertex.send(JOBS.replace("global", "us-central1"))[1] == {}
    vertex.end(names[0])
    assert vertex.send(f"/v1/{names[0]}", method="DELETE")[0] == 200
    assert vertex.send(f"/v1/{names[0]}")[0] == 404


def test_what_cannot_begin(vertex: VertexBatches) -> None:
    good = {
        "model": f"publishers/google/models/{MODEL}",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://archive/a"]}},
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://results"},
        },
    }
    bad: list[tuple[Any, int]] = [
        ({"model": MODEL}, 400),
        ({"model": "publishers/google/models/gemini-9"}, 404),
        ({"inputConfig": None}, 400),
        ({"inputConfig": {"instancesFormat": "bigquery"}}, 501),
        ({"inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["a"]}}}, 400),
        ({"outputConfig": {"predictionsFormat": "jsonl"}}, 400),
        ({"src": "gs://archive/a"}, 400),
    ]
    for change, status in bad:
        assert vertex.send(JOBS, good | change)[0] == status, change
    assert vertex.send(JOBS, b"{")[0] == 400
    assert vertex.desk.send(JOBS, good, headers={"x-goog-api-key": ""})[0] == 401


def test_the_real_client(vertex: VertexBatches, vertex_rows: list[Any]) -> None:
    with vertex.desk.vertex() as client:
        uri = vertex.put(vertex_rows)
        config = types.CreateBatchJobConfig(display_name="by client", dest="gs://results/client")
        job = client.batches.create(model=MODEL, src=uri, config=config)
        assert job.name
        vertex.end(job.name)
        job = client.batches.get(name=job.name)
        assert job.done
        assert job.state == types.JobState.JOB_STATE_SUCCEEDED
        assert job.output_info
        assert job.completion_stats
        assert job.completion_stats.successful_count == 4
        listed = types.ListBatchJobsConfig(filter='display_name="by client"')
        assert [one.name for one in client.batches.list(config=listed)] == [job.name]


def test_details_of_a_failure_make_a_job_unreadable_for_the_client(
    vertex: VertexBatches, vertex_rows: list[Any]
) -> None:
    vertex.desk.faults({"kind": "batch_failed", "code": 8, "details": True})
    job = vertex.run(vertex_rows)
    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 8)
    with vertex.desk.vertex() as client, pytest.raises(pydantic.ValidationError, match="details"):
        client.batches.get(name=job["name"])


def test_faults_of_rows_and_results(vertex: VertexBatches, vertex_rows: list[Any]) -> None:
    vertex.desk.faults({"kind": "batch_row_error"}, {"kind": "batch_rows_swapped", "rows": 4})
    results = vertex.results(vertex.run(vertex_rows))
    assert sum(row["status"].startswith("Internal Server Error: ") for row in results) == 1
    sent = {row["custom_id"]: row["request"] for row in vertex_rows}
    assert {row["custom_id"]: row["request"] for row in results} == sent

    vertex.desk.faults({"kind": "batch_key_lost"}, {"kind": "batch_row_missing"}, seed=1)
    results = vertex.results(vertex.run(vertex_rows))
    assert len(results) == 3

    vertex.desk.faults({"kind": "batch_results_gone"})
    vertex.bucket.clear("archive", "results")
    job = vertex.run(vertex_rows)
    assert job["outputInfo"]
    assert vertex.bucket.names("results") == []

    vertex.desk.faults({"kind": "batch_line_refused"})
    assert vertex.run(vertex_rows)["error"]["code"] == 3

    vertex.desk.faults({"kind": "batch_partial"})
    job = vertex.run(vertex_rows)
    assert job["state"] == "JOB_STATE_PARTIALLY_SUCCEEDED"
    assert job["completionStats"] == {"successfulCount": "2", "incompleteCount": "2"}
    assert len(vertex.results(job)) == 2
