"""Which tasks are answered locally, and what is said of the others."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tierwise.errors import TasksError
from tierwise.local.tasks_answered import with_local
from tierwise.local.who_can import why_asked
from tierwise.tasks import Tasks, load_tasks

HEAD = "model: gemini-3.1-flash-lite\ntasks:\n"
KIND = '  kind: {prompt: "What?", labels: [a, b]'


def tasks(text: str) -> Tasks:
    return load_tasks(HEAD + text, path="tasks.yaml")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (KIND + "}", ""),
        (KIND + ", multiple: true}", ""),
        (KIND + ', escalate: {when: kind == "a", media_resolution: high}}', ""),
        (KIND + ", on_refusal: {model: gemini-3.5-flash-lite}}", ""),
        ('  kind: {prompt: "What?", text: {max_length: 9}}', "does not answer with labels"),
        (KIND + ", per: folder}", "groups of pictures"),
        (KIND.replace("What?", "What is {filename}?") + "}", "{filename}"),
        (KIND.replace("What?", "What is {place}?") + "}", "{place}"),
        (KIND + ", images_per_sheet: 4, images_per_request: 4}", "contact sheets"),
        (KIND + '}\n  more: {prompt: "And?", labels: [x, y], when: kind == "a"}', "'more' depends"),
    ],
)
def test_what_cannot_be_answered_locally_has_a_reason(text: str, why: str) -> None:
    found = tasks(text)
    said = why_asked(found.task("kind"), found.tasks)
    assert why in said if why else said == ""


def test_what_depends_on_others_is_asked() -> None:
    found = tasks(KIND + '}\n  more: {prompt: "And?", labels: [x, y], when: kind == "a"}')
    assert "depends on 'kind'" in why_asked(found.task("more"), found.tasks)


def test_a_flag_is_for_all_that_can_and_say_nothing() -> None:
    text = (
        KIND + "}\n"
        '  never: {prompt: "And?", labels: [x, y], local: 0}\n'
        '  less: {prompt: "Or?", labels: [x, y], local: 0.01}\n'
        '  words: {prompt: "So?", text: {max_length: 9}}'
    )
    found, told = with_local(tasks(text), Decimal("0.05"))
    shares = {task.name: task.local and str(task.local.differ) for task in found.tasks}
    assert shares == {"kind": "0.05", "never": None, "less": "0.01", "words": None}
    assert told == [
        "task 'words' is asked, and not answered locally: it does not answer with labels."
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0.7", "Write the share of the pictures"),
        ("yes", "Write"),
        ("{differ: 0.02, confidence: 1}", "0.5 to 0.999"),
        ("{differ: 0.02, always_ask: [c]}", "'c' is not a label"),
        ("{differ: 0.02, often: 1}", "this key is not known"),
        ("{confidence: 0.9}", "this key is missing"),
        ("{differ: 0.02, sample_tier: cheap}", "flex"),
    ],
)
def test_what_is_written_wrongly_is_refused_by_name(written: str, said: str) -> None:
    with pytest.raises(TasksError) as refused:
        tasks(f"{KIND}, local: {written}}}")
    assert said in str(refused.value)
    assert "kind" in str(refused.value)
    assert "local" in str(refused.value)


def test_terms_are_kept_as_they_are_written() -> None:
    written = "{differ: 0.02, confidence: 0.99, always_ask: [b], sample_tier: flex}"
    local = tasks(f"{KIND}, local: {written}}}").task("kind").local
    assert local is not None
    assert (str(local.differ), str(local.confidence)) == ("0.02", "0.99")
    assert local.always_ask == ("b",)
    assert local.sample_tier == "flex"
