"""How a run asks what its tasks leave to batch jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.records import ServiceTier


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Below `folder` lies what jobs will ask, of this run alone.

    With `echo_all`, every row of a job has to repeat a word, else a sample. In a pass that asks
    without jobs, `at_once` has the tier of each model, None for one that is left to a later run;
    it is None itself while jobs ask.
    """

    folder: str
    echo_all: bool = False
    at_once: Mapping[str, ServiceTier | None] | None = None
