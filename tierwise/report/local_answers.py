"""What the page says of local answers: the promise, the curve, losses, and the least sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from tierwise.local.told import local_sentences
from tierwise.report.gallery import AnswerLine, Card
from tierwise.report.written import percent

# Of the drawing, in its own units.
_WIDTH, _HEIGHT, _LEFT, _TOP = 420, 180, 56, 16


@dataclass(frozen=True, slots=True)
class Spot:
    """A share that may differ and what is asked for it, and where both stand in the drawing."""

    x: float
    y: float
    differ: str
    asked: str


@dataclass(frozen=True, slots=True)
class Curve:
    """What is asked by how much may differ: estimates, and the `promise`."""

    points: tuple[Spot, ...]
    promise: Spot
    levels: tuple[tuple[float, str], ...]

    width, height, left, top = _WIDTH, _HEIGHT, _LEFT, _TOP

    @property
    def path(self) -> str:
        """Through the points."""
        return " ".join(f"{one.x:.1f},{one.y:.1f}" for one in self.points)

    @property
    def said(self) -> str:
        """The same in words."""
        found = ", ".join(f"{one.asked} if {one.differ} may differ" for one in self.points)
        promise = self.promise
        return f"Asked: {found}. Promised at {promise.differ}: {promise.asked} were asked."


@dataclass(frozen=True, slots=True)
class LabelRow:
    """Of one label: pictures of the exam, those lost there, and in the rest about and at most."""

    label: str
    examined: int
    lost: int
    about: int
    at_most: int


@dataclass(frozen=True, slots=True)
class LocalTask:
    """One task with `local`."""

    name: str
    sentences: tuple[str, ...]
    curve: Curve | None
    labels: tuple[LabelRow, ...]
    least_sure: tuple[tuple[Card, AnswerLine], ...]


def local_tasks(
    run: Mapping[str, Any], cards: Sequence[Card], least_sure: Mapping[str, Sequence[str]]
) -> Iterator[LocalTask]:
    """What is to be said of each task; `least_sure` are keys of pictures by task."""
    by_key = {f"{card.content_hash}#{card.page}": card for card in cards}
    for name, found in run.get("local", {}).items():
        shown = [by_key[key] for key in least_sure.get(name, ()) if key in by_key]
        yield LocalTask(
            name,
            tuple(local_sentences(found)),
            _curve(found),
            tuple(_label_rows(found)),
            tuple((card, line) for card in shown if (line := card.line(name))),
        )


def _curve(found: Mapping[str, Any]) -> Curve | None:
    if not found.get("curve") or not found["contents"]:
        return None
    contents = found["contents"]
    asked = 1 - found["contents_answered_locally"] / contents
    differs = [one["differ"] for one in found["curve"]] + [found["differ"]]
    least, most = log10(min(differs)), log10(max(differs))

    def spot(differ: float, share: float) -> Spot:
        across = (log10(differ) - least) / ((most - least) or 1)
        return Spot(
            _LEFT + across * _WIDTH,
            _TOP + (1 - share) * _HEIGHT,
            f"{100 * differ:g} %",
            percent(share, 1),
        )

    points = tuple(spot(one["differ"], one["asked_share"]) for one in found["curve"])
    levels = tuple((_TOP + (1 - one) * _HEIGHT, percent(one, 1)) for one in (0, 0.5, 1))
    return Curve(points, spot(found["differ"], asked), levels)


def _label_rows(found: Mapping[str, Any]) -> Iterator[LabelRow]:
    """Those that lose most first."""
    if not found.get("contents_answered_locally"):
        return
    examined = found["examined"]
    rest = found["contents"] - found["learnt"] - examined
    rows = [
        LabelRow(
            one["label"],
            one["examined"],
            one["lost"],
            round(one["lost"] * rest / examined) if examined else 0,
            one["lost_at_most"],
        )
        for one in found["labels"]
    ]
    yield from sorted(rows, key=lambda row: (-row.lost, row.label))
