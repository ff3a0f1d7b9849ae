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
_INSTALL = "bench/asking/rivals/install.sh"
_RIVALS = _ROOT / ".venv-rivals" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Pictures, how many of them, requests in flight, latency, and whom we are measured against."""

    name: str
    make: Callable[[Path, int], None]
    pictures: int
    in_flight: int
    behaviour: Behaviour
    ways: tuple[str, ...]


_OURS = "asking.ways.ours"
_RECIPE = "whole_job.ways.plain_recipe"
_PHOTOGRAPHS = (
    *(_OURS, "whole_job.ways.ours_without_thumbnails"),
    *(_RECIPE, "whole_job.ways.plain_recipe_colours", "whole_job.ways.plain_pyvips"),
)
_DAFT = (_OURS, _RECIPE, "asking.rivals.daft_prompt", "whole_job.rivals.daft_shrinking")
SCENARIOS = {
    "photographs": Scenario(
        *("12 MP to 768, 128 in flight", make_photographs, 2000, 128), *(Behaviour(), _PHOTOGRAPHS)
    ),
    "daft": Scenario("12 MP, 500 of them", make_photographs, 500, 128, Behaviour(), _DAFT),
    "small": Scenario(
        *("40 KB, 64 in flight", make_pictures, 2000, 64),
        *(Behaviour(), (_OURS, "asking.ways.plain_asyncio")),
    ),
    "many": Scenario(
        *("40 KB, 64 in flight, five times as many", make_pictures, 10000, 64),
        *(Behaviour(), (_OURS,)),
    ),
    "fast": Scenario(
        *("40 KB, 256 in flight, 200 ms", make_pictures, 2000, 256),
        *(Behaviour(mean_ms=200.0), (_OURS, "asking.ways.plain_asyncio")),
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
    names = given.scenarios.split(",")
    cpu = {name: _compare(SCENARIOS[name], given) for name in names}
    if not given.pictures and cpu.keys() >= {"small", "many"}:
        few, many = SCENARIOS["small"].pictures, SCENARIOS["many"].pictures
        marginal = (cpu["many"] * many - cpu["small"] * few) / (many - few)
        print(f"of ours, between {few:,} and {many:,} pictures: {marginal:.1f} CPU ms per image")


def _compare(scenario: Scenario, given: argparse.Namespace) -> float:
    """Print the rows of a scenario; gives our CPU milliseconds per image."""
    wanted = given.pictures or scenario.pictures
    pictures = Path(given.folder) / f"{scenario.make.__name__}-{wanted}"
    scenario.make(pictures, wanted)
    ways = _ways(scenario, given.ways.split(","))
    turns: dict[str, list[Turn]] = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way in ways:
            turns[way].append(_turn(way, scenario, pictures, wanted))
            print(f"{way}: {turns[way][-1]}", file=sys.stderr, flush=True)
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
    return statistics.median(turn.cpu for turn in turns[ours])


def _ways(scenario: Scenario, wished: Sequence[str]) -> list[str]:
    found = [way for way in scenario.ways if wished == [""] or way.split(".")[-1] in wished]
    if not all(Path(_interpreter(way)).exists() for way in found):
        print(f"without other tools, which `sh {_INSTALL}` installs")
        return [way for way in found if Path(_interpreter(way)).exists()]
    return found


def _interpreter(way: str) -> str:
    return str(_RIVALS) if ".rivals." in way else sys.executable


def _turn(way: str, scenario: Scenario, pictures: Path, wanted: int) -> Turn:
    out = pictures.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    with serving(scenario.behaviour) as url:
        command = [
            *(_interpreter(way), "-m", f"bench.{way}"),
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
