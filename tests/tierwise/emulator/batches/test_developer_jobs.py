"""A batch job of the Developer API from upload to results, as documented and as observed."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from tests.tierwise.emulator.batches.conftest import LABELS, MODEL, Batches, jsonl, request_of


def text_of(row: Any) -> Any:
    return json.loads(row["response"]["candidates"][0]["content"]["parts"][0]["text"])


def test_every_row_is_answered_as_if_it_had_been_asked_by_itself(
    batches: Batches, rows: list[Any]
) -> None:
    alone = {row["key"]: batches.desk.ask(row["request"])[1] for row in rows}
    standard = batches.desk.bill()
    results = batches.results(rows)
    assert sorted(row["key"] for row in results) == sorted(alone)
    for row in results:
        assert text_of(row) == text_of({"response": alone[row["key"]]})
        usage, other = row["response"]["usageMetadata"], alone[row["key"]]["usageMetadata"]
        assert {k: v for k, v in other.items() if k != "serviceTier"} == usage
    lines = batches.desk.log()
    assert [line["service_tier"] for line in lines] == ["standard"] * 8 + ["batch"] * 8
    assert [line["images"] for line in lines[:8]] == [line["images"] for line in lines[8:]]
    whole = batches.desk.bill()
    assert float(whole["total_usd"]) == pytest.approx(1.5 * float(standard["total_usd"]))
    assert whole["requests"] == 16


def test_results_come_in_another_order(batches: Batches, rows: list[Any]) -> None:
    keys = [row["key"] for row in batches.results(rows)]
    assert keys != [row["key"] for row in rows]


def test_states_counts_and_places_of_results(batches: Batches, rows: list[Any]) -> None:
    name = batches.begin([*rows, {"key": "broken", "request": request_of(b"no picture")}])
    first = batches.get(name)
    assert first["metadata"]["state"] == "BATCH_STATE_PENDING"
    assert "done" not in first
    job = batches.end(name)
    metadata = job["metadata"]
    assert metadata["state"] == "BATCH_STATE_SUCCEEDED"
    # Proto's JSON: 64-bit numbers are strings, and what is 0 is not there.
    counts = {"requestCount": "9", "successfulRequestCount": "8", "failedRequestCount": "1"}
    assert metadata["batchStats"] == counts
    assert metadata["displayName"] == "a job"
    assert metadata["model"] == f"models/{MODEL}"
    output = metadata["output"]["responsesFile"]
    assert job["response"]["responsesFile"] == output
    assert len(output.removeprefix("files/")) > 40
    error = next(row for row in batches.download(job) if row["key"] == "broken")
    assert error["error"]["code"] == 3
    assert "response" not in error
    assert batches.desk.bill()["requests"] == 8


def test_an_output_is_downloaded_but_neither_looked_up_nor_deleted(
    batches: Batches, rows: list[Any]
) -> None:
    job = batches.run(rows[:1])
    output = job["metadata"]["output"]["responsesFile"]
    for method in ("GET", "DELETE"):
        assert batches.desk.send(f"/v1beta/{output}", method=method)[0] == 400
    path = f"/v1beta/{job['name']}"
    assert batches.desk.send(path, method="DELETE")[:2] == (200, {})
    assert batches.desk.send(path, method="GET")[0] == 404
    with pytest.raises(urllib.error.HTTPError, match="404"):
        batches.download(job)


def test_deleting_a_job_does_not_cancel_it(batches: Batches, rows: list[Any]) -> None:
    name = batches.begin(rows)
    assert batches.desk.send(f"/v1beta/{name}", method="DELETE")[0] == 200
    batches.run(rows[:1])
    assert batches.desk.bill()["requests"] == 9


def test_an_input_is_deleted_once(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows)
    name = batches.create(file)[1]["name"]
    assert batches.desk.send(f"/v1beta/{file}", method="DELETE")[0] == 200
    assert batches.desk.send(f"/v1beta/{file}", method="DELETE")[0] == 403
    assert batches.end(name)["metadata"]["batchStats"]["successfulRequestCount"] == "8"


def test_a_cancelled_job_keeps_and_bills_what_was_answered(
    batches: Batches, rows: list[Any]
) -> None:
    batches.desk.faults({"kind": "batch_slow", "pending_s": 0.0, "running_s": 8.0})
    name = batches.begin(rows)
    batches.until(name, lambda job: "successfulRequestCount" in job["metadata"]["batchStats"])
    assert batches.desk.send(f"/v1beta/{name}:cancel", {})[:2] == (200, {})
    job = batches.end(name)
    assert job["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert job["error"]["code"] == 13
    assert "response" not in job
    results = batches.download(job)
    assert 0 < len(results) < len(rows)
    assert batches.desk.bill()["requests"] == len(results)


def test_a_job_may_be_cancelled_before_it_begins(batches: Batches, rows: list[Any]) -> None:
    name = batches.begin(rows)
    batches.desk.send(f"/v1beta/{name}:cancel", {})
    job = batches.end(name)
    assert job["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert "output" not in job["metadata"]
    assert batches.desk.bill()["requests"] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "Error on line 2: invalid JSON"),
        (b'"x"', "Error on line 2: invalid JSON"),
        (b'{"key": "a"}', "Error on line 2"),
        (b'{"key": 1, "request": {}}', "Error on line 2"),
        (b'{"key": "a", "request": {"thinking_config": {}}}', "no such field: 'thinking_config'"),
        (b'{"key": "a", "custom": 1, "request": {}}', "no such field: 'custom'"),
        (b'{"key": "a", "request": {"contents": 3}}', "Error on line 2"),
    ],
)
def test_one_bad_line_refuses_the_file(
    batches: Batches, rows: list[Any], line: bytes, said: str
) -> None:
    file = batches.upload(jsonl(rows[:1]) + line + b"\n" + jsonl(rows[1:]))
    status, reply = batches.create(file)
    assert status == 400
    assert said in reply["error"]["message"]
    assert batches.desk.send("/v1beta/batches", method="GET")[1] == {}


def test_what_cannot_begin(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows)
    assert batches.create(file, model="gemini-9")[0] == 404
    assert batches.create("files/none")[0] == 403
    assert batches.create(batches.upload(b"\n\n"))[0] == 400
    path = f"/v1beta/models/{MODEL}:batchGenerateContent"
    bodies: list[Any] = [{}, {"batch": {"dest": 1}}, {"batch": {}}, b"{"]
    for body in bodies:
        assert batches.desk.send(path, body)[0] == 400
    assert batches.desk.send(path, {}, headers={"x-goog-api-key": "revoked"})[0] == 400


def test_inline_requests_have_inline_results(batches: Batches, rows: list[Any]) -> None:
    inline = [{"request": row["request"], "metadata": {"key": row["key"]}} for row in rows]
    batch = {"inputConfig": {"requests": {"requests": inline}}}
    path = f"/v1beta/models/{MODEL}:batchGenerateContent"
    job = batches.end(batches.desk.send(path, {"batch": batch})[1]["name"])
    results = job["response"]["inlinedResponses"]["inlinedResponses"]
    assert job["metadata"]["output"]["inlinedResponses"]["inlinedResponses"] == results
    assert {row["metadata"]["key"] for row in results} == {row["key"] for row in rows}


def test_jobs_are_listed_newest_first_by_pages(batches: Batches, rows: list[Any]) -> None:
    names = [batches.begin(rows[:1], f"job {number}") for number in range(3)]
    first = batches.desk.send("/v1beta/batches?pageSize=2", method="GET")[1]
    assert [job["name"] for job in first["operations"]] == [names[2], names[1]]
    query = f"pageSize=2&pageToken={first['nextPageToken']}"
    rest = batches.desk.send(f"/v1beta/batches?{query}", method="GET")[1]
    assert [job["metadata"]["displayName"] for job in rest["operations"]] == ["job 0"]
    assert "nextPageToken" not in rest
    assert batches.desk.send("/v1beta/batches?pageToken=x", method="GET")[0] == 400


def test_one_dialect_of_schemas_is_answered_with_nonsense(
    batches: Batches, picture: Callable[..., bytes]
) -> None:
    both = {
        dialect: request_of(picture((64, 48), "navy"), dialect=dialect)
        for dialect in ("responseSchema", "responseJsonSchema")
    }
    rows = [{"key": dialect, "request": request} for dialect, request in both.items()]
    found = {row["key"]: text_of(row) for row in batches.results(rows)}
    alone = text_of({"response": batches.desk.ask(both["responseJsonSchema"])[1]})
    assert found["responseSchema"] == alone
    assert found["responseJsonSchema"]["light"] not in LABELS


def test_a_reset_forgets_jobs_and_files(batches: Batches, rows: list[Any]) -> None:
    name, file = batches.begin(rows), batches.upload(rows)
    batches.desk.send("/emulator/reset", b"")
    assert batches.desk.send(f"/v1beta/{name}", method="GET")[0] == 404
    assert batches.desk.send(f"/v1beta/{file}", method="GET")[0] == 403
    assert batches.desk.bill()["requests"] == 0
