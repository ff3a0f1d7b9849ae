"""A long run with all faults at once: `python -m bench.stress.soak --seconds=3600`."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.journal.pictures import make_tiny_pictures
from bench.stress.faults import HEAD, row
from bench.stress.faulty_run import faulty_run
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

ALL: list[dict[str, Any]] = [
    {"kind": "latency", "ms": 400.0, "sigma": 0.6},
    *(
        {"kind": kind, "rate": rate}
        for kind, rate in (
            *(("unavailable", 0.05), ("internal", 0.02), ("deadline", 0.01)),
            *(("rate_limited", 0.01), ("hang", 0.01), ("drop", 0.02), ("cut_body", 0.01)),
            *(("truncated_json", 0.02), ("wrong_items", 0.02), ("zero_based", 0.01)),
            *(("outside_labels", 0.02), ("no_usage", 0.01), ("null_candidate", 0.01)),
            *(("string_counts", 0.01), ("latin1", 0.01), ("bad_charset", 0.01)),
            *(("null_details", 0.01), ("blocked_answer", 0.01), ("max_tokens", 0.01)),
        )
    ),
]
# Four pictures to a request; chosen so that the time is the limit's, not the machine's.
_REQUESTS_PER_MINUTE, _PER_REQUEST = 600, 4


def main() -> int:
    """Print what came of it; exit status 1 where a row is lost or money does not agree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    images = max(100, given.seconds * _REQUESTS_PER_MINUTE * _PER_REQUEST // 60)
    with tempfile.TemporaryDirectory() as place, running_emulator(EmulatorConfig()) as url:
        folder, pictures = Path(place) / "soak", Path(place) / "pictures"
        folder.mkdir()
        make_tiny_pictures(pictures, images)
        found = faulty_run(
            *(folder, pictures, url, ALL, given.seed),
            *(f"--requests_per_minute={_REQUESTS_PER_MINUTE}", "--request_timeout_s=5"),
        )
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|")
    print(row("all faults at once", found))
    quarters = [part for part in _quarters(found.resident) if part]
    medians = ", ".join(f"{statistics.median(part):.0f}" for part in quarters)
    print(f"Memory of the command by quarters of its time, medians in MB: {medians}")
    return int(bool(found.lost or found.beyond))


def _quarters(seconds: Any) -> list[Any]:
    size = len(seconds) // 4
    return [seconds[number * size : (number + 1) * size] for number in range(4)]


if __name__ == "__main__":
    sys.exit(main())
