"""Mutated real pictures, for so many seconds: `python tests/fuzz_images.py 60 [SEED]`.

Every case must end as a `Picture` or an `ImageError`, in bounded time. Cases run in a child process
that announces each before it tries it, so that one that kills a decoder is named with what rebuilds
it. Exit status 1 when there is such a case.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings

DATA = Path(__file__).parents[2] / "shared" / "data"
LARGEST = 400_000
SLOWEST_SECONDS = 45.0
SIDES = (16, 256, 768, 2000)


def main() -> int:
    """Run children until the time is over; one that dies is reported and followed by another."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000
    until = time.monotonic() + seconds
    broken = 0
    while (left := until - time.monotonic()) > 1:
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(left), str(seed)],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        *cases, last = done.stdout.splitlines() or ["nothing was tried"]
        if done.returncode == 0:
            print(last)
            break
        broken += 1
        print(f"exit status {done.returncode} at {last}", flush=True)
        seed += len(cases) + 1
    print(f"{broken} cases broke the rule")
    return 1 if broken else 0


def child(seconds: float, seed: int) -> None:
    """Try case after case, announcing each."""
    files = [path for path in sorted(DATA.rglob("*")) if _usable(path)]
    if not files:
        raise SystemExit(f"no files below {DATA}: the shared real files are needed")
    until, tried, outcomes = time.monotonic() + seconds, 0, Counter[str]()
    while time.monotonic() < until:
        dice = random.Random(seed + tried)
        path = dice.choice(files)
        print(f"seed {seed + tried}: {path.relative_to(DATA)}", flush=True)
        outcomes[_try(_mutated(path.read_bytes(), dice), path.name, dice)] += 1
        tried += 1
    print(f"{tried} cases from seed {seed}: {dict(outcomes)}")


def _usable(path: Path) -> bool:
    inside = {"archive", "hostile"} & set(path.parts)
    return bool(inside) and path.is_file() and 0 < path.stat().st_size <= LARGEST


def _mutated(data: bytes, dice: random.Random) -> bytes:
    """Flip bytes, mostly near the start where headers are; cut, repeat or drop stretches."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 40))):
        at = dice.randrange(min(len(changed), dice.choice((64, 1024, len(changed)))) or 1)
        changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    start = dice.randrange(len(changed))
    stop = min(len(changed), start + dice.randrange(1, 2048))
    kind = dice.randrange(6)
    if kind == 0:
        del changed[start:]
    elif kind == 1:
        del changed[start:stop]
    elif kind == 2:
        changed[start:start] = changed[start:stop]
    return bytes(changed)


def _try(data: bytes, name: str, dice: random.Random) -> str:
    limits = Limits(seconds=10, accept_truncated=dice.random() < 0.3)
    frames = dice.choice(("first", "middle", 3))
    settings = ImageSettings(dice.choice(SIDES), frames=frames)
    started = time.monotonic()
    try:
        source = inspect(data, name=name, limits=limits, frames=frames)
        page = dice.randint(1, source.pages)
        picture = optimize(data, name=name, page=page, settings=settings, limits=limits)
    except ImageError as error:
        outcome = error.reason.value
    else:
        outcome = source.format
        if max(picture.width, picture.height) > settings.max_side or not picture.data:
            raise AssertionError(f"{picture.width} × {picture.height} px, asked {settings}")
    if time.monotonic() - started > SLOWEST_SECONDS:
        raise AssertionError(f"took {time.monotonic() - started:.0f} seconds")
    return outcome


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(float(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main())
