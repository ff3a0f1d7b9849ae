"""Tasks that ask groups of images."""

from __future__ import annotations

import pytest

from tierwise.errors import TasksError
from tierwise.questions import Questions, as_written
from tierwise.tasks import load_tasks
from tierwise.tasks.grouping import Beyond, Grouping
from tierwise.wording import group_texts, render

BOTH = """
  category:
    per: {per}
    prompt: What is sold as {{{per}}}?
    labels: [shoe, hat]
  shade: {{prompt: "How light?", labels: [dark, bright]}}
"""


def load(tasks: str, defaults: str = "") -> Questions:
    head = f"model: gemini-3.1-flash-lite\n{defaults}\ntasks:\n"
    return as_written(load_tasks(head + tasks, path="tasks.yaml"))


@pytest.mark.parametrize(
    ("keys", "grouping"),
    [
        ("per: folder", Grouping("folder", 20, Beyond.SAMPLE)),
        ("per: sku, max_per_group: 50", Grouping("sku", 50, Beyond.SAMPLE)),
        ("per: sku, max_per_group: 1, beyond: first", Grouping("sku", 1, Beyond.FIRST)),
        ("per: folder, beyond: fail", Grouping("folder", 20, Beyond.FAIL)),
    ],
)
def test_a_task_says_what_belongs_together(keys: str, grouping: Grouping) -> None:
    tasks = load(f"  a: {{prompt: x, labels: [x, y], {keys}}}")
    assert tasks.task("a").per == grouping
    assert tasks.of_groups == tasks.tasks
    assert tasks.of_images == ()


@pytest.mark.parametrize("per", ["folder", "sku"])
def test_tasks_of_groups_stand_apart_from_those_of_images(per: str) -> None:
    tasks = load(BOTH.format(per=per))
    assert [task.name for task in tasks.of_groups] == ["category"]
    assert [task.name for task in tasks.of_images] == ["shade"]
    # The column is the group's and no value that tells identical images apart.
    assert tasks.manifest_columns == ()


def test_images_per_request_of_the_defaults_is_for_single_images() -> None:
    tasks = load(BOTH.format(per="sku"), "defaults: {images_per_request: 8}")
    packs = {task.name: task.route.images_per_request for task in tasks.tasks}
    assert packs == {"category": 1, "shade": 8}


def test_a_group_is_asked_once_about_all_its_images() -> None:
    task = load(BOTH.format(per="sku")).task("category")
    prompt = render(task, filename="", columns={"sku": "B 7"}, answers={})
    texts = group_texts(prompt, "In one word.", 3)
    assert texts.opening == (
        f"{prompt.whole}\nIn one word.\n"
        "The 3 images belong together. Give one answer for all of them."
    )
    assert texts.before_pictures == ("", "", "")
    assert group_texts(prompt, "", 1).opening == prompt.whole
    assert task.answers_in_request(3) == 1


@pytest.mark.parametrize(
    ("waiting", "key"),
    [
        ("b: {prompt: x, labels: [x, y], when: a == 'x'}", "when"),
        ("b: {prompt: 'x {a}', labels: [x, y]}", "prompt"),
        ("b: {prompt: 'x {a}', labels: [x, y], input: text}", "prompt"),
    ],
)
def test_nobody_waits_for_the_answer_of_a_group(waiting: str, key: str) -> None:
    group = "  a: {prompt: x, labels: [x, y], per: folder}\n"
    with pytest.raises(TasksError, match=f'task "b", key "{key}": a is asked of groups'):
        load(f"{group}  {waiting}")
