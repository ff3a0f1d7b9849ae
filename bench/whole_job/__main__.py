"""The whole command beside scripts that one would write instead: `python -m bench.whole_job`.

Ways take turns, A B A B, in one run; each is a process of its own, seen from outside. The table has
medians, and behind them the least and the most.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bench.asking.measuring import counts, measure, serving
from bench.asking.pictures import make_pictures
from bench.asking.stub import Behaviour
from bench.whole_job.photographs import make_photographs

HEAD = "what | way | span images/s | wall s | CPU ms per image | peak PSS MB | KB sent per image"
_ROOT = Path(__file__).parents[2]
_AS_INSTALLED = _ROOT / "bench" / "asking" / "as_installed"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Pictures, how many of them, requests in flight, latency, and whom we are measured against."""

    name: str
    make: Callable[[Path, int], None]
    pictures: int
    in_flight: int
    behaviour: Behaviour
    ways: tuple[str, ...]


_RECIPES = ("whole_job.ways.plain_recipe", "whole_job.ways.plain_recipe_colours")
SCENARIOS = {
    "photographs": Scenario(
        *("12 MP to 768, 128 in flight", make_photographs, 2000, 128),
        *(Behaviour(), ("asking.ways.ours", *_RECIPES)),
    ),
    "small": Scenario(
        *("40 KB, 64 in flight", make_pictures, 2000, 64),
        *(Behaviour(), ("asking.ways.ours", "asking.ways.plain_asyncio")),
    ),
    "fast": Scenario(
        *("40 KB, 256 in flight, 200 ms", make_pictures, 2000, 256),
        *(Behaviour(mean_ms=200.0), ("asking.ways.ours", "asking.ways.plain_asyncio")),
    ),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one start of one way took."""

    span: float
    wall: float
    cpu: float
    memory: float
    sent: float


def main() -> None:
    """Print a row per scenario and way, and how ours compares with each other way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default="", help="the last words of their modules")
    parser.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "whole_job_bench"))
    given = parser.parse_args()
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|", flush=True)
    for name in given.scenarios.split(","):
        _compare(SCENARIOS[name], given)


def _compare(scenario: Scenario, given: argparse.Namespace) -> None:
    wanted = given.pictures or scenario.pictures
    pictures = Path(given.folder) / f"{scenario.make.__name__}-{wanted}"
    scenario.make(pictures, wanted)
    ways = [one for one in scenario.ways if not given.ways or one.split(".")[-1] in given.ways]
    turns: dict[str, list[Turn]] = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way in ways:
            turns[way].append(_turn(way, scenario, pictures, wanted))
    ours, *others = ways
    for way in ways:
        name = way.rpartition(".")[2]
        print("|", " | ".join([scenario.name, name, *map(_cell, _columns(turns[way]))]), "|")
    for way in others:
        mine, theirs = (
            [statistics.median(column) for column in _columns(turns[one])] for one in (ours, way)
        )
        print(
            f"ours beside {way.rpartition('.')[2]}: span {mine[0] / theirs[0]:.2f}, "
            f"wall {theirs[1] / mine[1]:.2f}, CPU {mine[2] / theirs[2]:.2f}x; "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def _turn(way: str, scenario: Scenario, pictures: Path, wanted: int) -> Turn:
    out = pictures.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    with serving(scenario.behaviour) as url:
        command = [
            *(sys.executable, "-m", f"bench.{way}"),
            *(f"--pictures={pictures}", f"--out={out}", f"--url={url}"),
            *(f"--in_flight={scenario.in_flight}", "--pack=1", "--timeout_s=120"),
        ]
        path = os.pathsep.join(map(str, (_ROOT, _AS_INSTALLED)))
        spent = measure(command, environment={"PYTHONPATH": path}, timeout_s=900)
        seen = counts(url)
    if spent.status or seen["answers_paid"] != wanted:
        print(spent.output[-2000:], file=sys.stderr)
        raise SystemExit(f"{way}: status {spent.status}, {seen['answers_paid']} of {wanted} asked")
    return Turn(
        seen["answers_paid"] / seen["span_s"],
        spent.wall_s,
        spent.cpu_s * 1000 / wanted,
        spent.pss_mb,
        seen["body_bytes"] / wanted / 1000,
    )


def _columns(turns: Sequence[Turn]) -> list[list[float]]:
    names = [one.name for one in fields(Turn)]
    return [[getattr(turn, name) for turn in turns] for name in names]


def _cell(values: Sequence[float]) -> str:
    middle = statistics.median(values)
    digits = 1 if middle < 100 else 0
    spread = f" ({min(values):.{digits}f} to {max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{middle:.{digits}f}{spread}"


if __name__ == "__main__":
    main()
