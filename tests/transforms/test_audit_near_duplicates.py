"""Pictures that look alike are held against each other as the answers' own kind compares them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.near_duplicates import NearAudit
from tierwise.statistics.clusters import Clusters
from tierwise.transforms.audit_near_duplicates import compared

NOTE = {"type": "object", "properties": {"n": {"type": "number"}, "a": {"type": "string"}}}
KINDS: dict[str, AnswerType] = {
    "note": Struct(read_schema(NOTE)),
    "hues": SeveralLabels(("red", "blue")),
}


@pytest.mark.parametrize(
    ("task", "leader", "follower", "differs"),
    [
        ("note", {"n": 5, "a": None}, {"n": 5.0}, 0),
        ("note", {"n": 5, "a": "Bern"}, {"a": "bern", "n": 5}, 0),
        ("note", {"n": 5}, {"n": 6}, 1),
        ("hues", ["red"], ["red"], 0),
        ("hues", ["red"], ["red", "blue"], 1),
    ],
)
def test_a_follower_differs_where_its_kind_says_so(
    task: str, leader: Any, follower: Any, differs: int
) -> None:
    sides = [(False, json.dumps(leader)), (True, f"sha256:aa {json.dumps(follower)}")]
    assert list(compared((task, "sha256:bb"), sides, KINDS)) == [
        (task, NearAudit(Clusters.of(1, differs)))
    ]
