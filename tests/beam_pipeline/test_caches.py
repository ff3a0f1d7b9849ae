"""Whole runs whose prompts are cached: what they cost, what they tell, and what they leave."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.beam_pipeline.conftest import Classify, Finished, nano
from tests.conftest import EmulatedGemini
from tierwise.answerer import Answerer, ServiceKind
from tierwise.beam_pipeline.__main__ import main
from tierwise.emulated import Identity
from tierwise.journal.cache_records import CacheFiles, CacheOrder, caches_of_runs
from tierwise.records import MediaResolution, ServiceTier
from tierwise.version import VERSION

ROOT = Path(__file__).parents[2]
WORDS = " ".join(f"word{number}" for number in range(1200))
LONG = f"""
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: "How light is it? {WORDS}"
    labels: [dark, bright]
  thing:
    prompt: What is there in {{filename}}?
    schema:
      type: object
      properties: {{thing: {{type: string, maxLength: 40}}}}
      required: [thing]
"""
OFF = LONG.replace("tasks:\n", "defaults: {cache: off}\ntasks:\n", 1)


@pytest.fixture
def images(tmp_path: Path, draw: Callable[..., bytes]) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.jpg").write_bytes(draw(number))
    return folder


def told(gemini: EmulatedGemini) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gemini.control("GET", "/emulator/caches"))
    return found


def cache_cost(finished: Finished) -> int:
    return nano([row for row in finished.costs if row["outcome"] == "cache"], "cost_usd")


def test_a_joint_prompt_is_paid_once_and_every_table_agrees_with_the_bill(
    classify: Classify, images: Path, gemini: EmulatedGemini, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = classify(images, tasks=LONG)
    assert finished.cost == gemini.billed()
    [cache] = told(gemini)
    assert cache["deleted"]
    assert cache_cost(finished) == cache["nano_usd"]
    # Two questions look at each picture in one request, and each has its half of what was cached.
    rows = [row for row in finished.costs if row["outcome"] == "cache"]
    assert {row["task"] for row in rows} == {"shade", "thing"}
    assert all(row["requests"] == row["images"] == 0 for row in rows)
    cached = sum(row["cached_tokens"] for row in finished.answers())
    assert cached >= 25 * cache["usageMetadata"]["totalTokenCount"]
    assert cached == finished.run["totals"]["cached_tokens"]
    assert finished.run["waste"] == {} and finished.run["failures"] == {}
    assert "cache" in capsys.readouterr().out
    values, billed, cost = finished.values, gemini.billed(), finished.run["totals"]["cost_usd"]
    # Without caches, the same questions: known by their identity, so that nothing is asked.
    again = classify(images, tasks=OFF)
    assert gemini.billed() == billed
    assert again.values == values and again.run["totals"]["requests"] == 0
    assert again.run["all_runs"]["cost_usd"] == cost
    # And asked anew, they cost more, and are answered alike.
    gemini.reset()
    plain = classify(images, tasks=OFF, output="plain")
    assert plain.values == values
    assert plain.cost == gemini.billed() > 2 * billed
    assert told(gemini) == []


def test_a_later_start_deletes_what_a_killed_run_left_and_knows_what_it_cost(
    classify: Classify, images: Path, gemini: EmulatedGemini, tmp_path: Path
) -> None:
    classify(images, tasks=OFF)
    billed = gemini.billed()
    # As a run leaves it that is killed while the reply is under way: an order, and a cache.
    order = CacheOrder(
        key="ab-0",
        display_name="tierwise killed ab-0",
        model="gemini-3.1-flash-lite",
        place="the Developer API",
        answerer=Answerer(ServiceKind.EMULATOR, Identity(VERSION, "", 0).header),
        tasks=("shade",),
        media_resolution=MediaResolution.LOW,
        service_tier=ServiceTier.STANDARD,
        worst=9_000_000,
        at=datetime.now(UTC),
    )
    assert CacheFiles(str(tmp_path / "out/journal"), "killed").order(order)
    options = types.HttpOptions(base_url=gemini.url, api_version="v1beta")
    client = genai.Client(api_key="any", http_options=options)

    def make(name: str) -> None:
        contents = [types.Content(role="user", parts=[types.Part(text=WORDS)])]
        config = types.CreateCachedContentConfig(contents=contents, ttl="300s", display_name=name)
        client.caches.create(model="gemini-3.1-flash-lite", config=config)

    make(order.display_name)
    make("tierwise of somebody else ab-0")
    orphan = told(gemini)[0]["nano_usd"]
    finished = classify(images, tasks=OFF)
    assert [cache["deleted"] for cache in told(gemini)] == [True, False]
    assert finished.cost == 0
    # What was paid before is known by now, and counts.
    total = Decimal(finished.run["all_runs"]["cost_usd"]).scaleb(9)
    assert total == billed + orphan
    assert finished.run["all_runs"]["maybe_billed_usd"] == "0.000000000"


def test_a_run_that_is_interrupted_deletes_its_caches(
    images: Path, gemini: EmulatedGemini, tmp_path: Path
) -> None:
    """Waits for a command to start, and to ask until a cache pays. SIGTERM goes Ctrl-C's way."""
    (tmp_path / "tasks.yaml").write_text(LONG)
    words = [f"--input={images}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    words += [f"--gemini_endpoint={gemini.url}", "--requests_in_flight=4"]
    gemini.faults({"kind": "latency", "ms": 1000})
    process = subprocess.Popen([sys.executable, "-m", "beam_pipeline", "run", *words], cwd=ROOT)
    try:
        end = time.monotonic() + 90  # on a busy machine a command takes its time to begin
        while not told(gemini):
            assert time.monotonic() < end, "the run makes no cache"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 1
    finally:
        process.kill()
        process.wait()
    assert [cache["deleted"] for cache in told(gemini)] == [True]
    [record] = caches_of_runs(f"{tmp_path}/out/journal").popitem()[1]
    assert record.gone


def test_under_a_cap_caches_are_set_aside_and_the_cap_holds(
    classify: Classify, images: Path, gemini: EmulatedGemini
) -> None:
    finished = classify(images, "--max_cost_usd=2", tasks=LONG)
    assert finished.cost == gemini.billed() <= 2_000_000_000
    assert cache_cost(finished) > 0
    assert finished.failures == []
    gemini.reset()
    small = classify(images, "--max_cost_usd=0.02", tasks=LONG, output="small", status=None)
    assert small.cost == gemini.billed() <= 20_000_000


def test_the_plan_tells_what_a_cache_saves_and_the_forecast_holds(
    classify: Classify,
    images: Path,
    gemini: EmulatedGemini,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def planned(tasks: str, *flags: str) -> dict[str, Any]:
        file = tmp_path / "planned.yaml"
        file.write_text(tasks, "utf-8")
        assert main(["plan", f"--input={images}", f"--tasks={file}", "--json", *flags]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    row, off = planned(LONG), planned(OFF)
    [cache] = row["caches"]
    assert (cache["why_not"], cache["tasks"]) == ("", ["shade", "thing"])
    saved = Decimal(cache["saved_usd"])
    assert saved > 0
    difference = Decimal(off["cost_usd"]) - Decimal(row["cost_usd"])
    assert float(difference) == pytest.approx(float(saved), rel=0.02)
    assert "cache: off" in off["caches"][0]["why_not"]
    for tasks, why in (
        (LONG.replace("3.1-flash-lite", "4-argon"), "none can be made"),
        (LONG.replace(WORDS, "short"), "below the 1,024 tokens"),
        (LONG.replace("tasks:\n", "service_tier: batch\ntasks:\n", 1), "not pay"),
    ):
        assert why in planned(tasks)["caches"][0]["why_not"]
    finished = classify(images, tasks=LONG)
    forecast, billed = float(row["cost_usd"]), gemini.billed() / 1e9
    assert forecast == pytest.approx(billed, rel=0.2)
    assert finished.cost == gemini.billed()


def test_caches_that_cannot_be_had_are_refused_in_words(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = tmp_path / "tasks.yaml"
    head = "service_tier: batch\ndefaults: {cache: auto}\ntasks:\n"
    tasks.write_text(LONG.replace("tasks:\n", head, 1), "utf-8")
    words = [f"--input={images}", f"--tasks={tasks}", "--gemini=vertex", "--project=p"]
    assert main(["plan", *words]) == 2
    told = capsys.readouterr().err
    assert "cache: auto" in told and "batch jobs on Vertex AI" in told
