"""Short commands from outside, beside imports that none of them can do without.

`python -m bench.starts [--rounds=7]` prints medians, and the least and the most in brackets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.asking.measuring import serving
from bench.asking.pictures import make_pictures
from bench.asking.stub import Behaviour

_PICTURES = 10
_TASKS = """\
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which category fits this picture best?
    labels: [landscape, city, animal, people, abstract, document]
"""
# Of the modules that only our tests install, Beam imports pandas where it finds it.
_AS_INSTALLED = str(Path(__file__).parents[1] / "asking/as_installed")


class Spent(NamedTuple):
    """Seconds of a command and of all that it started."""

    wall_s: float
    cpu_s: float


def commands(folder: Path, url: str) -> Mapping[str, Sequence[str]]:
    """What is measured, by name; `run again` finds what `run` has left."""
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    pictures, tasks = f"--input={folder / 'pictures'}", f"--tasks={folder / 'tasks.yaml'}"
    asking = [tierwise, "run", pictures, tasks, f"--gemini_endpoint={url}"]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import apache_beam": [sys.executable, "-c", "import apache_beam"],
        "import google.genai, aiohttp": [sys.executable, "-c", "import google.genai, aiohttp"],
        "tierwise --help": [tierwise, "--help"],
        "tierwise plan": [tierwise, "plan", pictures, tasks],
        "tierwise optimize": [tierwise, "optimize", pictures, f"--output={folder / 'smaller'}"],
        "tierwise run": [*asking, f"--output={folder / 'out'}"],
        "tierwise run again": [*asking, f"--output={folder / 'out'}"],
    }


def one_round(pictures: Path, url: str) -> dict[str, Spent]:
    """Each command once, in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pictures").symlink_to(pictures)
        (folder / "tasks.yaml").write_text(_TASKS, encoding="utf-8")
        return {name: _spent(command) for name, command in commands(folder, url).items()}


def _spent(command: Sequence[str]) -> Spent:
    path = os.pathsep.join([_AS_INSTALLED, os.environ.get("PYTHONPATH", "")])
    # Installing compiles, and so does the first round here.
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""}
    began = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Spent(time.monotonic() - began, usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    count = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place, serving(Behaviour(sigma=0)) as url:
        pictures = Path(place)
        make_pictures(pictures, _PICTURES)
        one_round(pictures, url)  # warms up
        rounds = [one_round(pictures, url) for _ in range(count)]
    print("| command | wall, s | CPU, s |\n|---|---|---|")
    for name in rounds[0]:
        walls, cpus = zip(*(one[name] for one in rounds), strict=True)
        print(f"| `{name}` | {_spread(walls)} | {_spread(cpus)} |")


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
