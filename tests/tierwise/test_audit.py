"""Which images are audited, at which route, and what the comparison says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from hashlib import sha256
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.audit import (
    AuditTally,
    audit_summary,
    audit_tallies,
    audited_pairs,
    with_audits,
)
from tierwise.questions import Questions, as_written
from tierwise.records import Answer, Answered, Failure, MediaResolution, Outcome, Reason
from tierwise.statistics.clusters import Clusters
from tierwise.statistics.two_samples import p_not_more_frequent
from tierwise.tasks import Task, load_tasks
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


def summed(audits: Sequence[Task], contents: Iterable[Answered]) -> dict[str, Any]:
    """What the audit of the task `category` found, added up in some order."""
    tallies = [tally for content in contents for tally in audit_tallies(audits, content)]
    random.Random(1).shuffle(tallies)
    totals = [tally for task, tally in tallies if task == "category@audit"]
    found: dict[str, Any] = audit_summary(audits, [("category@audit", sum(totals, AuditTally()))])
    return dict(found["category"])


def test_only_pairs_of_answers_are_compared(
    audited: Questions, answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    cheap, dear = answer(value="city"), answer(task="category@audit", value="sea")
    late = failure(task="category@audit", reason=Reason.OVER_BUDGET)
    seen: list[tuple[Outcome, ...]] = [
        (cheap, dear),
        (cheap, replace(dear, value="city")),
        (failure(reason=Reason.INVALID_ANSWER), dear),
        (failure(reason=Reason.UNAVAILABLE), late),  # counted once, at the cheap route
        (cheap, late),
        (cheap,),
        (dear,),  # `when` did not hold for the cheap way
    ]
    contents = [Answered(str(n), f"{n}.jpg", outcomes) for n, outcomes in enumerate(seen)]
    found = summed(audited.audits, contents)
    assert (found["images"], found["files"], found["differing"]) == (2, 2, 1)
    assert found["low"] < 1 / 2 < found["high"]
    assert found["not_compared"] == {
        "cheap": {"invalid_answer": 1, "unavailable": 1},
        "reference": {"over_budget": 1},
    }
    assert found["worse_than_promised"] is None
    rows = [row for content in contents for row in audited_pairs(audited.audits, content)]
    assert [(key.label, key.answer) for key, _ in rows] == [("sea", "city"), ("city", "city")]


def file_of(pages: int, differing: int, answer: Callable[..., Answer]) -> Answered:
    """A file whose first pages are answered otherwise at the reference."""
    outcomes = [
        answer(task=task, value="sea" if task.endswith("@audit") and n < differing else "city")
        for task in ("category", "category@audit")
        for n in range(pages)
    ]
    numbered = [
        replace(one, page=replace(one.page, number=n % pages + 1, pages=pages))
        for n, one in enumerate(outcomes)
    ]
    return Answered("x", "x.pdf", tuple(numbered))


def test_pages_of_a_file_are_one_observation(
    audited: Questions, answer: Callable[..., Answer]
) -> None:
    contents = [file_of(20, 20 if n < 2 else 0, answer) for n in range(20)]
    found = summed(audited.audits, contents)
    assert (found["images"], found["files"], found["differing"]) == (400, 20, 40)
    assert found["share"] == pytest.approx(0.1)
    alone = summed(audited.audits, [file_of(1, n < 2, answer) for n in range(20)])
    # Ten times as many pages say no more of the archive than as many files.
    assert (found["low"], found["high"]) == pytest.approx((alone["low"], alone["high"]))
    mixed = summed(audited.audits, [file_of(4, n % 3, answer) for n in range(60)])
    assert mixed["share"] == pytest.approx(1 / 4)
    assert mixed["low"] < 1 / 4 < mixed["high"]


@pytest.mark.parametrize("pages", [1, 2, 5, 20])
def test_the_interval_covers_although_pages_fail_together(pages: int) -> None:
    """2,000 archives' audits of 60 files; all pages of a file are right or wrong together."""
    chance = random.Random(pages)
    truth, runs, files = 0.1, 2000, 60
    intervals = {
        wrong: summed_clusters(files, wrong, pages).interval() for wrong in range(files + 1)
    }
    wrong = (sum(chance.random() < truth for _ in range(files)) for _ in range(runs))
    covered = sum(truth in intervals[n] for n in wrong) / runs
    assert covered >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_the_interval_covers_where_files_differ_in_part() -> None:
    """Pages of a file have a share of their own, and files have 1 to 20 of them."""
    chance = random.Random(5)
    shares, runs = (0.0, 0.05, 0.9), 150
    truth, covered = sum(shares) / len(shares), 0
    for _ in range(runs):
        some = Clusters()
        for _ in range(40):
            pages, share = chance.choice([1, 2, 5, 20]), chance.choice(shares)
            some += Clusters.of(pages, sum(chance.random() < share for _ in range(pages)))
        covered += truth in some.interval()
    assert covered / runs >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


def summed_clusters(files: int, wrong: int, pages: int) -> Clusters:
    return Clusters({(pages, pages): wrong, (pages, 0): files - wrong})


@pytest.mark.parametrize("pages", [1, 4])
@pytest.mark.parametrize(("promised", "worse"), [(1, True), (60, False)])
def test_it_is_told_when_the_calibration_promised_more(
    promised: int, worse: bool, pages: int, audited: Questions, answer: Callable[..., Answer]
) -> None:
    task = audited.task("category@audit")
    audit = Audit("category", 1.0, "high", promised_images=100, promised_differing=promised)
    tasks = replace(audited, tasks=(audited.task("category"), replace(task, audit=audit)))
    contents = [file_of(pages, pages if n < 12 else 0, answer) for n in range(32)]
    assert summed(tasks.audits, contents)["worse_than_promised"] is worse
    assert summed(tasks.audits, [])["worse_than_promised"] is None


def test_pages_of_few_bad_files_do_not_break_a_promise(
    audited: Questions, answer: Callable[..., Answer]
) -> None:
    """Of 8 files one is wrong on all of its 20 pages: taken for 160 images, 20 would be many."""
    task = audited.task("category@audit")
    audit = Audit("category", 1.0, "high", promised_images=400, promised_differing=20)
    tasks = replace(audited, tasks=(audited.task("category"), replace(task, audit=audit)))
    contents = [file_of(20, 20 if n == 0 else 0, answer) for n in range(8)]
    assert p_not_more_frequent(20, 160, 20, 400) < 0.01
    assert summed(tasks.audits, contents)["worse_than_promised"] is False


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_fishers_test_equals_its_definition(m: int, n: int, data: st.DataObject) -> None:
    here, there = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    together = here + there
    upper = range(here, min(m, together) + 1)
    ways = sum(comb(m, i) * comb(n, together - i) for i in upper)
    expected = Fraction(ways, comb(m + n, together))
    assert p_not_more_frequent(here, m, there, n) == pytest.approx(float(expected))
