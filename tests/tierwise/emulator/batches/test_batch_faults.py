"""Every fault of batch jobs as a client meets it."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from tests.tierwise.emulator.batches.conftest import MODEL, Batches, request_of
from tierwise.emulator.batches.batch_faults import BATCH_FAULTS
from tierwise.emulator.faults import read_faults
from tierwise.errors import InputError


def keys(rows: list[Any]) -> list[str]:
    return sorted(row["key"] for row in rows)


def struck(batches: Batches) -> list[int]:
    found = batches.desk.send("/emulator/faults", method="GET")[1]["faults"]
    return [fault["struck"] for fault in found]


def text_of(row: Any) -> str:
    return str(row["response"]["candidates"][0]["content"]["parts"][0]["text"])


def test_every_kind_needs_no_settings_and_refuses_wrong_ones() -> None:
    for kind, settings in BATCH_FAULTS.items():
        fault = read_faults({"faults": [{"kind": kind}]}, "f").faults[0]
        assert fault.settings == settings
    for wrong in (
        {"kind": "batch_refused", "call": "generate"},
        {"kind": "batch_order", "how": "sorted"},
        {"kind": "batch_stuck", "state": "DONE"},
        {"kind": "batch_row_error", "under": "fault"},
        {"kind": "batch_row_missing", "share": 1.5},
    ):
        with pytest.raises(InputError):
            read_faults({"faults": [wrong]}, "f")


@pytest.mark.parametrize("how", ["kept", "reversed"])
def test_the_order_of_results(batches: Batches, rows: list[Any], how: str) -> None:
    batches.desk.faults({"kind": "batch_order", "how": how})
    found = [row["key"] for row in batches.results(rows)]
    assert found == [row["key"] for row in rows][:: 1 if how == "kept" else -1]


def test_rows_are_answered_under_each_others_key(batches: Batches, rows: list[Any]) -> None:
    true = {row["key"]: text_of(row) for row in batches.results(rows)}
    batches.desk.faults({"kind": "batch_rows_swapped"}, seed=3)
    found = {row["key"]: text_of(row) for row in batches.results(rows)}
    assert keys(rows) == sorted(found)
    wrong = sorted(key for key in found if found[key] != true[key])
    assert len(wrong) == 2
    assert (found[wrong[0]], found[wrong[1]]) == (true[wrong[1]], true[wrong[0]])
    assert struck(batches) == [1]


def test_rows_that_are_missing_doubled_or_without_a_key(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_row_missing", "rows": 2})
    assert len({*keys(batches.results(rows))}) == 6
    assert batches.desk.bill()["requests"] == 8
    batches.desk.faults({"kind": "batch_row_doubled", "rows": 2})
    found = keys(batches.results(rows))
    assert (len(found), len({*found})) == (10, 8)
    batches.desk.faults({"kind": "batch_key_lost", "rows": 3})
    assert sum("key" not in row for row in batches.results(rows)) == 3


@pytest.mark.parametrize("under", ["error", "status"])
def test_rows_with_an_error_are_not_billed(batches: Batches, rows: list[Any], under: str) -> None:
    batches.desk.faults({"kind": "batch_row_error", "rows": 3, "status": 429, "under": under})
    job = batches.run(rows)
    assert job["metadata"]["batchStats"]["failedRequestCount"] == "3"
    failed = [row for row in batches.download(job) if under in row]
    assert len(failed) == 3
    assert failed[0][under]["code"] == 8
    assert isinstance(failed[0][under]["details"][0], dict)
    assert batches.desk.bill()["requests"] == 5


def test_rows_without_usage_are_billed(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_row_no_usage", "rows": 3})
    found = batches.results(rows)
    assert sum("usageMetadata" not in row["response"] for row in found) == 3
    assert batches.desk.bill()["requests"] == 8


def test_a_fault_may_strike_a_share_or_the_rows_of_one_picture(
    batches: Batches, picture: Callable[..., bytes]
) -> None:
    data = [picture((40, 30), colour) for colour in ("navy", "white") * 10]
    rows = [{"key": f"k{n:02}", "request": request_of(one)} for n, one in enumerate(data)]
    missing = []
    for _ in range(2):
        batches.desk.faults({"kind": "batch_row_missing", "share": 0.4}, seed=5)
        missing.append({*keys(rows)} - {*keys(batches.results(rows))})
    assert missing[0] == missing[1]  # by the seed
    assert 2 <= len(missing[0]) <= 14
    white = hashlib.sha256(data[1]).hexdigest()
    batches.desk.faults({"kind": "batch_row_missing", "sha256": [white]})
    assert keys(batches.results(rows)) == [f"k{n:02}" for n in range(0, 20, 2)]
    assert struck(batches) == [10]


def test_faults_of_the_model_strike_rows_and_those_of_a_connection_do_not(
    batches: Batches, rows: list[Any]
) -> None:
    batches.desk.faults(
        {"kind": "drop"}, {"kind": "rate_limited"}, {"kind": "blocked_prompt", "count": 2}
    )
    found = batches.results(rows)
    assert sum("promptFeedback" in row["response"] for row in found) == 2
    assert struck(batches) == [0, 0, 2]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING"])
def test_a_job_that_never_ends_can_be_cancelled(
    batches: Batches, rows: list[Any], state: str
) -> None:
    batches.desk.faults({"kind": "batch_stuck", "state": state})
    name = batches.begin(rows)
    full = f"BATCH_STATE_{state}"
    batches.until(name, lambda job: job["metadata"]["state"] == full)
    time.sleep(0.4)
    assert batches.get(name)["metadata"]["state"] == full
    batches.desk.send(f"/v1beta/{name}:cancel", {})
    assert batches.end(name)["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert batches.desk.bill()["requests"] == 0


def test_ends_other_than_success(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_expired"})
    job = batches.run(rows)
    assert job["metadata"]["state"] == "BATCH_STATE_EXPIRED"
    assert "output" not in job["metadata"]
    assert "error" in job
    assert batches.desk.bill()["requests"] == 0

    batches.desk.faults({"kind": "batch_failed", "message": "No room.", "code": 8})
    job = batches.run(rows)
    assert job["metadata"]["state"] == "BATCH_STATE_FAILED"
    assert job["error"] == {"code": 8, "message": "No room."}

    batches.desk.faults({"kind": "batch_cancelled", "answered": 0.25})
    job = batches.run(rows)
    assert job["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert len(batches.download(job)) == 2
    assert batches.desk.bill()["requests"] == 2

    batches.desk.faults({"kind": "batch_partial"})
    job = batches.run(rows)
    assert job["metadata"]["state"] == "BATCH_STATE_PARTIALLY_SUCCEEDED"
    assert job["response"]["responsesFile"]
    assert len(batches.download(job)) == 4


def test_what_expired_may_have_been_charged(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_expired", "answered": 0.5})
    assert "output" not in batches.run(rows)["metadata"]
    assert batches.desk.bill()["requests"] == 4


def test_refusals_of_calls(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows)
    later = {"status": 503, "message": "later", "after": 1, "count": 1}
    batches.desk.faults(
        {"kind": "batch_refused", "count": 1}, {"kind": "batch_refused", "call": "get", **later}
    )
    status, reply = batches.create(file)
    assert (status, reply["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    name = batches.create(file)[1]["name"]
    path = f"/v1beta/{name}"
    assert [batches.desk.send(path, method="GET")[0] for _ in range(3)] == [200, 503, 200]
    assert struck(batches) == [1, 1]


def test_a_job_is_there_though_the_reply_was_lost(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows)
    batches.desk.faults({"kind": "batch_reply_lost"})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        batches.create(file, "only once")
    found = batches.desk.send("/v1beta/batches", method="GET")[1]["operations"]
    assert [job["metadata"]["displayName"] for job in found] == ["only once"]
    assert len(batches.download(batches.end(found[0]["name"]))) == 8


def test_a_file_that_is_refused_for_one_line(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows)
    batches.desk.faults({"kind": "batch_line_refused", "line": 3, "count": 1})
    status, reply = batches.create(file)
    assert status == 400
    assert reply["error"]["message"].startswith("Error on line 3: ")
    assert batches.create(file)[0] == 200


def test_results_inline_for_a_file(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_inline"})
    job = batches.run(rows)
    assert "responsesFile" not in job["response"]
    found = job["response"]["inlinedResponses"]["inlinedResponses"]
    assert sorted(row["metadata"]["key"] for row in found) == keys(rows)


def test_results_that_vanish_or_are_cut_off(batches: Batches, rows: list[Any]) -> None:
    batches.desk.faults({"kind": "batch_results_gone", "count": 1})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        batches.results(rows)
    batches.desk.faults({"kind": "batch_results_cut", "times": 2})
    job = batches.run(rows)
    for _ in range(2):
        with pytest.raises(http.client.IncompleteRead):
            batches.download(job)
    assert len(batches.download(job)) == 8


def test_enqueued_tokens(batches: Batches, rows: list[Any]) -> None:
    tokens = 0
    for row in rows:
        count = f"/v1beta/models/{MODEL}:countTokens"
        tokens += batches.desk.send(count, {"contents": row["request"]["contents"]})[1][
            "totalTokens"
        ]
    file = batches.upload(rows)
    batches.desk.faults({"kind": "batch_queue_full", "tokens": tokens - 1})
    status, reply = batches.create(file)
    assert status == 429
    assert "EnqueuedTokens" in json.dumps(reply)
    batches.desk.faults(
        {"kind": "batch_queue_full", "tokens": tokens}, {"kind": "batch_stuck", "count": 1}
    )
    name = batches.create(file)[1]["name"]
    assert batches.create(file)[0] == 429
    batches.desk.send(f"/v1beta/{name}:cancel", {})
    batches.end(name)
    assert batches.create(file)[0] == 429  # the cancelled one holds its place


def test_no_more_than_a_hundred_jobs(batches: Batches, rows: list[Any]) -> None:
    file = batches.upload(rows[:1])
    batches.desk.faults({"kind": "batch_stuck"})
    assert {batches.create(file)[0] for _ in range(100)} == {200}
    status, reply = batches.create(file)
    assert status == 429
    assert "ConcurrentJobs" in json.dumps(reply)
