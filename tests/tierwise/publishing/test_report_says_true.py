"""What the page says may be quoted alone: of looks, of bars, of the money of several runs."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from tests.tierwise.publishing.finished import answers, asked, finished
from tierwise.publishing.write_report import build_page


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("low", "low", 'asked because category == "cat"'),
        ("high", "low", 'asked because category == "cat"'),
        ("low", "high", 'asked because category == "cat", more closely: at high after low'),
    ],
)
def test_only_a_higher_resolution_is_a_closer_look(
    first: str, second: str, said: str, tmp_path: Path
) -> None:
    """Whatever the tasks file asks for: rules may lower the resolution of any picture."""
    narrow = asked("mark", when='category == "cat"', media_resolution="high")
    tables = {
        asked(): [answers(["a.jpg"], ["cat"], media_resolution=first)],
        narrow: [answers(["a.jpg"], ["cat"], media_resolution=second)],
    }
    html = build_page(finished(tmp_path, tables).found, None)
    reasons = re.findall(r'<span class="what doubt"><bdi>(.*?)</bdi>', html)
    assert [unescape(reason) for reason in reasons] == [said]
    assert ("closely" in html) == ("closely" in said)


@pytest.mark.parametrize(
    ("shares", "width", "note"),
    [([18, 12] + [7] * 10, "18.000", 100), ([2] * 50, "20.000", 10), ([1] * 200, "50.000", 1)],
)
def test_label_bars_have_a_round_scale_that_is_said(
    shares: list[int], width: str, note: int, tmp_path: Path
) -> None:
    labels = [f"label {number}" for number, share in enumerate(shares) for _ in range(share)]
    table = answers([f"{number}.jpg" for number in range(len(labels))], labels)
    made = finished(tmp_path, {asked(labels=sorted(set(labels))): [table]})
    html = build_page(made.found, None)
    section = html[html.index('<ul class="labels">') :]
    assert re.findall(r'class="fill" x="0.000" width="([\d.]+)"', section)[0] == width
    assert (f"A full bar is {note} % of the answered." in section) == (note < 100)


def test_the_first_line_of_a_run_that_reused_answers_gives_the_money_of_all(tmp_path: Path) -> None:
    table = answers(["a.jpg", "b.jpg"], ["cat", "dog"], cost_usd=Decimal("0"), reused=True)
    every = {"requests": 7, "cost_usd": "0.500000000", "maybe_billed_usd": "0.020000000"}
    totals = {"requests": 0, "cost_usd": "0.000000000", "baseline_cost_usd": "1.000000000"}
    made = finished(tmp_path, {asked(): [table]}, all_runs=every)
    made.change(totals={**made.found.run["totals"], **totals})
    html = build_page(made.found, None)
    paid = "$0.500 and perhaps $0.0200 lost by all runs, $0 by this one; the naive way $1.00"
    assert f"<h1>2 of 2 pictures answered for {paid}; none failed.</h1>" in html
    figures = re.findall(r"<div><dt>(.*?)</dt><dd.*?>(.*?)</dd>", html)
    assert dict(figures[:5]) == {
        "of the pictures answered": "100 %",
        "paid by all runs": "$0.500",
        "paid by this run": "$0",
        "less than the naive way": "50 %",
        "per 1,000 pictures answered": "$250.00",
    }
