"""`on_refusal:` of a tasks file: which asks it comes to, and what is refused."""

from __future__ import annotations

import pytest

from tierwise.errors import TasksError
from tierwise.questions import as_written
from tierwise.records import MediaResolution
from tierwise.tasks import Task, load_tasks

FILE = """
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which?
    labels: [hat, shoe, unsure]
    {more}
  colour: {{prompt: "Which of a {{category}}", labels: [red, blue]}}
"""
OTHER = "on_refusal: {model: gemini-3.5-flash-lite, media_resolution: high}"
ESCALATED = "escalate: {when: category == 'unsure', media_resolution: medium}"


def staged(*more: str) -> dict[str, Task]:
    text = FILE.format(more="\n    ".join(more))
    return {task.name: task for task in as_written(load_tasks(text, path="t.yaml")).tasks}


def test_a_refusal_is_an_ask_of_its_own_by_itself() -> None:
    asks = staged(OTHER, "images_per_request: 8", "image: {quality: 70}")
    assert list(asks) == ["category@first", "category", "colour"]
    first, there = asks["category@first"], asks["category"]
    assert (there.route.model, there.route.media_resolution, there.route.images_per_request) == (
        *("gemini-3.5-flash-lite", MediaResolution.HIGH, 1),
    )
    # What is left out is as in the task; a size of nobody's own follows from how it is seen.
    assert there.route.image.quality == 70
    assert there.route.image.max_side > first.route.image.max_side
    assert there.digest == first.digest  # so that what one has paid the other finds
    assert (first.declined_once, first.after_refusal) == (True, False)
    assert (there.after_first, there.after_refusal) == ("category@first", True)
    assert (first.is_for_certain("c"), there.is_for_certain("c")) == (True, False)
    assert not there.look
    assert [task.ask_name for task in asks.values()][:2] == ["category", "category@on_refusal"]


def test_each_ask_of_a_task_that_escalates_has_its_refusals() -> None:
    asks = staged(OTHER, ESCALATED)
    names = ["", "@on_refusal", "@escalated", "@escalated@on_refusal"]
    assert [task.ask_name for task in asks.values()][:4] == [f"category{name}" for name in names]
    chain = [task.after_first for task in asks.values()][1:4]
    assert chain == ["category@first", "category@refused", "category@second"]
    assert asks["category@second"].is_asked({"category@refused": "unsure"})
    assert not asks["category@second"].is_asked({"category@refused": "hat"})


@pytest.mark.parametrize(
    ("more", "line", "key", "words"),
    [
        ("on_refusal: {model: gemini-9}", 7, "on_refusal: model", "gemini-9"),
        ("on_refusal: {model: gemini-flash-latest}", 7, "on_refusal: model", "alias"),
        ("on_refusal: {}", 7, "on_refusal", "by the same route"),
        ("on_refusal: {media_resolution: low}", 7, "on_refusal", "by the same route"),
        (f"on_refusal: {{{OTHER}}}", 7, "on_refusal: on_refusal", "this key is not known"),
        ("on_refusal: {images_per_request: 2}", 7, "images_per_request", "not known"),
        ("on_refusal: gemini-3.5-flash-lite", 7, "on_refusal", "Write a route"),
        (f"{OTHER}\n    per: folder", 7, "on_refusal", "Remove it, or `per`"),
        ("on_refusal: {model: gemini-3-pro-image-preview}", 7, "model", "answers with pictures"),
    ],
)
def test_what_cannot_be_is_refused_in_words(more: str, line: int, key: str, words: str) -> None:
    text = FILE.format(more=more).replace("{category}", "thing")
    with pytest.raises(TasksError) as refused:
        load_tasks(text, path="t.yaml")
    said = str(refused.value)
    assert f"t.yaml:{line}" in said or f"line {line}" in said
    assert key.rpartition(": ")[2] in said
    assert words in said


def test_texts_are_declined_too_but_have_no_pictures() -> None:
    text = FILE.replace("labels: [red, blue]", "labels: [red, blue], input: text, {there}")
    where = "on_refusal: {model: gemini-3.5-flash-lite}"
    tasks = load_tasks(text.format(more="", there=where, category="{category}"), path="t.yaml")
    found = tasks.task("colour").on_refusal
    assert found
    assert found.model == "gemini-3.5-flash-lite"
    where = "on_refusal: {model: gemini-3.5-flash-lite, media_resolution: high}"
    with pytest.raises(TasksError, match="no effect with `input: text`"):
        load_tasks(text.format(more="", there=where, category="{category}"), path="t.yaml")
