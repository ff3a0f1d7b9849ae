"""The list of all jobs that were ever created, which no service has."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.tierwise.emulator.batches.conftest import Batches


def listed(batches: Batches) -> Any:
    with urllib.request.urlopen(f"{batches.desk.url}/emulator/batches", timeout=10) as reply:
        return json.load(reply)


def test_jobs_that_were_deleted_are_listed_too(batches: Batches, rows: list[Any]) -> None:
    names = [batches.begin(rows, "same name") for _ in range(2)]
    batches.end(names[0])
    batches.desk.send(f"/v1beta/{names[0]}", method="DELETE")
    found = listed(batches)
    assert [job["name"] for job in found] == names
    assert [job["deleted"] for job in found] == [True, False]
    assert {job["display_name"] for job in found} == {"same name"}
    assert found[0]["answered"] == found[0]["rows"] == len(rows)
