"""What a run leaves under each fault of the emulator: `python -m bench.asking.faults`.

Each fault alone and all together, at 1 %, 20 % and 100 % of the requests. Every run must end, its
rows must add up to its images and its account to the emulator's bill, or this breaks off.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image

from tierwise.beam_pipeline.__main__ import main as tierwise
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}
"""
PASSING: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limited", "retry_after_s": 0.2},
    {"kind": "internal"},
    {"kind": "unavailable"},
    {"kind": "deadline"},
    {"kind": "hang"},
    {"kind": "drop"},
    {"kind": "blocked_prompt"},
    {"kind": "blocked_answer"},
    {"kind": "truncated_json"},
    {"kind": "max_tokens"},
    {"kind": "wrong_items", "how": "missing"},
    {"kind": "outside_labels"},
    {"kind": "bad_image"},
)
ENDING: tuple[dict[str, Any], ...] = (
    {"kind": "daily_quota"},
    {"kind": "spend_limit"},
    {"kind": "unauthorized"},
    {"kind": "forbidden"},
    {"kind": "model_gone"},
)
SHARES = (0.01, 0.2, 1.0)
HEAD = (
    "fault | share | answers | failures | requests | billed $ | account $ | without an answer $ | "
    "maybe billed $ | seconds | exit status"
)
FLAGS = ("--requests_in_flight=16", "--request_timeout_s=5", "--give_up_after_s=10")


def main() -> None:
    """Print a row per fault and share."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=200)
    images = parser.parse_args().images
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|", flush=True)
    with tempfile.TemporaryDirectory() as folder, running_emulator(EmulatorConfig()) as url:
        pictures = Path(folder) / "pictures"
        _draw(pictures, images)
        (Path(folder) / "tasks.yaml").write_text(TASKS)
        for share in SHARES:
            for fault in (*PASSING, *ENDING):
                _row(fault["kind"], share, [{**fault, "rate": share}], url, pictures, images)
            _row("all that pass, mixed", share, _mixed(share), url, pictures, images)


def _mixed(share: float) -> list[dict[str, Any]]:
    """Faults of which each takes its part of what the ones before it leave."""
    left = range(len(PASSING), 0, -1)
    taken, rates = 0.0, []
    for parts in left:
        rate = (share - taken) / parts / (1 - taken)
        rates.append(rate)
        taken += rate * (1 - taken)
    return [{**fault, "rate": rate} for fault, rate in zip(PASSING, rates, strict=True)]


def _row(
    name: str,
    share: float,
    faults: Sequence[dict[str, Any]],
    url: str,
    pictures: Path,
    images: int,
) -> None:
    _control(url, "POST", "reset", {})
    _control(url, "PUT", "faults", {"seed": 5, "faults": faults})
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--input={pictures}", f"--output={folder}", f"--gemini_endpoint={url}"]
        words.append(f"--tasks={pictures.parent / 'tasks.yaml'}")
        began, said = time.monotonic(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = tierwise(["run", *words, *FLAGS])
        seconds = time.monotonic() - began
        run = json.loads((Path(folder) / "run.json").read_text())
    bill = json.loads(_control(url, "GET", "bill"))
    _check(name, run, Decimal(bill["total_usd"]), images)
    task, totals = run["tasks"]["shade"], run["totals"]
    failures = ", ".join(f"{rows} {reason}" for reason, rows in run["failures"].items())
    sent = len(_control(url, "GET", "requests").splitlines())
    cells = [name, f"{share:.0%}", task["answers"], failures, sent, bill["total_usd"]]
    cells += [totals["cost_usd"], totals["wasted_usd"], totals["maybe_billed_usd"]]
    print("|", " | ".join(map(str, [*cells, f"{seconds:.0f}", status])), "|", flush=True)


def _check(name: str, run: dict[str, Any], billed: Decimal, images: int) -> None:
    task, totals = run["tasks"]["shade"], run["totals"]
    if not images == task["asked"] == task["answers"] + sum(run["failures"].values()):
        raise RuntimeError(f"{name}: rows do not add up: {task}, {run['failures']}")
    cost = Decimal(totals["cost_usd"])
    # What was billed for a reply that never came is within what may have been.
    if not cost <= billed <= cost + Decimal(totals["maybe_billed_usd"]):
        raise RuntimeError(f"{name}: {billed} was billed, but the account says {totals}")


def _control(url: str, method: str, path: str, document: object = None) -> bytes:
    data = None if document is None else json.dumps(document).encode()
    with urlopen(Request(f"{url}/emulator/{path}", data, method=method), timeout=20) as reply:
        found: bytes = reply.read()
    return found


def _draw(folder: Path, count: int) -> None:
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(count):
        pixels = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((64, 48)).save(folder / f"{number:03}.jpg")


if __name__ == "__main__":
    main()
