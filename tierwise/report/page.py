"""The page: one HTML file that needs no network, no server, and JavaScript for its filters alone.

Bars, the waterfall and the heat map are plain HTML with small SVG bars: their figures are text that
can be selected, read aloud and printed, and they follow light and dark. Plots with axes come from
matplotlib as SVG, see `beam_pipeline/plots`.

All that came from a file name, a picture, a manifest or the model is escaped by Jinja2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.accounts.remedies import REMEDIES
from tierwise.counts.told import correction_lines, count_lines
from tierwise.records import Reason
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.changes import reclassified
from tierwise.report.cost_lines import CostLine, added
from tierwise.report.doubt import SAID, WORDS
from tierwise.report.drawn_pairs import DrawnTask
from tierwise.report.failures_tally import FailuresTally
from tierwise.report.gallery import Card, changed_lines, doubtful_lines
from tierwise.report.headline import headline
from tierwise.report.labels import task_answers
from tierwise.report.local_answers import local_tasks
from tierwise.report.money import forecast_strip, route_rows, waste_rows, waterfall
from tierwise.report.page_parts import part, policy, rendered
from tierwise.report.savings import Naive, savings
from tierwise.report.task_facts import AskedPrice, AskedTask
from tierwise.report.what_ran import what_ran

_MOST_DOUBTFUL = 30


@dataclass(frozen=True, slots=True)
class PagePlot:
    """A picture with axes: an SVG of ours, its title, and what it shows in words."""

    title: str
    svg: str
    said: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All that the page is made of; audits are left out of `tasks` and `tallies`.

    `audits` are their names, `naive` is by task and model.
    """

    run: Mapping[str, Any]
    tasks: Sequence[AskedTask]
    prices: Sequence[AskedPrice]
    lines: Sequence[CostLine]
    naive: Mapping[tuple[str, str], Naive]
    audits: Collection[str]
    tallies: Sequence[AnswersTally]
    failures: FailuresTally
    evaluation: Sequence[Mapping[str, Any]]
    cards: Sequence[Card]
    plots: Sequence[PagePlot] = ()
    drawn: Sequence[DrawnTask] = ()


def page(contents: Contents) -> str:
    """The HTML of a finished run."""
    run, failures, cards = contents.run, contents.failures, contents.cards
    style, script = part("page.css"), part("gallery.js")
    return rendered(
        "page.html.j2",
        run=run,
        tasks=contents.tasks,
        headline=headline(run, failures),
        routes=route_rows(contents.lines),
        total=added(contents.lines),
        waste=waste_rows(contents.lines),
        waterfall=waterfall(
            savings(contents.lines, contents.naive, contents.prices, contents.audits)
        ),
        naive_way=NAIVE_WAY,
        forecast=forecast_strip(run),
        counts=run.get("counts", {}),
        count_lines={task: count_lines(one) for task, one in run.get("counts", {}).items()},
        correction_lines=correction_lines(run),
        answers=task_answers(contents.tallies, cards, run),
        local=list(
            local_tasks(
                run, cards, {one.task.name: list(one.least_sure.keys()) for one in contents.tallies}
            )
        ),
        doubtful=list(doubtful_lines(cards, _MOST_DOUBTFUL)),
        reclassified=reclassified(contents.evaluation, contents.run.get("evaluation", {})),
        changed=changed_lines(cards),
        failures=failures,
        remedies={str(reason): remedy for reason, remedy in REMEDIES.items()},
        reasons=[str(reason) for reason in Reason],
        cards=cards,
        order="the most doubtful",
        pictured=any(card.image for card in cards),
        plots=contents.plots,
        drawn=contents.drawn,
        ran=what_ran(run, contents.tallies),
        prices=contents.prices,
        doubts=[(WORDS[doubt], SAID[doubt]) for doubt in SAID],
        style=style,
        script=script,
        policy=policy(style, script),
    )
