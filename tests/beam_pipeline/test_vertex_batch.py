"""A run in batch on Vertex AI, with nothing else than the emulator and its buckets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from tests.beam_pipeline.conftest import Finished
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
"""


def test_the_account_is_the_bill_at_the_price_of_batch(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    buckets = tmp_path / "buckets"
    for name in ("archive", "results"):
        (buckets / name).mkdir(parents=True)
    for number in range(40):
        (buckets / "archive" / f"{number}.jpg").write_bytes(draw(number))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    with running_emulator(EmulatorConfig(bucket=str(buckets))) as url:
        # In a process of its own: one process connects to but one store.
        command = [
            *(sys.executable, "-m", "tierwise", "run", "--input=gs://archive/"),
            *(f"--tasks={tmp_path / 'tasks.yaml'}", "--output=gs://results/out"),
            *("--gemini=vertex", "--gemini_project=p", f"--gemini_endpoint={url}"),
            *("--service_tier=batch", "--batch_fallback=none"),
        ]
        environment = {**os.environ, "STORAGE_EMULATOR_HOST": url}
        ended = subprocess.run(command, env=environment, check=False, capture_output=True)
        assert ended.returncode == 0, ended.stderr.decode()
        with urlopen(f"{url}/emulator/requests", timeout=20) as reply:
            asked = [json.loads(line) for line in reply]
        with urlopen(f"{url}/emulator/bill", timeout=20) as reply:
            bill = json.load(reply)["total_usd"]
    finished = Finished(0, buckets / "results" / "out")
    assert {line["service_tier"] for line in asked} == {"batch"}
    assert finished.run["totals"]["cost_usd"] == bill
    assert finished.cost > 0
    assert {row["service_tier"] for row in finished.answers()} == {"batch"}
    assert len(finished.answers()) == 40
