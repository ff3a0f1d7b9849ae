"""Batch against flex, in turns: `python -m bench.batches.against_flex`.

The same small pictures with `when` and packs, by commands of their own, against an emulator that
answers at once. So what differs are our passes: listing, recall, gathering, uploading, taking. CPU
is that of the command and its children, without the emulator's.

2026-11-30: 14.4 ms of CPU per image against 10.6 at flex; 0.35 % more dollars, with all rows echoed
5.1 %.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.batches.lives import TASKS, Life, control, dollars, make_pictures
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

_ALL_BY_JOBS = "--batch_fallback=none"
_WAYS = {
    "flex": ("flex", ()),
    "batch": ("batch", (_ALL_BY_JOBS,)),
    "batch, all echoed": ("batch", (_ALL_BY_JOBS, "--batch_echo=all")),
}
HEAD = (
    "asked by",
    "images",
    "answers",
    "wall s",
    "CPU s",
    "CPU ms per image",
    "account",
    "requests",
)


def main() -> int:
    """Print a row for each run; exit status 1 where the two give different answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--only", default="", help="ways, with ; between")
    given = parser.parse_args()
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|", flush=True)
    found = []
    with tempfile.TemporaryDirectory() as place:
        pictures = Path(place) / "one" / "pictures"
        make_pictures(pictures, given.images)
        config = EmulatorConfig(batch_delay_s=0)
        with running_emulator(config) as url:
            for turn in range(given.turns):
                for name, (tier, words) in _WAYS.items():
                    if given.only and name not in given.only.split(";"):
                        continue
                    control(url, "reset", "POST", {})
                    life = Life(Path(place) / "one", url, words, tasks=TASKS.format(tier=tier))
                    life = replace(life, output=f"{place}/{name}-{turn}")
                    print(_measured(life, name), flush=True)
                    found.append(life.values())
    return int(any(values != found[0] for values in found))


def _measured(life: Life, name: str) -> str:
    began = time.monotonic()
    process = life.start()
    _, status, used = os.wait4(process.pid, 0)
    wall, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    if status:
        raise SystemExit(f"it ended with {status}:\n{life.log()[-3000:]}")
    left, requests = life.left(), sum(1 for _ in life.requests())
    if not left.promised:
        raise SystemExit(f"a promise is broken: {left}")
    cells = (name, left.images, left.answers, f"{wall:.1f}", f"{cpu:.1f}")
    more = (f"{1000 * cpu / left.images:.1f}", dollars(left.account), requests)
    return f"| {' | '.join(map(str, (*cells, *more)))} |"


if __name__ == "__main__":
    sys.exit(main())
