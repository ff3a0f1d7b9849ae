"""From bucket to bucket: the same job, the same tables, and few requests to the store."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.bucket import Bucket, RefusedError
from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.files import files_for

# One image to a request, for which images share one depends on the names of their contents.
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  light:
    prompt: How light is it?
    labels: [dark, bright]
  found:
    when: light == "bright"
    prompt: What is there?
    schema:
      type: object
      properties: {thing: {type: string, maxLength: 40}, sure: {type: boolean}}
      required: [thing]
"""
EXAMPLES = Path(__file__).parents[2] / "examples"
# What differs because a name, a content's name or a moment does.
OF_THE_PLACE = {"uri", "content_hash", "request_id", "latency_ms", "asked_at", "shrink_ms"}
Photos = Callable[..., Path]


def upload(bucket: Bucket, folder: Path, uri: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            bucket.put(f"{uri}/{path.relative_to(folder)}", path.read_bytes())


def rows(output: str, table: str) -> Iterator[dict[str, Any]]:
    files = files_for(output)
    for stat in files.walk(f"{output}/{table}"):
        for row in pq.read_table(io.BytesIO(files.read(stat.uri)), partitioning=None).to_pylist():
            name = str(row.get("uri", "")).rpartition("/")[2]
            task = stat.uri.partition("/task=")[2].partition("/")[0]
            kept = {key: cell for key, cell in row.items() if key not in OF_THE_PLACE}
            yield {"name": name, "task": task, **kept}


def tables(output: str) -> dict[str, list[str]]:
    return {
        table: sorted(json.dumps(row, default=str, sort_keys=True) for row in rows(output, table))
        for table in ("answers", "failures", "costs")
    }


def run(gemini: Any, *flags: str) -> int:
    return main(["run", f"--gemini_endpoint={gemini.url}", *flags])


def run_json(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files_for(output).read(f"{output}/run.json"))
    return found


def test_the_example_archive_has_the_same_tables_from_a_bucket_as_from_a_disk(
    gemini: Any, bucket: Bucket, tmp_path: Path
) -> None:
    upload(bucket, EXAMPLES, "gs://archive/examples")
    bucket.put("gs://archive/examples/tasks.yaml", TASKS.encode())
    (tmp_path / "tasks.yaml").write_text(TASKS)
    found = {}
    for place, tasks, output in (
        (EXAMPLES, tmp_path, tmp_path / "out"),
        ("gs://archive/examples", "gs://archive/examples", "gs://results/deep/out"),
    ):
        flags = (f"--input={place}/manifest.csv", f"--tasks={tasks}/tasks.yaml")
        assert run(gemini, *flags, f"--output={output}") == 0
        found[output] = tables(str(output))
    local, remote = found.values()
    assert len(local["answers"]) > 40
    assert remote == local
    folders = {name.split("/")[2] for name in bucket.names("results")}
    assert folders >= {"answers", "failures", "costs", "journal", "run.json"}


def test_a_second_run_asks_nothing(gemini: Any, bucket: Bucket, photos: Photos) -> None:
    upload(bucket, photos(20), "gs://archive/photos")
    flags = ("--input=gs://archive/photos", "--output=gs://results/out")
    assert run(gemini, *flags) == 0
    first = tables("gs://results/out")
    assert bucket.counts["read"] >= 20
    asked = len(gemini.requests())
    bucket.counts.clear()
    assert run(gemini, *flags) == 0
    second = tables("gs://results/out")
    assert len(gemini.requests()) == asked
    assert run_json("gs://results/out")["left_under_way"] == []
    assert [len(second[table]) for table in second] == [len(first[table]) for table in first]
    # The forecast looks at the headers of a sample; the job itself knows every answer.
    assert bucket.counts["stat"] < 60
    assert all(name.startswith("out/") for name in bucket.names("results"))


def test_an_object_that_goes_or_changes_after_the_listing_is_a_failure_row(
    gemini: Any, bucket: Bucket, photos: Photos
) -> None:
    upload(bucket, photos(6), "gs://archive/photos")

    def meddle(kind: str, path: str) -> None:
        # The forecast, which comes before the listing, has read its headers by then.
        if bucket.counts["write"] < 2 or kind != "read":
            return
        if path.endswith("001.jpg"):
            bucket.delete("gs://archive/photos/001.jpg")
        if path.endswith("002.jpg"):
            bucket.put("gs://archive/photos/002.jpg", b"another picture")

    bucket.refusals.append(meddle)
    try:
        assert run(gemini, "--input=gs://archive/photos", "--output=gs://results/out") == 3
    finally:
        bucket.refusals.remove(meddle)
    failures = {row["name"]: row for row in rows("gs://results/out", "failures")}
    assert sorted(failures) == ["001.jpg", "002.jpg"]
    assert {row["reason"] for row in failures.values()} == {"store_unavailable"}
    assert "no such object (any more)" in failures["001.jpg"]["message"]
    assert "changed or deleted after it was listed; run" in failures["002.jpg"]["message"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--input=gs://nowhere/a", "--output=gs://results/out"), "there is no bucket nowhere"),
        (("--input=gs://archive/a", "--output=gs://nowhere/out"), "there is no bucket nowhere"),
        (("--input=gs://archive/none", "--output=gs://results/out"), "no such file or folder"),
        (("--input=gs://archive", "--output=gs://R/out"), "cannot be the name of a bucket"),
        (("--input=gs://archive/Bad.csv", "--output=gs://results/out"), "cannot be the name of a"),
        (("--input=s3://archive", "--output=gs://results/out"), "gs://bucket/name"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    gemini: Any,
    bucket: Bucket,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    message: str,
) -> None:
    bucket.put("gs://archive/a/1.jpg", b"x")
    bucket.put("gs://archive/Bad.csv", b"uri\ngs://Bad_Name!/1.jpg\n")
    assert run(gemini, *flags) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


REQUESTER_PAYS = "Bucket is a requester pays bucket but no user project provided."


@pytest.mark.parametrize(("kinds", "flag"), [("list", "--input"), ("write", "--output")])
def test_a_bucket_whose_readers_pay_is_refused_with_what_to_do(
    gemini: Any, bucket: Bucket, capsys: pytest.CaptureFixture[str], kinds: str, flag: str
) -> None:
    bucket.put("gs://archive/a/1.jpg", b"x")
    with bucket.refusing(400, REQUESTER_PAYS, kinds=kinds):
        assert run(gemini, "--input=gs://archive/a", "--output=gs://results/out") == 2
    told = capsys.readouterr().err
    assert told.startswith(f"tierwise: {flag}=gs://")
    assert "copy the objects into a bucket of your own" in told
    assert told.count("\n") == 1


def test_objects_that_may_not_be_read_are_failure_rows_that_say_what_to_do(
    gemini: Any, bucket: Bucket, photos: Photos
) -> None:
    upload(bucket, photos(4), "gs://archive/photos")
    refusals = {
        "001.jpg": RefusedError(403, "x@y has no storage.objects.get"),
        "002.jpg": RefusedError(400, REQUESTER_PAYS),
    }

    def refuse(kind: str, path: str) -> RefusedError | None:
        return refusals.get(path.rpartition("%2F")[2]) if kind == "read" else None

    rows_of = [{"uri": f"gs://archive/photos/{name}"} for name in ("000.jpg", "001.jpg", "002.jpg")]
    rows_of += [{"uri": "gs://archive"}, {"uri": "gs://archive/photos/none.jpg"}]
    rows_of += [{"uri": "gs://nowhere/1.jpg"}]
    manifest = "\n".join(json.dumps(row) for row in rows_of)
    bucket.put("gs://archive/list.jsonl", manifest.encode())
    bucket.refusals.append(refuse)
    try:
        assert run(gemini, "--input=gs://archive/list.jsonl", "--output=gs://results/out") == 3
    finally:
        bucket.refusals.remove(refuse)
    found = list(rows("gs://results/out", "failures"))
    failures = {row["name"]: row["message"] for row in found}
    assert {row["name"]: row["reason"] for row in found} == {
        "001.jpg": "store_refused",
        "002.jpg": "store_refused",
        "archive": "unreadable",
        "none.jpg": "store_unavailable",
        "1.jpg": "store_unavailable",
    }
    assert "give this account the role Storage Object Viewer" in failures["001.jpg"]
    assert "copy the objects into a bucket of your own" in failures["002.jpg"]
    assert "this names a bucket, and no object in it" in failures["archive"]
    assert "no such object" in failures["none.jpg"]
    assert "there is no bucket nowhere; correct the name" in failures["1.jpg"]
    assert "000.jpg" not in failures


def test_no_permission_is_refused_with_what_to_do(
    gemini: Any, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put("gs://archive/a/1.jpg", b"x")
    flags = ("--input=gs://archive/a", "--output=gs://results/out")
    for kinds, flag in (("list", "--input"), ("write", "--output")):
        with bucket.refusing(403, "x@y does not have access", kinds=kinds):
            assert run(gemini, *flags) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"tierwise: {flag}=gs://")
        assert "Storage Object Viewer on the bucket to read" in told
