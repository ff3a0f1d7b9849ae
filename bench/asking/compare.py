"""Every way through every scenario, in one run: `python -m bench.asking.compare`.

Ways: `ours`, `plain_asyncio`, `thread_pool`; those of `rivals/` run under the interpreter that
`--rivals_python` names.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.dataset

from bench.asking.measuring import Spent, counts, measure, serving
from bench.asking.pictures import make_pictures
from bench.asking.scenarios import SCENARIOS, Scenario

HEAD = (
    "scenario | way | images/s | wall s | CPU ms per image | peak PSS MB | delivered | paid | "
    "paid again | requests | quota used | status"
)
_ROOT = Path(__file__).parents[2]
_AS_INSTALLED = Path(__file__).parent / "as_installed"
_PACKS = {"ours", "ours_without_journal"}


def main() -> None:
    """Print a row per scenario and way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ways", default="plain_asyncio,ours,thread_pool")
    parser.add_argument("--scenarios", default="", help="numbers from 0, or all")
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rivals_python", default=".venv-rivals/bin/python")
    parser.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "asking_bench"))
    given = parser.parse_args()
    wanted = [int(number) for number in given.scenarios.split(",") if number]
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|", flush=True)
    for scenario in [SCENARIOS[i] for i in wanted] or SCENARIOS:
        for _ in range(given.rounds):
            for way in given.ways.split(","):
                if scenario.pack == 1 or way in _PACKS:
                    _run(scenario, way, given)


def _run(scenario: Scenario, way: str, given: argparse.Namespace) -> None:
    wanted = given.pictures or scenario.pictures
    folder = Path(given.folder)
    pictures = folder / f"pictures-{wanted}"
    make_pictures(pictures, wanted)
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    with serving(scenario.behaviour) as url:
        command = [
            *_program(way, given),
            f"--pictures={pictures}",
            f"--out={out}",
            f"--url={url}",
            f"--in_flight={scenario.in_flight}",
            f"--pack={scenario.pack}",
            f"--timeout_s={scenario.timeout_s}",
        ]
        path = os.pathsep.join(map(str, (_ROOT, _AS_INSTALLED)))
        spent = measure(command, environment={"PYTHONPATH": path}, timeout_s=120)
        seen = counts(url)
    if spent.status not in (0, 3):
        print(spent.output[-1500:], file=sys.stderr)
    print("|", " | ".join(_cells(scenario, way, wanted, spent, seen, out)), "|", flush=True)


def _program(way: str, given: argparse.Namespace) -> list[str]:
    if (Path(__file__).parent / "rivals" / f"{way}.py").exists():
        return [given.rivals_python, "-m", f"bench.asking.rivals.{way}"]
    return [sys.executable, "-m", f"bench.asking.ways.{way}"]


def _cells(
    scenario: Scenario, way: str, wanted: int, spent: Spent, seen: dict[str, Any], out: Path
) -> list[str]:
    quota = scenario.behaviour.per_second
    accepted = seen["requests"] - seen["statuses"].get("429", 0)
    used = accepted / (quota * seen["accepted_span_s"]) if quota else None
    return [
        scenario.name,
        way,
        f"{seen['images_paid'] / max(seen['span_s'], 1e-9):.1f}",
        f"{spent.wall_s:.1f}",
        f"{spent.cpu_s * 1000 / wanted:.2f}",
        f"{spent.pss_mb:.0f}",
        str(_delivered(out)),
        str(seen["answers_paid"]),
        str(seen["paid_again"]),
        str(seen["requests"]),
        f"{used:.1%}" if used else "",
        "killed" if spent.status < 0 else str(spent.status),
    ]


def _delivered(out: Path) -> int:
    if (out / "answers.json").exists():
        return sum(map(bool, json.loads((out / "answers.json").read_text()).values()))
    answers = out / "answers"
    return pyarrow.dataset.dataset(answers).count_rows() if answers.exists() else 0


if __name__ == "__main__":
    main()
