"""What the page says of local answers, and which of them it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tierwise.publishing.finished import answers, asked, finished
from tierwise.publishing.write_report import build_page
from tierwise.report.local_answers import local_tasks

NAMES = [f"{number:02}.jpg" for number in range(40)]
LOCAL = NAMES[10:]
FOUND: dict[str, Any] = {
    "differ": 0.02,
    "confidence": 0.95,
    "contents": 10_000,
    "learnt": 900,
    "examined": 700,
    "differ_at_most": 200,
    "answered_locally": 6_700,
    "contents_answered_locally": 6_667,
    "looks": 1,
    "model": "abc",
    "why_not": None,
    "allowed": 14,
    "mistakes": 70,
    "mistakes_above_cut": 14,
    "cut": 0.934,
    "differ_expected": 130,
    "of_local_at_most": 0.03,
    "curve": [
        {"differ": 0.005, "asked_share": 1.0},
        {"differ": 0.02, "asked_share": 0.34},
        {"differ": 0.1, "asked_share": 0.2},
    ],
    "labels": [
        {"label": "cat", "examined": 400, "lost": 2, "lost_at_most": 60},
        {"label": "<dog>", "examined": 300, "lost": 7, "lost_at_most": 130},
    ],
    "asks_itself": None,
}


@pytest.fixture
def html(tmp_path: Path) -> str:
    scores = [None] * 10 + [0.999 - number / 1_000 for number in range(30)]
    reasons = ["as the task says"] * 10 + [f"score {one:.3f} above 0.934" for one in scores[10:]]
    table = answers(
        NAMES,
        ["cat"] * 40,
        answered_by=["gemini"] * 10 + ["local"] * 30,
        local_score=scores,
        route_reason=reasons,
    )
    made = finished(tmp_path, {asked(): [table]})
    made.change(local={"category": FOUND})
    return build_page(made.found, None)


def test_the_promise_the_curve_and_the_losses_stand_on_the_page(html: str) -> None:
    words = " ".join(html.split())
    assert "at most 200 of 10,000 distinct pictures (3.0 % of the 6,667 answered locally)" in words
    assert "Asked: 100 % if 0.5 % may differ, 34 % if 2 % may differ, 20 % if 10 %" in words
    assert "Promised at 2 %: 33 % were asked." in words
    assert "Estimates with an interval, no promise" in words
    assert "&lt;dog&gt;" in words
    assert words.index("&lt;dog&gt;</bdi></td>") < words.index("cat</bdi></td>")  # loses more
    assert '<a href="#local">Local</a>' in words


def test_the_least_sure_are_shown_the_least_first(html: str) -> None:
    section = html.split('id="local"')[1].split("</section>", maxsplit=1)[0]
    shown = [name for name in NAMES if name in section]
    assert shown == LOCAL[-12:]
    assert section.index(LOCAL[-1]) < section.index(LOCAL[-2])
    assert "score 0.970 above 0.934" in section


def test_scores_are_one_reason_and_who_answered_is_a_filter(html: str) -> None:
    assert "because of <bdi>answered locally</bdi> (30)" in " ".join(html.split())
    assert 'data-by="local"' in html
    assert 'data-by="gemini"' in html
    assert '<select name="by">' in html


def test_a_task_with_nothing_local_says_why_and_draws_nothing() -> None:
    small = {"differ": 0.02, "confidence": 0.95, "answered_locally": 0, "why_not": "too small"}
    [one] = local_tasks({"local": {"category": small}}, [], {})
    assert one.sentences == ("nothing was answered locally: too small. All was asked.",)
    assert (one.curve, one.labels, one.least_sure) == (None, (), ())


def test_the_curve_lies_within_its_drawing_whatever_was_written() -> None:
    for differ in (0.001, 0.02, 0.5):
        found = json.loads(json.dumps(FOUND)) | {"differ": differ}
        [one] = local_tasks({"local": {"category": found}}, [], {})
        assert one.curve
        for spot in (*one.curve.points, one.curve.promise):
            assert one.curve.left <= spot.x <= one.curve.left + one.curve.width
            assert one.curve.top <= spot.y <= one.curve.top + one.curve.height


def test_a_page_without_local_has_no_section(tmp_path: Path) -> None:
    made = finished(tmp_path, {asked(): [answers(["a.jpg"], ["cat"])]})
    assert 'id="local"' not in build_page(made.found, None)
