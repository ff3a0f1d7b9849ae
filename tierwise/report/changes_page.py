"""The page of a comparison: what changed between two outputs, and pictures of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.report.page_parts import part, policy, rendered

# Labels of one list that are named.
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """One picture; `number` is that of its thumbnail in the page."""

    number: int
    image: str
    uri: str
    page: int


@dataclass(frozen=True, slots=True)
class ShownChange:
    """Some of the pictures of one task that were `old` and are `new`."""

    old: str
    new: str
    cards: tuple[ShownPicture, ...]


def changes_page(facts: Mapping[str, Any], shown: Mapping[str, Sequence[ShownChange]]) -> str:
    """The HTML of a comparison, by what it says as JSON; `shown` is by task."""
    style = part("page.css")
    cards = {card.number: card for some in shown.values() for one in some for card in one.cards}
    return rendered(
        "compared.html.j2",
        facts=facts,
        shown=shown,
        cards=cards.values(),
        most_labels=_MOST_LABELS,
        style=style,
        policy=policy(style),
    )
