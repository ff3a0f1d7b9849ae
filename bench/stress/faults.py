"""Two thousand pictures against each kind of failing service: `python -m bench.stress.faults`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.journal.pictures import make_tiny_pictures
from bench.stress.faulty_run import Figures, faulty_run
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "no fault": [],
    "20 % of 503": [{"kind": "unavailable", "rate": 0.2}],
    "5 % hang": [{"kind": "hang", "rate": 0.05}],
    "5 % drop": [{"kind": "drop", "rate": 0.05}],
    "5 % malformed": [{"kind": "truncated_json", "rate": 0.05}],
}
_LATENCY: dict[str, Any] = {"kind": "latency", "ms": 50.0, "sigma": 0.5}
_TIMEOUT_S = 5
HEAD = " | ".join(
    (
        *("service", "status", "s", "answers", "failures", "lost", "paid twice"),
        *("account", "maybe", "bill", "beyond"),
    )
)


def main() -> int:
    """Print a row per scenario; exit status 1 where a row is lost or money does not agree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|", flush=True)
    broken = False
    with tempfile.TemporaryDirectory() as place, running_emulator(EmulatorConfig()) as url:
        pictures = Path(place) / "pictures"
        make_tiny_pictures(pictures, given.images)
        for number, (name, faults) in enumerate(SCENARIOS.items()):
            folder = Path(place) / str(number)
            folder.mkdir()
            found = faulty_run(
                *(folder, pictures, url, [_LATENCY, *faults], given.seed),
                f"--request_timeout_s={_TIMEOUT_S}",
            )
            print(row(name, found), flush=True)
            broken = broken or bool(found.lost or found.paid_twice or found.beyond)
    return int(broken)


def row(name: str, found: Figures) -> str:
    """One line of the table; `beyond` is what neither the account nor `maybe` knows of the bill."""
    money = (found.account, found.maybe_billed, found.bill, found.beyond)
    cells = [name, str(found.status), f"{found.seconds:.0f}", str(found.answers)]
    cells += [str(found.failures), str(found.lost), str(found.paid_twice)]
    cells += [f"${Decimal(nano).scaleb(-9):f}" for nano in money]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
