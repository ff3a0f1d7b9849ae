"""Files of a group come together, in the same order however they arrive, and not too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.questions import as_written
from tierwise.records import ImageFile
from tierwise.tasks import load_tasks
from tierwise.transforms.group_files import GroupFiles
from tierwise.transforms.shard import Shard

QUESTIONS = as_written(
    load_tasks(
        "model: gemini-3.1-flash-lite\n"
        "tasks:\n"
        '  album: {prompt: "What is it of?", labels: [x, y], per: folder, max_per_group: 2}\n'
        '  sale: {prompt: "Which?", labels: [x, y], per: product, max_per_group: 3}\n',
        path="tasks.yaml",
    )
)


def names(shards: list[Shard]) -> dict[tuple[str, str], list[str]]:
    groups = [group for shard in shards for group in shard.groups]
    return {(group.task, group.name): [file.uri for file in group.files] for group in groups}


def test_each_file_is_in_each_of_its_groups(image_file: Callable[..., ImageFile]) -> None:
    files = [
        image_file("red/1.jpg", "aa", columns={"product": "shoe"}),
        image_file("red/2.jpg", "bb", columns={"product": "hat"}),
        image_file("blue/1.jpg", "cc", columns={"product": "shoe"}),
        image_file("blue/2.jpg", "dd", columns={"product": ""}),
    ]
    found = names(files | GroupFiles(QUESTIONS, 1))
    assert {key: sorted(files) for key, files in found.items()} == {
        ("album", "red"): ["red/1.jpg", "red/2.jpg"],
        ("album", "blue"): ["blue/1.jpg", "blue/2.jpg"],
        ("sale", "shoe"): ["blue/1.jpg", "red/1.jpg"],
        ("sale", "hat"): ["red/2.jpg"],
    }


@settings(max_examples=4)
@given(st.permutations(range(5)))
def test_the_same_files_are_chosen_in_whichever_order_they_come(order: list[int]) -> None:
    def files(numbers: Any) -> list[ImageFile]:
        return [ImageFile(f"a/{n}.jpg", f"a/{n}.jpg", 7, f"sha256:{n:02x}") for n in numbers]

    expected = names(files(range(5)) | GroupFiles(QUESTIONS, 1))
    assert names(files(order) | GroupFiles(QUESTIONS, 1)) == expected
    assert len(expected["album", "a"]) == 2


def test_a_group_lies_in_the_shard_of_what_is_sent(image_file: Callable[..., ImageFile]) -> None:
    files = [
        image_file(f"{folder}/1.jpg", content) for folder, content in (("p", "a1"), ("q", "b2"))
    ]
    shards = files | GroupFiles(QUESTIONS, 1)
    assert {shard.name for shard in shards} == {
        group.content_hash.removeprefix("sha256:")[0] for shard in shards for group in shard.groups
    }
