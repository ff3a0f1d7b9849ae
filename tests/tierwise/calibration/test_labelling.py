"""Which tasks have labels, and the task that folders make."""

from __future__ import annotations

import pytest

from tierwise.calibration.labelling import calibrated_tasks, load_task_of_folders
from tierwise.errors import InputError, TasksError
from tierwise.tasks import Tasks, load_tasks


@pytest.fixture(scope="module")
def tasks() -> Tasks:
    return load_tasks(
        """
model: gemini-3.1-flash-lite
tasks:
  category: {prompt: Which, labels: [city, sea, wood]}
  weather: {prompt: Which, labels: [sun, rain, sea]}
  bill: {prompt: What, schema: {type: object, properties: {total: {type: number}}}}
  closer: {prompt: Which, labels: [a, b], when: category == "city"}
  about: {prompt: "What is {category}?", text: {max_length: 20}}
  product: {prompt: Which, labels: [city, sea], per: folder}
""",
        path="tasks.yaml",
    )


def test_columns_of_their_own_names(tasks: Tasks) -> None:
    columns = ["category", "bill.total", "closer", "about", "product", "x"]
    # What reads other answers, or asks groups, keeps its route.
    assert calibrated_tasks(tasks, columns, []) == {
        "category": ("category",),
        "bill": ("bill.total",),
        "closer": ("closer",),
    }


def test_a_label_belongs_to_the_task_that_has_it(tasks: Tasks) -> None:
    assert calibrated_tasks(tasks, ["label"], ["rain", "sea"]) == {"weather": ("label",)}
    assert calibrated_tasks(tasks, ["label"], ["city", "sea"]) == {"category": ("label",)}


@pytest.mark.parametrize(("columns", "labels"), [(["x"], []), (["label"], ["moon"]), ([], [])])
def test_without_labels_there_is_nothing_to_calibrate(
    columns: list[str], labels: list[str], tasks: Tasks
) -> None:
    with pytest.raises(InputError, match="no task has labelled images"):
        calibrated_tasks(tasks, columns, labels)


def test_folders_make_a_task() -> None:
    (task,) = load_task_of_folders(["hat", 'a "b": c'], "in/").tasks
    assert task.answer.identity()["labels"] == ('a "b": c', "hat")
    with pytest.raises(InputError, match="1 label folder is there"):
        load_task_of_folders(["hat"], "in/")
    with pytest.raises(TasksError):
        load_task_of_folders(["hat", " hat"], "in/")
