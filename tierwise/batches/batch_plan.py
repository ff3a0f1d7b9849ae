"""How a run asks what its tasks leave to batch jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwise.records import ServiceTier


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Below `folder` lies what jobs will ask, of this run alone.

    With `echo_all`, every row of a job has to repeat a word, else a sample. What jobs ask no more,
    in a pass `at_once` everything, is asked at the tier that `fallbacks` have for its model, or
    left to a later run where that is None.
    """

    folder: str
    echo_all: bool = False
    at_once: bool = False
    fallbacks: Mapping[str, ServiceTier | None] = field(default_factory=dict)
