"""Each content goes on once, whatever it is called and in whichever order names come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from tierwise.questions import Questions, as_written
from tierwise.records import ImageFile
from tierwise.tasks import load_tasks
from tierwise.transforms.shard import Keyed, Shard
from tierwise.transforms.share_duplicates import ShareDuplicates, keep_one_of_each, share_key

TASKS = """
model: gemini-3.1-flash-lite
tasks: {{a: {{prompt: "{prompt}", labels: [x, y]}}}}
"""


def tasks(prompt: str = "Which?") -> Questions:
    return as_written(load_tasks(TASKS.format(prompt=prompt), path="tasks.yaml"))


def test_twins_go_on_as_one(
    pipeline: Callable[[], beam.Pipeline], image_file: Callable[..., ImageFile]
) -> None:
    files = [image_file("b.jpg", "aa"), image_file("a.jpg", "aa"), image_file("c.jpg", "bb")]

    def names(shard: Shard) -> list[tuple[str, str]]:
        return [(shard.name, keyed.file.uri) for keyed in shard.files]

    with pipeline() as root:
        shards = root | beam.Create(files) | ShareDuplicates(tasks(), 1)
        assert_that(shards | beam.FlatMap(names), equal_to([("a", "a.jpg"), ("b", "c.jpg")]))


@given(st.permutations(["c", "a", "b", "d"]))
def test_the_first_name_stands_for_all(names: list[str]) -> None:
    files = [ImageFile(name, name, 1, "sha256:00") for name in names]
    shard = keep_one_of_each("0", [Keyed("same", file) for file in files])
    assert [keyed.file.uri for keyed in shard.files] == ["a"]


@pytest.mark.parametrize(
    ("prompt", "shared"),
    [("Which?", True), ("Is it {filename}?", False), ("For {customer}?", False)],
)
def test_what_a_question_says_of_a_name_parts_twins(
    prompt: str, shared: bool, image_file: Callable[..., ImageFile]
) -> None:
    first = image_file("a.jpg", "aa", columns={"customer": "x", "other": 1})
    second = image_file("b.jpg", "aa", columns={"customer": "y", "other": 2})
    asked = tasks(prompt)
    assert (share_key(first, asked) == share_key(second, asked)) is shared


def test_files_that_cannot_be_read_have_no_twins(image_file: Callable[..., Any]) -> None:
    first, second = (image_file(name, content_hash="") for name in ("a.jpg", "b.jpg"))
    assert share_key(first, tasks()) != share_key(second, tasks())
    assert share_key(first, tasks()).startswith("unread:")
