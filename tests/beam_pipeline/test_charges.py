"""Costs told apart by a manifest column, waste named, and answers of models that nobody pinned."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: {model}
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}}
"""
FLASH_LITE = "gemini-3.1-flash-lite"


def manifest(folder: Path, customers: list[str], column: str = "customer") -> Path:
    path = folder / "list.csv"
    names = (f"{number:03}.jpg,{customer}" for number, customer in enumerate(customers))
    path.write_text("\n".join([f"uri,{column}", *names]) + "\n", "utf-8")
    return path


def usd(values: Any) -> Decimal:
    return sum(map(Decimal, values), Decimal(0))


def test_money_by_a_manifest_column_adds_up_to_the_bill(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "outside_labels", "rate": 0.3})
    listed = manifest(photos(9), ["zoo", "zoo", "", "museum", "zoo", "museum", "", "zoo", "zoo"])
    finished = classify(listed, "--cost_by=customer", tasks=TASKS.format(model=FLASH_LITE))
    charged = finished.run["cost_by"]
    assert (charged["column"], charged["left_out"]) == ("customer", 0)
    assert set(charged["values"]) == {"zoo", "museum", ""}
    by_value = {name: Decimal(one["cost_usd"]) for name, one in charged["values"].items()}
    assert list(by_value.values()) == sorted(by_value.values(), reverse=True)
    for name, cost in by_value.items():
        rows = [row for row in finished.costs if (row["customer"] or "") == name]
        assert usd(row["cost_usd"] for row in rows) == cost
        asked = [*finished.answers(), *finished.failures]
        assert usd(row["cost_usd"] for row in asked if (row["customer"] or "") == name) == cost
    assert usd(by_value.values()).scaleb(9) == finished.cost == gemini.billed() > 0
    printed = capsys.readouterr().out
    assert "Costs by customer" in printed
    assert len(re.findall(r"shade\W+answered", printed)) == 1


def test_a_column_that_hides_one_of_the_costs_has_another_name(
    photos: Callable[..., Path], classify: Callable[..., Any]
) -> None:
    listed = manifest(photos(2), ["a", "b"], column="requests")
    finished = classify(listed, "--cost_by=requests", tasks=TASKS.format(model=FLASH_LITE))
    assert {row["manifest_requests"] for row in finished.costs} == {"a", "b"}


def test_a_column_that_is_not_there_is_refused(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = manifest(photos(1), ["a"])
    words = [f"--input={listed}", f"--output={tmp_path}/out", "--cost_by=client"]
    assert main(["run", *words]) == 2
    assert "--cost_by=client" in (said := capsys.readouterr().err)
    assert "(columns: customer)" in said


def test_what_was_paid_without_an_answer_is_named(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "max_tokens", "count": 4}, {"kind": "blocked_answer", "after": 6})
    finished = classify(photos(6), tasks=TASKS.format(model=FLASH_LITE))
    waste = {name: Decimal(cost) for name, cost in finished.run["waste"].items()}
    assert {"repeated", "blocked_answer"} <= set(waste)
    useless = [row for row in finished.costs if row["outcome"] not in ("answered", "reused")]
    assert usd(waste.values()) == usd(row["cost_usd"] for row in useless)
    assert usd(waste.values()) == Decimal(finished.run["totals"]["wasted_usd"])
    assert f"Paid without an answer: ${usd(waste.values())} (" in capsys.readouterr().out
    assert finished.cost == gemini.billed()


def test_answers_that_end_at_the_limit_name_their_task(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "max_tokens"})
    finished = classify(photos(2), tasks=TASKS.format(model=FLASH_LITE))
    assert finished.run["tasks"]["shade"]["truncated"] == 2
    assert "shade: answers that did not end within the limit: 2." in capsys.readouterr().out


def test_answers_that_needed_a_raised_limit_name_their_task(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "max_tokens", "count": 1})
    folder = photos(3)
    finished = classify(folder, tasks=TASKS.format(model=FLASH_LITE))
    shade = finished.run["tasks"]["shade"]
    assert (shade["answers"], shade["truncated"], shade["cut_off"]) == (3, 0, 3)  # a pack of three
    assert (
        "shade: answers that were cut off at the limit, paid, and asked again: 3."
        in capsys.readouterr().out
    )
    again = classify(folder, tasks=TASKS.format(model=FLASH_LITE))
    assert again.run["tasks"]["shade"]["cut_off"] == 0


def test_answers_of_too_many_characters_name_their_task(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = (
        f"model: {FLASH_LITE}\n"
        "tasks: {caption: {prompt: Describe the picture., text: {max_length: 20}}}\n"
    )
    gemini.faults({"kind": "outside_labels"})
    finished = classify(photos(2), tasks=tasks)
    assert finished.run["failures"] == {"invalid_answer": 2}
    told = "caption: answers that have more characters than allowed: 2. Raise max_length"
    assert told in capsys.readouterr().out
    gemini.reset()
    obeyed = classify(photos(2), tasks=tasks, output="other")
    assert all(len(row["answer"]) <= 20 for row in obeyed.answers())
    assert len(obeyed.answers()) == 2
    assert "more characters" not in capsys.readouterr().out


def test_another_model_than_the_pinned_one_is_reported_with_what_it_costs(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finished = classify(photos(4), tasks=TASKS.format(model="gemini-3.5-flash"))
    [other] = finished.run["answered_by_others"]
    assert (other["pinned"], other["answered_by"]) == ("gemini-3.5-flash", "gemini-3.6-flash")
    assert (other["answers"], other["service_tier"]) == (4, "standard")
    assert Decimal(other["cost_usd"]).scaleb(9) == finished.cost == gemini.billed()
    assert {row["model_version"] for row in finished.answers()} == {"gemini-3.6-flash"}
    assert Decimal(other["cost_usd_if_pinned"]) > Decimal(other["cost_usd"])
    printed = capsys.readouterr()
    assert "gemini-3.5-flash was pinned, but gemini-3.6-flash gave 4 answers" in printed.out
    assert "answered by gemini-3.6-flash" in printed.err


def test_a_model_that_is_not_known_is_reported_too(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "other_version", "version": "gemini-5-lite"})
    finished = classify(photos(3), tasks=TASKS.format(model=FLASH_LITE))
    [other] = finished.run["answered_by_others"]
    assert (other["pinned"], other["answered_by"]) == (FLASH_LITE, "gemini-5-lite")
    assert (other["answers"], other["price_is_known"]) == (3, False)
    assert other["cost_usd"] == other["cost_usd_if_pinned"]
    assert {row["model_version"] for row in finished.answers()} == {"gemini-5-lite"}
    told = "but gemini-5-lite gave 3 answers. Its price is not known"
    assert told in capsys.readouterr().out


def test_the_pinned_model_is_no_news(
    photos: Callable[..., Path], classify: Callable[..., Any]
) -> None:
    finished = classify(photos(1), tasks=TASKS.format(model=FLASH_LITE))
    assert finished.run["answered_by_others"] == []
    assert finished.run["waste"] == {}
    assert "cost_by" not in finished.run
