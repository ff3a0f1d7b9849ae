"""What Google's own client makes of jobs: enough for a clean one, not for any other."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import errors, types

from tests.tierwise.emulator.batches.conftest import MODEL, Batches, jsonl


@pytest.fixture
def client(batches: Batches) -> Iterator[genai.Client]:
    with batches.desk.developer() as made:
        yield made


def test_a_clean_job_from_upload_to_results(
    batches: Batches, client: genai.Client, rows: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl(rows))
    upload = types.UploadFileConfig(mime_type="jsonl", display_name="rows")
    file = client.files.upload(file=path, config=upload)
    assert file.name
    assert file.state == types.FileState.ACTIVE
    assert file.size_bytes == path.stat().st_size
    assert file.expiration_time
    assert file.create_time
    assert (file.expiration_time - file.create_time).total_seconds() == 48 * 3600
    assert client.files.get(name=file.name) == file
    assert [one.name for one in client.files.list()] == [file.name]
    config = types.CreateBatchJobConfig(display_name="clean")
    job = client.batches.create(model=MODEL, src=file.name, config=config)
    assert job.state == types.JobState.JOB_STATE_PENDING
    assert job.name
    batches.end(job.name)
    job = client.batches.get(name=job.name)
    assert job.done
    assert job.name
    assert job.dest
    assert job.dest.file_name
    data = client.files.download(file=job.dest.file_name)
    assert sorted(json.loads(line)["key"] for line in data.splitlines()) == [
        row["key"] for row in rows
    ]
    client.files.download(file=job.dest.file_name, destination=tmp_path / "results.jsonl")
    assert (tmp_path / "results.jsonl").read_bytes() == data
    assert [one.display_name for one in client.batches.list()] == ["clean"]
    client.files.delete(name=file.name)
    with pytest.raises(errors.ClientError, match="403"):
        client.files.delete(name=file.name)
    client.batches.delete(name=job.name)
    with pytest.raises(errors.ClientError, match="404"):
        client.files.download(file=job.dest.file_name)


def test_a_large_file_comes_in_pieces(client: genai.Client) -> None:
    data = bytes(20 * 1024**2)  # the client sends 8 MB at a time
    config = types.UploadFileConfig(mime_type="jsonl")
    file = client.files.upload(file=io.BytesIO(data), config=config)
    assert file.size_bytes == len(data)


def test_the_client_hides_why_a_job_failed_and_how_many_rows_did(
    batches: Batches, client: genai.Client, rows: list[Any]
) -> None:
    batches.desk.faults({"kind": "batch_failed", "message": "No room."})
    job = batches.run(rows)
    assert job["error"]["message"] == "No room."
    shown = client.batches.get(name=job["name"])
    assert shown.state == types.JobState.JOB_STATE_FAILED
    assert shown.error is None
    assert shown.completion_stats is None


def test_details_of_one_row_make_a_job_unreadable_for_the_client(
    batches: Batches, client: genai.Client, rows: list[Any]
) -> None:
    batches.desk.faults({"kind": "batch_inline"}, {"kind": "batch_row_error"})
    job = batches.run(rows)
    assert len(job["response"]["inlinedResponses"]["inlinedResponses"]) == 8
    with pytest.raises(pydantic.ValidationError, match="details"):
        client.batches.get(name=job["name"])


@pytest.mark.filterwarnings("ignore:.*is not a valid JobState:UserWarning")
def test_a_state_that_the_client_does_not_know_never_ends(
    batches: Batches, client: genai.Client, rows: list[Any]
) -> None:
    batches.desk.faults({"kind": "batch_partial"})
    job = batches.run(rows)
    assert job["done"]
    assert not client.batches.get(name=job["name"]).done
