"""The real `tierwise optimize` over many photographs, beside scripts of two threads.

`python -m bench.images.whole_command --photographs=500 --side=768 --rounds=3`; files in, files out,
ways taking turns; wall and CPU of the whole process with its children (`wait4`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.asking.measuring import Spent, measure
from bench.images.limit import NoLimitError, compile_limit
from bench.images.surroundings import surroundings
from bench.whole_job.photographs import make_photographs

_ROOT = Path(__file__).parents[2]
_HEAD = "way | images/s | wall s | CPU ms per image | peak PSS MB | of the script | of the limit"
_PATH = os.pathsep.join((str(_ROOT), str(_ROOT / "bench" / "asking" / "as_installed")))
_TIMEOUT_S = 600.0


def main() -> None:
    """Print a row per way: medians, and the range over the rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photographs", type=int, default=500)
    parser.add_argument("--side", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default="tierwise,recipe,pyvips,limit")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photographs(folder / "in", given.photographs)
        commands = _commands(folder, given.side, given.ways.split(","))
        spent: dict[str, list[Spent]] = {way: [] for way in commands}
        print(surroundings())
        for _ in range(given.rounds):
            for way, command in commands.items():
                spent[way].append(_run(command, folder / "out", given.photographs))
        print(surroundings())
    _print(spent, given.photographs)


def _commands(folder: Path, side: int, ways: Sequence[str]) -> dict[str, list[str]]:
    source, target = str(folder / "in"), str(folder / "out")
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    folders = [f"--input={source}", f"--output={target}"]
    found = {"tierwise": [tierwise, "optimize", *folders, f"--max_side={side}"]}
    scripts = {"recipe": "recipe", "pyvips": "pyvips"}
    try:
        scripts["limit"] = str(compile_limit())
    except NoLimitError as error:
        print(f"no limit: {error}")
    for way, argument in scripts.items():
        script = [sys.executable, "-m", "bench.images.plain_script"]
        found[way] = [*script, argument, source, target, str(side)]
    return {way: found[way] for way in ways if way in found}


def _run(command: Sequence[str], target: Path, wanted: int) -> Spent:
    spent = measure(command, environment={"PYTHONPATH": _PATH}, timeout_s=_TIMEOUT_S)
    written = sum(path.suffix == ".jpg" for path in target.rglob("*"))
    shutil.rmtree(target, ignore_errors=True)
    if spent.status or written != wanted:
        raise SystemExit(f"{command[0]}: status {spent.status}, {written} files\n{spent.output}")
    return spent


def _print(spent: Mapping[str, Sequence[Spent]], photographs: int) -> None:
    speeds = {way: [photographs / one.wall_s for one in runs] for way, runs in spent.items()}
    middle = {way: statistics.median(values) for way, values in speeds.items()}
    print("|", _HEAD, "|")
    print("|", " | ".join("---" for _ in _HEAD.split("|")), "|")
    for way, runs in spent.items():
        cpu = sorted(one.cpu_s * 1000 / photographs for one in runs)
        ratios = [_ratio(middle, way, other) for other in ("recipe", "limit")]
        print(
            f"| {way} | {middle[way]:.1f} ({min(speeds[way]):.1f} to {max(speeds[way]):.1f}) | "
            f"{statistics.median(one.wall_s for one in runs):.1f} | "
            f"{statistics.median(cpu):.1f} ({cpu[0]:.1f} to {cpu[-1]:.1f}) | "
            f"{statistics.median(one.pss_mb for one in runs):.0f} | {' | '.join(ratios)} |"
        )


def _ratio(middle: Mapping[str, float], way: str, other: str) -> str:
    return f"{middle[way] / middle[other]:.2f}" if other in middle else ""


if __name__ == "__main__":
    main()
