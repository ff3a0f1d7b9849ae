"""Which images are audited, at which route, and what the comparison says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from hashlib import sha256
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.audit import audit_summary, audited_pairs, with_audits
from tierwise.questions import Questions, as_written
from tierwise.records import Answer, Answered, Failure, MediaResolution, Outcome
from tierwise.statistics.two_samples import p_not_more_frequent
from tierwise.tasks import load_tasks
from tierwise.tasks.auditing import Audit

TASKS = load_tasks(
    """
model: gemini-3.1-flash-lite
together: false
tasks:
  category: {prompt: Which, labels: [city, sea], images_per_request: 8}
  dear: {prompt: Which, labels: [city, sea], media_resolution: high, routing: {fit_pixels: false}}
  fits: {prompt: Which, labels: [city, sea], media_resolution: high, routing: {fit_pixels: true}}
  plain: {prompt: Which, labels: [city, sea], media_resolution: high}
  name: {prompt: What, text: {max_length: 40}}
  both: {prompt: Which, labels: [city, sea], multiple: true, when: category == "city"}
""",
    path="tasks.yaml",
)
DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def audited() -> Questions:
    return as_written(with_audits(TASKS, 0.1, None, DAY))


def test_tasks_below_the_dearest_route_are_audited(audited: Questions) -> None:
    assert [task.name for task in audited.audits] == [
        "category@audit",
        "fits@audit",  # for pictures with too few pixels for high
        "both@audit",
    ]
    audit = audited.task("category@audit")
    assert audit.digest == audited.task("category").digest
    assert audit.route.media_resolution is MediaResolution.HIGH
    assert audit.route.images_per_request == 1
    assert audited.task("both@audit").when is not None
    assert not any(task.adapts for task in audited.audits)
    assert with_audits(TASKS, 0.0, None, DAY) is TASKS


def test_what_is_asked_together_is_audited_by_itself() -> None:
    """At the dearest route too: an answer that came with others must not prove itself."""
    text = """
model: gemini-3.1-flash-lite
defaults: {media_resolution: high}
tasks:
  a: {prompt: Which, labels: [city, sea]}
  b: {prompt: Which one, labels: [city, sea]}
  alone: {prompt: Who, labels: [city, sea], together: false}
"""
    found = as_written(with_audits(load_tasks(text, path="tasks.yaml"), 0.1, None, DAY))
    assert [task.name for task in found.audits] == ["a@audit", "b@audit"]
    assert all(task.asked_apart and not task.look for task in found.audits)


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_about_that_share_of_contents_is_covered(share: float) -> None:
    audit = Audit("category", share, "high")
    names = [f"sha256:{sha256(str(n).encode()).hexdigest()}" for n in range(20_000)]
    covered = sum(map(audit.covers, names))
    assert abs(covered - share * 20_000) <= 4 * (20_000 * share * (1 - share)) ** 0.5
    assert not Audit("category", 0.0, "high").covers(names[0])


def test_differences_are_counted_once_per_content(
    audited: Questions, answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    cheap, dear = answer(value="city"), answer(task="category@audit", value="sea")
    seen: list[tuple[Outcome, ...]] = [
        (cheap, dear),
        (cheap, replace(dear, value="city")),
        (failure(), dear),  # the cheap way has no answer where the dear one has
        (cheap, failure(task="category@audit")),  # nothing to compare with
        (cheap,),
    ]
    contents = [Answered(str(n), f"{n}.jpg", outcomes) for n, outcomes in enumerate(seen)]
    rows = [row for content in contents for row in audited_pairs(audited.audits, content)]
    found = audit_summary(audited.audits, rows)["category"]
    assert (found["images"], found["differing"]) == (3, 2)
    assert found["low"] < 2 / 3 < found["high"]
    assert found["worse_than_promised"] is None
    assert [(key.label, key.answer) for key, _ in rows] == [
        ("sea", "city"),
        ("city", "city"),
        ("sea", ""),
    ]


@pytest.mark.parametrize(("promised", "worse"), [(1, True), (60, False)])
def test_it_is_told_when_the_calibration_promised_more(
    promised: int, worse: bool, audited: Questions, answer: Callable[..., Answer]
) -> None:
    task = audited.task("category@audit")
    audit = Audit("category", 1.0, "high", promised_images=100, promised_differing=promised)
    tasks = replace(audited, tasks=(audited.task("category"), replace(task, audit=audit)))
    outcomes = (answer(value="city"), answer(task="category@audit", value="sea"))
    rows = [
        row
        for n in range(12)
        for row in audited_pairs(tasks.audits, Answered(str(n), "x", outcomes))
    ]
    same = (answer(value="city"), answer(task="category@audit", value="city"))
    rows += [
        row for n in range(20) for row in audited_pairs(tasks.audits, Answered(str(n), "x", same))
    ]
    assert audit_summary(tasks.audits, rows)["category"]["worse_than_promised"] is worse


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_fishers_test_equals_its_definition(m: int, n: int, data: st.DataObject) -> None:
    here, there = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    together = here + there
    upper = range(here, min(m, together) + 1)
    ways = sum(comb(m, i) * comb(n, together - i) for i in upper)
    expected = Fraction(ways, comb(m + n, together))
    assert p_not_more_frequent(here, m, there, n) == pytest.approx(float(expected))
