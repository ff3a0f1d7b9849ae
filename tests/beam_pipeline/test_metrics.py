"""Beam's own counters of a run, read from the runner's result: they agree with the tables."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.metrics import monitoring_infos
from PIL import Image

from tests.beam_pipeline.conftest import job_of_words
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.scheduling.running import close_all

PICTURES = 12
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_request: 4
"""


@dataclass(frozen=True)
class Ran:
    run: dict[str, Any]
    result: Any
    bill: dict[str, Any]
    picture_bytes: int

    def counter(self, name: str) -> int:
        (found,) = (c for c in self._query("counters") if c.key.metric.name == name)
        number: int = found.committed
        return number

    def distribution(self, name: str) -> Any:
        (found,) = (d for d in self._query("distributions") if d.key.metric.name == name)
        return found.committed

    def _query(self, kind: str) -> Any:
        wanted = beam.metrics.MetricsFilter().with_namespace("tierwise")
        return self.result.metrics().query(wanted)[kind]

    def largest_elements(self) -> Iterator[int]:
        """The most bytes of an element of each collection, as the runner sampled them."""
        for info in self.result.monitoring_infos():
            if info.urn == monitoring_infos.SAMPLED_BYTE_SIZE_URN:
                _, _, _, most = monitoring_infos.extract_distribution(info)
                yield most


@pytest.fixture(scope="module")
def ran(running_gemini: Any, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Twelve pictures of noise, four to a request, with a refusal on the way."""
    place = tmp_path_factory.mktemp("metrics")
    running_gemini.reset()
    running_gemini.faults({"kind": "rate_limited", "count": 1, "retry_after_s": 1})
    photos = place / "photos"
    photos.mkdir()
    for number in range(PICTURES):
        (photos / f"{number}.jpg").write_bytes(noise(number))
    (place / "tasks.yaml").write_text(TASKS)
    flags = [f"--input={photos}", f"--output={place}/out", f"--tasks={place}/tasks.yaml"]
    flags += [f"--gemini_endpoint={running_gemini.url}", "--requests_per_minute=60"]
    job = job_of_words(flags)
    pipeline = beam.Pipeline(options=beam_options([]))
    define_pipeline(pipeline, job)
    try:
        result = pipeline.run()
        result.wait_until_finish()
    finally:
        close_all()
    run = json.loads(Path(job.output, "run.json").read_text())
    bill = json.loads(running_gemini.control("GET", "/emulator/bill"))
    return Ran(run, result, bill, (photos / "0.jpg").stat().st_size)


def noise(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (500, 500, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def test_counters_say_what_the_tables_say(ran: Ran) -> None:
    totals = ran.run["totals"]
    assert ran.counter("files") == ran.counter("answers") == PICTURES
    assert ran.counter("requests") == totals["requests"] == ran.bill["requests"]
    for kind in ("input_tokens", "image_tokens", "output_tokens", "thought_tokens"):
        assert ran.counter(kind) == totals[kind]
    assert ran.counter("input_tokens") == ran.bill["input_tokens"] > 0
    assert ran.counter("nano_dollars") == int(Decimal(ran.bill["total_usd"]).scaleb(9))


def test_what_was_refused_and_waited_for_is_counted(ran: Ran) -> None:
    assert ran.counter("tries") == ran.counter("requests") + 1
    assert ran.counter("retries") == 1
    assert ran.counter("throttled_ms") >= 1500  # three requests start a second apart
    assert ran.counter("cumulativeThrottlingSeconds") == ran.counter("throttled_ms") // 1000


def test_distributions_have_an_entry_for_each_request(ran: Ran) -> None:
    images, latency = ran.distribution("images_per_request"), ran.distribution("latency_ms")
    assert images.count == ran.counter("tries")
    assert images.max == 4
    assert latency.count == ran.counter("requests")
    assert latency.min > 0
    assert ran.distribution("sent_bytes").count == PICTURES


def test_no_element_of_any_collection_is_as_large_as_a_picture(ran: Ran) -> None:
    largest = list(ran.largest_elements())
    assert len(largest) > 20
    assert ran.picture_bytes > 200_000
    # A shard names its files, a thousand at most.
    assert max(largest) < 20_000
