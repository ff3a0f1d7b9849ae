"""All faults of batch jobs at once, at both services: `python -m bench.batches.all_faults`.

Small pictures with `when` and packs. The same command is given until it leaves nothing to be asked
again. Each answer is held against that of a run at flex without faults, for the emulator answers a
picture alike in every pack and tier. Exit status 1 where a row is lost or money does not agree, or
where an answer is misplaced although all rows were echoed.

2026-11-30: nothing lost, no job twice, the bill within account and what may have been billed; with
all rows echoed 0 misplaced, with a sample 36 and 53 of 3,218.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.batches.lives import TASKS, Left, Life, control, dollars, make_pictures
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

_MOST_STARTS = 10
_REFUSED = [
    {"kind": "batch_refused", "call": call, "rate": 0.1, "status": 503, "message": "Unavailable."}
    for call in ("upload", "files", "get", "list", "delete", "download")
]
_ENDS: Sequence[dict[str, Any]] = [
    {"kind": kind, "after": 3 * after - 1, "count": 1, **settings}
    for after, (kind, settings) in enumerate(
        (
            ("batch_partial", {"answered": 0.5}),
            ("batch_cancelled", {"answered": 0.3}),
            ("batch_results_gone", {}),
            ("batch_expired", {"answered": 0.2}),
            ("batch_failed", {"answered": 0.0}),
        ),
        start=1,
    )
]
_ROWS = [
    *(
        {"kind": kind, "share": 0.01}
        for kind in (
            *("batch_rows_swapped", "batch_row_missing", "batch_row_doubled", "batch_row_error"),
            *("batch_row_no_usage", "batch_key_lost"),
        )
    ),
    *(
        {"kind": kind, "rate": 0.01}
        for kind in (
            *("blocked_answer", "max_tokens", "truncated_json", "outside_labels", "no_usage"),
            *("null_candidate", "wrong_items", "empty_stop", "internal", "string_counts"),
        )
    ),
]
FAULTS: Sequence[Mapping[str, Any]] = [
    *_REFUSED,
    {"kind": "batch_refused", "call": "create", "rate": 0.1, "status": 429},
    {"kind": "batch_reply_lost", "call": "create", "rate": 0.2},
    {"kind": "batch_line_refused", "count": 1},
    {"kind": "batch_slow", "rate": 0.2, "pending_s": 3.0, "running_s": 2.0},
    {"kind": "batch_inline", "rate": 0.2},
    {"kind": "batch_shards", "rows": 50},
    {"kind": "batch_results_cut", "rate": 0.3},
    *_ENDS,
    *_ROWS,
]
HEAD = (
    *("service", "echo", "starts", "images", "answers", "failures", "lost", "misplaced", "jobs"),
    *("created twice", "pictures paid again", "account", "maybe billed", "bill", "beyond"),
)


def main() -> int:
    """Print a row for each service and echo."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="developer or vertex, sample or all")
    given = parser.parse_args()
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|", flush=True)
    broken = False
    with tempfile.TemporaryDirectory() as folder:
        place, buckets = Path(folder), Path(folder) / "buckets"
        make_pictures(place / "pictures", given.images)
        buckets.mkdir()
        config = EmulatorConfig(batch_delay_s=0.5, bucket=str(buckets))
        with running_emulator(config) as url:
            flex = Life(place, url, tasks=TASKS.format(tier="flex"), output=f"{place}/flex")
            if status := flex.finish():
                raise SystemExit(f"the run without faults ended with {status}:\n{flex.log()}")
            right = flex.values()
            for service in ("developer", "vertex"):
                for echo in ("sample", "all"):
                    if given.only not in f"{service} {echo}":
                        continue
                    life = _life(place, buckets, url, service, echo)
                    control(url, "reset", "POST", {})
                    control(url, "faults", "PUT", {"seed": given.seed, "faults": list(FAULTS)})
                    starts = _until_done(life)
                    left, values = life.left(), life.values()
                    wrong = sum(right.get(name) != value for name, value in values.items())
                    print(_row(service, echo, starts, wrong, left), flush=True)
                    print(f"   struck: {_struck(url)}", flush=True)
                    broken = broken or not left.promised or (echo == "all" and wrong > 0)
    return int(broken)


def _life(place: Path, buckets: Path, url: str, service: str, echo: str) -> Life:
    words = ("--batch_fallback=none", f"--batch_echo={echo}")
    if service == "developer":
        return Life(place, url, words, output=f"{place}/developer-{echo}")
    bucket = f"results-{echo}"
    (buckets / bucket).mkdir()
    return replace(
        Life(place, url, (*words, "--gemini=vertex", "--gemini_project=p")),
        environment={"STORAGE_EMULATOR_HOST": url},
        output=str(buckets / bucket / "out"),
        address=f"gs://{bucket}/out",
    )


def _until_done(life: Life) -> int:
    """The same command until it leaves nothing to be asked again; how often it was started."""
    for start in range(1, _MOST_STARTS + 1):
        if (status := life.finish()) not in (0, 3, 4):
            raise SystemExit(f"it ended with {status}:\n{life.log()[-4000:]}")
        if status == 0 and "unavailable" not in life.reasons():
            return start
    raise SystemExit(f"it is not done after {_MOST_STARTS} starts:\n{life.log()[-4000:]}")


def _struck(url: str) -> str:
    """How often each kind has struck."""
    struck = Counter[str]()
    for one in json.loads(control(url, "faults"))["faults"]:
        struck[one["kind"]] += one["struck"]
    return ", ".join(f"{kind} {times}" for kind, times in struck.items())


def _row(service: str, echo: str, starts: int, wrong: int, left: Left) -> str:
    cells = (
        *(service, echo, starts, left.images, left.answers, left.failures, left.lost, wrong),
        *(left.jobs, left.twice, left.paid_twice, dollars(left.account)),
        *(dollars(left.maybe_billed), dollars(left.bill), dollars(left.beyond)),
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
