"""One run against an emulator that fails in a seeded way, and what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}
"""
_NANO = 9


@dataclass(frozen=True)
class Figures:
    """What came of a run. Money is in nano-dollars; `resident` are megabytes, once a second."""

    status: int
    seconds: float
    images: int
    answers: int
    failures: int
    lost: int
    paid_twice: int
    account: int
    maybe_billed: int
    bill: int
    resident: Sequence[float]

    @property
    def beyond(self) -> int:
        """What was billed and is neither in the account nor among what may have been billed."""
        least, most = self.account, self.account + self.maybe_billed
        return max(0, self.bill - most) - max(0, least - self.bill)


def faulty_run(
    folder: Path, pictures: Path, url: str, faults: Sequence[dict[str, Any]], seed: int, *flags: str
) -> Figures:
    """Ask every picture once; whatever the faults, the run must end by itself."""
    _control(url, "POST", "/emulator/reset", {})
    _control(url, "PUT", "/emulator/faults", {"seed": seed, "faults": list(faults)})
    (folder / "tasks.yaml").write_text(TASKS)
    out = folder / "out"
    command = [
        *(sys.executable, "-m", "tierwise", "run", f"--input={pictures}"),
        *(f"--tasks={folder}/tasks.yaml", f"--output={out}", f"--gemini_endpoint={url}", *flags),
    ]
    began, resident = time.monotonic(), list[float]()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
        while process.poll() is None:
            resident.append(_resident_mb(process.pid))
            time.sleep(1.0)
    seconds = time.monotonic() - began
    if not (out / "costs").exists():
        raise SystemExit((folder / "log").read_text())
    run = json.loads((out / "run.json").read_text("utf-8"))["totals"]
    answers, failures = (list(_names(out, table)) for table in ("answers/*", "failures"))
    images = sum(1 for path in pictures.rglob("*") if path.is_file())
    return Figures(
        status=process.returncode,
        seconds=seconds,
        images=images,
        answers=len(answers),
        failures=len(failures),
        lost=images - len(set(answers) | set(failures)),
        paid_twice=_paid_twice(url),
        account=_nano(run["cost_usd"]),
        maybe_billed=_nano(run["maybe_billed_usd"]),
        bill=_nano(json.loads(_control(url, "GET", "/emulator/bill"))["total_usd"]),
        resident=resident,
    )


def _paid_twice(url: str) -> int:
    """Pictures whose whole reply was billed more than once, though the first had come."""
    lines = map(json.loads, _control(url, "GET", "/emulator/requests").splitlines())
    whole = (line for line in lines if line["status"] == 200 and not line.get("fault"))
    paid = Counter(image for line in whole for image in line["images"])
    return sum(times - 1 for times in paid.values())


def _names(out: Path, table: str) -> Iterator[str]:
    for path in out.glob(f"{table}/*.parquet"):
        yield from pq.ParquetFile(path).read(["uri"]).column("uri").to_pylist()


def _nano(usd: str) -> int:
    return int(Decimal(usd).scaleb(_NANO))


def _resident_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _control(url: str, method: str, path: str, document: object = None) -> bytes:
    data = None if document is None else json.dumps(document).encode()
    with urlopen(Request(url + path, data, method=method), timeout=120) as reply:
        body: bytes = reply.read()
    return body
