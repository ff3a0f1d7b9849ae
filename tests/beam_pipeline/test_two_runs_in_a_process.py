"""A process that works for several runs stops one of them without the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import take_lease
from tierwise.transforms.keep_lease import KeepLease


def test_who_has_lost_the_lease_of_one_run_asks_on_for_another(
    classify: Callable[..., Any], photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    runs = str(tmp_path / "other" / "runs")
    record = new_record("lost", untraced_requests=1, journal_version=1, handed_over=True)
    silent = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    lost = take_lease(runs, replace(record, started_at=silent, heartbeat_at=silent))
    take_lease(runs, replace(record, run_id="newer"))
    said: list[str] = []

    def work_for_the_other() -> None:
        end = time.monotonic() + 60
        while not gemini.requests() and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(Exception, match="another run, newer") as caught:
            [1] | KeepLease(lost)
        said.append(str(caught.value))

    gemini.faults({"kind": "latency", "ms": 200})
    other = threading.Thread(target=work_for_the_other)
    other.start()
    done = classify(photos(20), "--requests_in_flight=1")
    other.join()
    assert said
    assert done.failures == []


def test_who_is_done_ends_nobody_elses_run(
    classify: Callable[..., Any], photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder, statuses = photos(20), list[int]()
    words = ["optimize", f"--input={photos(1, folder='few')}", f"--output={tmp_path}/small"]

    def shrink() -> None:
        end = time.monotonic() + 60
        while not gemini.requests() and time.monotonic() < end:
            time.sleep(0.05)
        statuses.append(main(words))

    gemini.faults({"kind": "latency", "ms": 300})
    other = threading.Thread(target=shrink)
    other.start()
    done = classify(folder, "--requests_in_flight=1")
    other.join()
    assert statuses == [0]
    assert done.failures == []
