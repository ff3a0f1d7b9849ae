"""The launcher's call of `main.py`: from a clean environment to a job that can be submitted."""

from __future__ import annotations

import base64
import bz2
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.bucket import Bucket
from tests.templates.conftest import KEY, SECRET, Launched
from tests.templates.launcher import IMAGE, Environment, launch_flags
from tierwise.beam_pipeline.__main__ import main


def test_the_job_is_left_for_the_launcher_and_runs_in_its_image(launched: Launched) -> None:
    assert "gs://results/staging/job_object" in launched.said.stderr
    assert "gs://results/out/run.json says how it ended" in launched.said.stderr
    (pool,) = launched.job["environment"]["workerPools"]
    assert pool["workerHarnessContainerImage"] == IMAGE
    assert [one["containerImage"] for one in pool["sdkHarnessContainerImages"]] == [IMAGE]
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 5
    assert launched.job["labels"] == {"team": "photos"}
    assert launched.job["type"] == "JOB_TYPE_BATCH"
    staged = {package["name"] for package in pool["packages"]}
    assert staged == {"submission_environment_dependencies.txt"}  # no main session, no program


def test_the_run_is_the_workers_to_keep_from_then_on(launched: Launched) -> None:
    assert json.loads(launched.objects["out/run.json"])["status"] == "running"
    (record,) = (
        json.loads(data) for name, data in launched.objects.items() if "/journal/runs/" in name
    )
    assert record["handed_over"] is True
    assert record["ended_at"] == ""


def test_the_key_is_nowhere(launched: Launched) -> None:
    """Neither as it is, nor in base64 at any offset, nor in what Beam packs into the graph."""
    wanted = [KEY.encode(), KEY[::-1].encode(), *_in_base64(KEY.encode())]
    texts = [
        *launched.objects.values(),
        launched.said.stdout.encode(),
        launched.said.stderr.encode(),
    ]
    unpacked = list(_payloads(launched))
    assert len(unpacked) > 20
    assert any(SECRET.encode() in text for text in unpacked)  # the search finds what is there
    for text in texts + unpacked:
        assert not [some for some in wanted if some in text]


def _in_base64(key: bytes) -> Iterator[bytes]:
    """The part of a key that base64 writes alike whatever stands around it."""
    for offset in range(3):
        yield base64.b64encode(b"\0" * offset + key)[4 * (offset > 0) : -4]


def _payloads(launched: Launched) -> Iterator[bytes]:
    """What Beam packed into the graph, unpacked: functions, records, settings."""
    (staged,) = (data for name, data in launched.objects.items() if name.endswith("/pipeline.pb"))
    for packed in re.findall(rb"[A-Za-z0-9+/]{80,}={0,2}", staged):
        with suppress(OSError, ValueError, zlib.error):
            data = base64.b64decode(packed[: len(packed) // 4 * 4])
            yield bz2.decompress(data) if data.startswith(b"BZh") else zlib.decompress(data)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"inptu": "gs://archive/photos"}, "unknown flag --inptu. Did you mean --input?"),
        ({"gemini": "vertex", "sdk_container_image": ""}, "the workers have no tierwise"),
        ({"emulator_latency_ms": "5"}, "--gemini=emulator: workers elsewhere cannot reach"),
        ({"gemini": "developer"}, "--api_key_secret=projects/PROJECT/secrets/gemini-key/versions"),
        (
            {"gemini": "vertex", "gemini_endpoint": "http://127.0.0.1:8765"},
            "Dataflow's workers cannot reach this machine",
        ),
        (
            {"gemini": "vertex", "output": "out/"},
            "--output=out/: Dataflow's workers have no access",
        ),
        ({"gemini": "vertex", "input": "photos/"}, "--input=photos/: Dataflow's workers have no"),
        ({"gemini": "vertex", "input": "gs://archive/list.csv"}, "its first image is /disk/1.jpg"),
        ({"gemini": "vertex", "input": "gs://nowhere/a"}, "there is no bucket nowhere"),
    ],
)
def test_what_cannot_run_there_is_refused_in_one_line(
    bucket: Bucket, changed: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put("gs://archive/photos/1.jpg", b"x")
    bucket.put("gs://archive/list.csv", b"uri\n/disk/1.jpg\n")
    usual = {"input": "gs://archive/photos", "output": "gs://results/out"}
    usual["sdk_container_image"] = IMAGE
    assert main(launch_flags(**{**usual, **changed})) == 2
    refusal = capsys.readouterr().err
    assert told in refusal
    assert refusal.count("\n") == 1
    assert bucket.names("results") == []


def test_main_refuses_as_the_command_does(environment: Environment) -> None:
    said = environment.run("--inptu=gs://archive/photos", "--output=gs://results/out")
    assert said.returncode == 2
    assert said.stderr.startswith("tierwise: unknown flag --inptu. Did you mean --input?")


def test_an_emulator_of_buckets_is_refused_to_workers_elsewhere(
    bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put("gs://archive/photos/1.jpg", b"x")
    flags = [flag for flag in launch_flags() if not flag.startswith("--template_location")]
    flags += ["--input=gs://archive/photos", "--output=gs://results/out", "--gemini=vertex"]
    assert main([*flags, f"--sdk_container_image={IMAGE}"]) == 2
    assert "an emulator of Cloud Storage on this machine. Unset" in capsys.readouterr().err


def test_a_bucket_in_another_region_is_told(
    bucket: Bucket, draw: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put("gs://archive/photos/1.jpg", draw())
    bucket.storage.buckets["archive"]["location"] = "EUROPE-WEST4"
    bucket.storage.buckets["results"]["location"] = "US"
    flags = ["--input=gs://archive/photos", "--output=gs://results/out", "--gemini=vertex"]
    assert main([*launch_flags(), *flags, "--dry_run=True"]) == 0
    told = capsys.readouterr().err
    assert "the bucket archive lies in europe-west4, Dataflow's workers in us-central1" in told
    assert "the bucket results" not in told  # US holds us-central1
    assert "Nothing was submitted" in told
    assert bucket.names("results") == []
