"""A template that is launched with the batch tier: the job hands in, and waits for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.bucket import Bucket
from tests.templates.conftest import KEY, read_launched
from tests.templates.launcher import Environment, launch_flags
from tierwise.gemini.service import KEY_VARIABLE


def test_the_last_step_of_the_job_hands_batch_jobs_in(
    environment: Environment,
    machine: dict[str, str],
    running_buckets: Bucket,
    draw: Callable[..., bytes],
) -> None:
    running_buckets.clear("archive", "results")
    running_buckets.put("gs://archive/photos/0.jpg", draw(0))
    flags = launch_flags(
        input="gs://archive/photos",
        output="gs://results/out",
        gemini="vertex",
        service_tier="batch",
    )
    said = environment.run(*flags, **machine, **{KEY_VARIABLE: KEY})
    launched = read_launched(said, running_buckets)
    steps = list(launched.pipeline.components.transforms.values())
    (parts,) = (one for one in steps if one.unique_name == "Parts")
    (collection,) = parts.outputs.values()
    readers = [one.unique_name for one in steps if collection in one.inputs.values()]
    assert set(readers) == {"PublishRun", "PublishRun/Publish"}
    assert json.loads(launched.objects["out/run.json"])["status"] == "running"
