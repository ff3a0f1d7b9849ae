"""Kill a run in batch and start it again, until all is done: `python -m bench.batches.kills`.

SIGKILL to the command and all its processes: at random moments, and at each change that is seen in
`journal/batches/jobs`, of which every start is killed at its first. Then SIGTERM and Ctrl-C while
jobs are under way, which must leave them alone. The emulator outlives all. Exit status 1 where a
row is lost or twice, a job was created twice, or money does not agree.

2026-11-30: 44 kills, two signals; nothing lost, created twice or paid twice; account = bill.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.batches.lives import Left, Life, dollars, end, make_pictures
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

# Whatever later rounds leave is a job as well, or half of the states would hardly be seen.
_ALL_BY_JOBS = "--batch_fallback=none"
_DELAY_S = 1.5
_LONGEST_S = 25.0
_MOST_STARTS = 120
HEAD = (
    *("stopped", "starts", "kills", "images", "answers", "lost or twice", "jobs", "created twice"),
    *("pictures paid twice", "account", "maybe billed", "bill", "jobs left there", "parts left"),
)


def main() -> int:
    """Print a row for each way to stop a run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20, help="at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    ways = {
        "at random": lambda life: _at_random(life, given.kills, random.Random(given.seed)),
        "at each change": _at_each_change,
        "SIGTERM": lambda life: _interrupted(life, signal.SIGTERM),
        "Ctrl-C": lambda life: _interrupted(life, signal.SIGINT),
    }
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|", flush=True)
    broken = False
    for name, way in ways.items():
        if given.only not in name:
            continue
        config = EmulatorConfig(batch_delay_s=_DELAY_S)
        with tempfile.TemporaryDirectory() as place, running_emulator(config) as url:
            life = Life(Path(place), url, (_ALL_BY_JOBS,))
            make_pictures(life.pictures, given.images)
            starts, kills, seen = way(life)
            left = life.left()
            print(row(name, starts, kills, left), flush=True)
            if seen:
                print("  ", seen, flush=True)
            broken = broken or not left.promised or bool(left.paid_twice or left.maybe_billed)
    return int(broken)


def _at_random(life: Life, kills: int, chance: random.Random) -> tuple[int, int, str]:
    """One archive after another would tell as much; this one grows until kills are used up."""
    starts = killed = 0
    while killed < kills:
        starts += 1
        process = life.start()
        wait = time.monotonic() + chance.uniform(0.5, _LONGEST_S)
        while process.poll() is None and time.monotonic() < wait:
            time.sleep(0.02)
        if process.poll() is not None:
            _must_be_well(life, process.returncode)
            _grow(life)
            continue
        end(process, signal.SIGKILL)
        killed += 1
    return _finished(life, starts), killed, ""


def _grow(life: Life) -> None:
    """Add pictures, so that there is something to ask again."""
    images = len(list(life.pictures.iterdir()))
    more = life.folder / "more"
    make_pictures(more, images + 40)
    for path in sorted(more.iterdir())[images:]:
        path.rename(life.pictures / path.name)
    for path in more.iterdir():
        path.unlink()
    more.rmdir()


def _at_each_change(life: Life) -> tuple[int, int, str]:
    """Every start is killed as soon as a job's record says what that job's never said before."""
    starts, kills, seen = 0, 0, set[tuple[str, str]]()
    while starts < _MOST_STARTS:
        starts += 1
        process = life.start()
        while process.poll() is None and (now := set(life.standings().items())) <= seen:
            time.sleep(0.001)
        if process.poll() is not None:
            _must_be_well(life, process.returncode)
            break
        end(process, signal.SIGKILL)
        kills += 1
        seen |= now | set(life.standings().items())
    states = Counter(state for _, state in seen)
    told = ", ".join(f"{state} {times}" for state, times in sorted(states.items()))
    return starts, kills, f"changes that were killed at: {told}"


def _interrupted(life: Life, how: signal.Signals) -> tuple[int, int, str]:
    """Stop it while jobs are under way; nobody may cancel them."""
    process = life.start()
    while process.poll() is None and "name" not in life.standings().values():
        time.sleep(0.01)
    status = end(process, how)
    time.sleep(2 * _DELAY_S)
    states = sorted({job["state"] for job in life.jobs()})
    return 1 + _finished(life, 0), 0, f"status {status}, jobs then: {', '.join(states)}"


def _finished(life: Life, starts: int) -> int:
    _must_be_well(life, life.finish())
    return starts + 1


def _must_be_well(life: Life, status: int | None) -> None:
    if status:
        raise SystemExit(f"a run that was not killed ended with {status}:\n{life.log()[-3000:]}")


def row(name: str, starts: int, kills: int, left: Left) -> str:
    """A row of the table."""
    cells = (
        *(name, starts, kills, left.images, left.answers, left.lost, left.jobs, left.twice),
        *(left.paid_twice, dollars(left.account), dollars(left.maybe_billed)),
        *(dollars(left.bill), left.at_service, left.parts),
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
