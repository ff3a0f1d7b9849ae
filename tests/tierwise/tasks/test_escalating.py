"""`escalate:` of a tasks file: what it means, and what is refused."""

from __future__ import annotations

import pytest

from tierwise.errors import TasksError
from tierwise.questions import as_written
from tierwise.records import MediaResolution
from tierwise.tasks import Task, Tasks, load_tasks

FILE = """
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which?
    labels: [hat, shoe, unsure]
    images_per_request: 8
    image: {{quality: 70, max_side: 300}}
    escalate: {{{escalate}}}
    {more}
  check: {{prompt: Really, labels: [hat, shoe], when: '{check}'}}
  facts: {{prompt: Which, schema: {{type: object, properties: {{sure: {{type: boolean}}}}}}}}
  colour: {{prompt: "Which of a {{category}}", labels: [red, blue]}}
"""
UNSURE = "when: category == 'unsure'"
NEVER = "facts.sure == true and facts.sure == false"


def load(escalate: str, more: str = "", check: str = NEVER) -> Tasks:
    return load_tasks(FILE.format(escalate=escalate, more=more, check=check), path="t.yaml")


def staged(escalate: str) -> dict[str, Task]:
    return {task.name: task for task in as_written(load(escalate)).tasks}


def test_a_task_that_escalates_is_asked_in_two_stages() -> None:
    tasks = load(f"{UNSURE} or category != check, media_resolution: high")
    asked = as_written(tasks)
    assert [task.name for task in tasks.tasks] == [task.name for task in asked.with_rows]
    stages = {task.name: task for task in asked.tasks}
    first, second = stages["category@first"], stages["category"]
    assert first.route == tasks.task("category").route
    assert second.route.media_resolution is MediaResolution.HIGH
    assert second.digest == first.digest  # so that what one has paid the other finds
    assert second.depends_on == ("category@first", "check")
    assert (first.is_for_certain("c"), second.is_for_certain("c")) == (True, False)
    assert second.is_asked({"category@first": "unsure", "check": "hat"})
    assert second.is_asked({"category@first": "hat", "check": "shoe"})
    assert not second.is_asked({"category@first": "hat", "check": "hat"})
    assert not second.is_asked({"check": "hat"})
    assert stages["colour"].depends_on == ("category",)


@pytest.mark.parametrize(
    ("escalate", "resolution", "side", "quality", "images", "model"),
    [
        ("media_resolution: high", "high", 1824, 70, 8, "gemini-3.1-flash-lite"),
        ("images_per_request: 1", "low", 300, 70, 1, "gemini-3.1-flash-lite"),
        ("image: {max_side: 900}", "low", 900, 70, 8, "gemini-3.1-flash-lite"),
        ("image: {profile: text}", "low", 768, 90, 8, "gemini-3.1-flash-lite"),
        ("images_per_sheet: 4", "low", 425, 70, 8, "gemini-3.1-flash-lite"),
        ("model: gemini-2.5-flash-lite", "low", 384, 70, 8, "gemini-2.5-flash-lite"),
    ],
)
def test_what_is_left_out_is_as_in_the_task(
    escalate: str, resolution: str, side: int, quality: int, images: int, model: str
) -> None:
    route = staged(f"{UNSURE}, {escalate}")["category"].route
    assert (route.media_resolution, route.image.max_side) == (resolution, side)
    assert (route.image.quality, route.images_per_request) == (quality, images)
    assert route.model == model


# What stands in `escalate`, the key that the message names, and what it says.
REFUSED = [
    ("media_resolution: high", "escalate.when", "missing. Write a condition"),
    (UNSURE, "escalate", "asks again by the same route. Write another media_resolution"),
    ("when: category == 'cap', images_per_request: 1", "escalate.when", "can never be 'cap'"),
    ("when: z == 1, images_per_request: 1", "escalate.when", "names no task 'z'"),
    ("whem: category == 'hat'", "escalate.whem", "Did you mean when?"),
    (f"{UNSURE}, model: gpt", "escalate.model", "gpt"),
    (f"{UNSURE}, model: gemini-2.5-flash, media_resolution: ultra_high",
     "escalate.media_resolution", "has no media resolution \"ultra_high\""),
    (f"{UNSURE}, media_resolution: huge", "escalate.media_resolution", "Write one of low"),
    (f"{UNSURE}, image: {{max_side: 5}}", "escalate.image.max_side", "the value is 5"),
    (f"{UNSURE}, image: {{frames: 3}}", "escalate.image.frames", "Known keys: profile"),
    (f"{UNSURE}, images_per_sheet: 3", "escalate", "3 images per sheet, and"),
    (f"{UNSURE}, images_per_request: 0", "escalate.images_per_request", "1 to 50"),
]  # fmt: skip


@pytest.mark.parametrize(("escalate", "key", "said"), REFUSED)
def test_what_cannot_be_is_refused(escalate: str, key: str, said: str) -> None:
    with pytest.raises(TasksError) as raised:
        load(escalate)
    assert f'task "category", key "{key}": ' in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("more", "check", "key", "said"),
    [
        ("per: folder", NEVER, "escalate", "a group is asked as a whole"),
        ("max_output_tokens: 8192", NEVER, "images_per_request", "8 images with up to 8192"),
        ("", 'category == "hat"', "escalate", "wait for each other: category needs check"),
    ],
)
def test_what_does_not_fit_the_rest_is_refused(more: str, check: str, key: str, said: str) -> None:
    with pytest.raises(TasksError) as raised:
        load(f"{UNSURE} and check == 'hat', media_resolution: high", more, check)
    assert f'key "{key}": ' in str(raised.value)
    assert said in str(raised.value)


def test_a_second_ask_with_too_long_an_answer_is_refused() -> None:
    with pytest.raises(TasksError) as raised:
        load_tasks(
            "model: gemini-3.1-flash-lite\n"
            "tasks:\n"
            "  a:\n"
            "    prompt: x\n"
            "    labels: [b, c]\n"
            "    max_output_tokens: 8192\n"
            "    escalate: {when: a == 'b', images_per_request: 50}\n",
            path="t.yaml",
        )
    assert 'key "escalate.images_per_request": 50 images with up to' in str(raised.value)
