"""Ask six questions of an archive in five ways, and hold each account against the emulator's bill.

    python -m bench.together FOLDER [FOLDER ...]

Dollars are the emulator's, at list prices. `the script` is `bench/together/script.py`, which sends
the files whose format Gemini takes as they are, so that it asks of fewer of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PACK = 8


def ways() -> dict[str, dict[str, Any]]:
    """The tasks file of each way to ask, by name."""
    six = yaml.safe_load((HERE / "six.yaml").read_text("utf-8"))
    packed = {"defaults": {"images_per_request": PACK}}
    high = {"defaults": {"media_resolution": "high"}}
    return {
        "apart, low": {**six, "together": False},
        f"apart, low, packs of {PACK}": {**six, **packed, "together": False},
        "together, low": six,
        f"together, low, packs of {PACK}": {**six, **packed},
        "together, high": {**six, **high},
    }


@contextmanager
def emulator() -> Iterator[str]:
    """The address of an emulator of one's own."""
    command = [sys.executable, "-m", "tierwise", "emulator", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = next(line for line in process.stdout if "http" in line)
        try:
            yield "http" + line.partition("http")[2].split()[0]
        finally:
            process.terminate()


def bill(url: str, path: str = "bill", method: str = "GET") -> Any:
    """What the emulator has counted."""
    request = urllib.request.Request(f"{url}/emulator/{path}", method=method)
    with urllib.request.urlopen(request) as reply:
        return json.loads(reply.read() or "null")


def run(folder: str, tasks: dict[str, Any], url: str) -> dict[str, Any]:
    """The totals of one run, which agree with the emulator's bill."""
    bill(url, "reset", "POST")
    with tempfile.TemporaryDirectory() as out:
        file = Path(out) / "tasks.yaml"
        file.write_text(yaml.safe_dump(tasks, sort_keys=False), "utf-8")
        words = [f"--input={folder}", f"--tasks={file}", f"--output={out}/out"]
        command = [sys.executable, "-m", "tierwise", "run", *words, f"--gemini_endpoint={url}"]
        subprocess.run(command, check=True, capture_output=True)
        totals: dict[str, Any] = json.loads((Path(out) / "out/run.json").read_text("utf-8"))[
            "totals"
        ]
    billed = bill(url)["total_usd"]
    if Decimal(billed) != Decimal(totals["cost_usd"]):
        raise SystemExit(f"the account says ${totals['cost_usd']}, the bill ${billed}")
    return totals


def main(folders: list[str]) -> None:
    """Print a table for each folder."""
    with emulator() as url:
        for folder in folders:
            print(f"\n{folder}\n{'':32} requests  input tokens  output tokens          USD")
            for name, tasks in ways().items():
                one = run(folder, tasks, url)
                counts = f"{one['requests']:8}  {one['input_tokens']:12}  {one['output_tokens']:13}"
                print(f"{name:32} {counts}  {one['cost_usd']}", flush=True)
            bill(url, "reset", "POST")
            script = [sys.executable, "-m", "bench.together.script", folder, url]
            subprocess.run(script, check=True, capture_output=True)
            one = bill(url)
            counts = f"{one['requests']:8}  {one['input_tokens']:12}  {one['output_tokens']:13}"
            print(f"{'a 40-line script, high':32} {counts}  {one['total_usd']}")


if __name__ == "__main__":
    main(sys.argv[1:])
