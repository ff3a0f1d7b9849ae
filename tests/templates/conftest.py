"""One clean environment and one launch for all tests of the template."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from tests.bucket import Bucket
from tests.templates.launcher import Environment, build, google_machine, launch_flags
from tierwise.gemini.service import KEY_VARIABLE

KEY = "AIza-very-secret-key-of-the-launcher"
SECRET = "projects/my-project/secrets/gemini-key/versions/latest"
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  light:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_request: 4
  found:
    when: light == "bright"
    prompt: What is there?
    text: {max_length: 40}
  theme:
    per: folder
    prompt: What do they share?
    labels: [dark, bright]
"""


@dataclass(frozen=True)
class Launched:
    """What a launcher left for Dataflow: the job, and everything that went into the bucket."""

    said: subprocess.CompletedProcess[str]
    job: dict[str, Any]
    pipeline: Any
    objects: dict[str, bytes]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return build(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def machine(running_buckets: Bucket) -> Iterator[dict[str, str]]:
    with google_machine(running_buckets.url) as variables:
        yield variables


@pytest.fixture(scope="session")
def launched(
    environment: Environment,
    machine: dict[str, str],
    running_buckets: Bucket,
    draw: Callable[..., bytes],
) -> Launched:
    running_buckets.clear("archive", "results")
    for number in range(6):
        running_buckets.put(f"gs://archive/photos/{number}.jpg", draw(number))
    running_buckets.put("gs://archive/tasks.yaml", TASKS.encode())
    flags = launch_flags(
        input="gs://archive/photos",
        tasks="gs://archive/tasks.yaml",
        output="gs://results/out",
        gemini="developer",
        api_key_secret=SECRET,
        requests_per_minute="1000",
        max_num_workers="5",
        labels="team=photos",
    )
    said = environment.run(*flags, **machine, **{KEY_VARIABLE: KEY})
    return read_launched(said, running_buckets)


def read_launched(said: subprocess.CompletedProcess[str], running_buckets: Bucket) -> Launched:
    """What a launch that went well left in the bucket."""
    assert said.returncode == 0, said.stderr
    objects = {name: _content(running_buckets, name) for name in running_buckets.names("results")}
    pipeline = beam_runner_api_pb2.Pipeline()
    (staged,) = (data for name, data in objects.items() if name.endswith("/pipeline.pb"))
    pipeline.ParseFromString(staged)
    return Launched(said, json.loads(objects["staging/job_object"]), pipeline, objects)


def _content(bucket: Bucket, name: str) -> bytes:
    data: bytes = bucket.storage.get_file("results", name)
    return data


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[2]
