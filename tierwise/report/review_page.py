"""The page of pictures that are worth most to whoever corrects answers: a gallery to mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.records import Reason
from tierwise.report.doubt import SAID, WORDS
from tierwise.report.gallery import Card
from tierwise.report.page_parts import part, policy, rendered
from tierwise.report.task_facts import AskedTask

REVIEW_PAGE = "review-chosen.html"


def review_page(run: Mapping[str, Any], tasks: Sequence[AskedTask], cards: Sequence[Card]) -> str:
    """The HTML, with the cards in their order."""
    style, script = part("page.css"), part("gallery.js")
    return rendered(
        "review.html.j2",
        run=run,
        tasks=tasks,
        cards=cards,
        order="those worth most",
        pictured=any(card.image for card in cards),
        doubts=[(WORDS[doubt], SAID[doubt]) for doubt in SAID],
        reasons=[str(reason) for reason in Reason],
        style=style,
        script=script,
        policy=policy(style, script),
    )
