"""Servers that refuse a schema get the question in another form, and the answers are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Classify

# As a thesaurus has them: forty labels of thirty-five characters, which no enum of 700 can hold.
LONG = [f"label number {number:02} of the long list" for number in range(40)]
MANY = [f"kind {number}" for number in range(260)]
LABELS = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: What is it?
    labels: {labels}
    images_per_request: {pack}
    multiple: {multiple}
"""
STRUCT = """
model: gemini-3.1-flash-lite
tasks:
  found:
    prompt: What is there?
    images_per_request: 4
    schema:
      type: object
      properties:
        thing: {type: string, enum: [cat, dog, sky]}
        count: {type: integer, minimum: 0, maximum: 9}
      required: [thing, count]
"""


def tasks_with(labels: list[str], pack: int = 1, *, multiple: bool = False) -> str:
    return LABELS.format(labels=json.dumps(labels), pack=pack, multiple=json.dumps(multiple))


def by_name(values: dict[tuple[str, int, str], Any]) -> dict[tuple[str, int, str], Any]:
    """Of files in whatever folder."""
    return {(Path(uri).name, page, task): value for (uri, page, task), value in values.items()}


@pytest.fixture(scope="module")
def free_values() -> dict[str, Any]:
    """By tasks, what was answered where no schema is refused: the same whichever is elsewhere."""
    return {}


@pytest.mark.parametrize("pack", [1, 8])
@pytest.mark.parametrize("multiple", [False, True])
@pytest.mark.parametrize(
    ("labels", "fault", "form"),
    [
        (LONG, {"kind": "enum_limit", "values": 0, "characters": 700}, "numbers"),
        (MANY, {"kind": "enum_limit", "values": 60, "characters": 0}, "codes"),
        (LONG, {"kind": "schema_limit", "refuses": ["enum"]}, "codes"),
        (LONG, {"kind": "schema_limit", "refuses": ["schema"]}, "prompt"),
    ],
)
def test_refused_enums_fall_back_to_what_the_server_takes(
    photos: Callable[..., Path],
    classify: Classify,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
    *,
    pack: int,
    multiple: bool,
    labels: list[str],
    fault: dict[str, Any],
    form: str,
    free_values: dict[str, Any],
) -> None:
    folder, tasks = photos(16), tasks_with(labels, pack, multiple=multiple)
    gemini.faults(fault)
    strict = classify(folder, "--requests_in_flight=2", tasks=tasks, output="strict")
    assert (len(strict.answers()), strict.failures) == (16, [])
    # One code for one image is plain text, which needs no schema.
    expected = "codes" if (pack, multiple, form) == (1, False, "prompt") else form
    assert {row["label_form"] for row in strict.answers()} == {expected}
    assert strict.cost == gemini.billed()
    told = [line for line in capsys.readouterr().out.splitlines() if "usual schema" in line]
    assert len(told) == 1
    assert told[0].startswith("kind: Gemini refused")
    # Those under way may each be refused in each form, at no cost; then all know.
    refused = [line["usd"] for line in gemini.requests() if line["status"] == 400]
    assert 1 <= len(refused) <= 16 * 3
    assert set(refused) == {"0.000000000"}
    if tasks not in free_values:
        gemini.reset()
        free_values[tasks] = by_name(classify(folder, tasks=tasks, output="free").values)
    assert by_name(strict.values) == free_values[tasks]
    # The form is not part of what was asked: everything is recalled, under whatever form.
    gemini.reset()
    again = classify(folder, tasks=tasks, output="strict")
    assert (len(gemini.requests()), again.values) == (0, strict.values)
    assert [row["label_form"] for row in again.answers()] == [
        row["label_form"] for row in strict.answers()
    ]


@pytest.mark.parametrize(
    ("refuses", "form"),
    [(["responseJsonSchema"], None), (["minimum"], "simple"), (["schema"], "prompt")],
)
def test_refused_schemas_of_structs_become_simpler(
    photos: Callable[..., Path],
    classify: Classify,
    gemini: Any,
    refuses: list[str],
    form: str | None,
) -> None:
    folder = photos(8)
    gemini.faults({"kind": "schema_limit", "refuses": refuses})
    strict = classify(folder, tasks=STRUCT, output="strict")
    assert {row["label_form"] for row in strict.answers()} == {form}
    assert (len(strict.answers()), strict.cost) == (8, gemini.billed())
    assert strict.run["tasks"]["found"]["label_forms"] == {form or "": 8}
    gemini.reset()
    assert classify(folder, tasks=STRUCT, output="free").values == strict.values


def test_words_that_nobody_knows_are_understood_by_trying(
    photos: Callable[..., Path], classify: Classify, gemini: Any
) -> None:
    refusal = {"kind": "enum_limit", "values": 20, "message": "Request is not acceptable (17)."}
    gemini.faults(refusal)
    done = classify(photos(12), tasks=tasks_with(LONG, 4), output="strict")
    assert {row["label_form"] for row in done.answers()} == {"codes"}
    assert (len(done.answers()), done.failures) == (12, [])


def test_a_bad_picture_is_not_taken_for_a_bad_form(
    photos: Callable[..., Path], classify: Classify, gemini: Any
) -> None:
    gemini.faults({"kind": "bad_image", "count": 1})
    done = classify(photos(4), "--requests_in_flight=1", tasks=tasks_with(LONG[:5]))
    assert len(done.failures) == 1
    assert {row["label_form"] for row in done.answers()} == {"enum"}
    assert len(gemini.requests()) == 4


def test_under_a_cap_another_form_is_admitted_at_its_own_worst_case(
    photos: Callable[..., Path], classify: Classify, gemini: Any
) -> None:
    gemini.faults({"kind": "schema_limit", "refuses": ["enum"]})
    cap = 0.002
    done = classify(
        photos(40), f"--max_cost_usd={cap}", tasks=tasks_with(LONG), output="capped", status=None
    )
    assert 0 < done.cost == gemini.billed() <= cap * 10**9
    assert {row["label_form"] for row in done.answers()} == {"codes"}
    assert {row["reason"] for row in done.failures} <= {"over_budget"}


def test_a_label_repeated_to_the_limit_is_asked_once_more_and_not_in_each_run(
    photos: Callable[..., Path], classify: Classify, gemini: Any
) -> None:
    folder, tasks = photos(2), tasks_with(LONG[:5], multiple=True)
    gemini.faults({"kind": "repeated_label"})
    first = classify(folder, tasks=tasks, status=None)
    assert {row["attempts"] for row in first.failures} == {2}
    assert (len(gemini.requests()), first.cost) == (4, gemini.billed())
    gemini.reset()
    again = classify(folder, tasks=tasks, status=None)
    assert (len(gemini.requests()), len(again.failures)) == (0, 2)
