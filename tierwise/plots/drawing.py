"""A figure as SVG that can stand in a page, or as PNG; the same bytes for the same figure.

Nothing here touches the state that `matplotlib.pyplot` shares.
"""

from __future__ import annotations

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Nearly black on a PNG's white; in SVG it becomes the colour of the text around, light or dark.
INK = "#010203"
# Middling lightness: at least 3:1 on white and on black alike.
CHOSEN, FAINT = "#2f7fd1", "#7f7f7f"
FONT_SIZE = 9.0
_DPI = 144
_PROLOGUE = re.compile(r"\A.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
# It would reach every other picture of the page.
_STYLE_OF_ALL = re.compile(r"\s*<style[^>]*>.*?</style>", re.DOTALL)
_FONT = re.compile(r"font-family: [^;]*")
# Names of groups that nothing refers to, the same in every figure.
_GROUP_NAMES = re.compile(r'<g id="[^"]*">')


def _style() -> AbstractContextManager[None]:
    """Text stays text in SVG, and names made up for it are the same each time."""
    return rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "tierwise",
            "font.family": "sans-serif",
            "font.size": FONT_SIZE,
        }
    )


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure, and in words what it shows, for those who do not see it."""

    figure: Figure
    said: str

    def svg(self) -> str:
        """An `<svg>` element to be put into HTML: text stays text, in the page's own colour."""
        sink = io.StringIO()
        with _style():
            self.figure.savefig(sink, format="svg", metadata={"Date": None})
        drawn = _PROLOGUE.sub("", sink.getvalue())
        drawn = _GROUP_NAMES.sub("<g>", _STYLE_OF_ALL.sub("", _METADATA.sub("", drawn)))
        drawn = _FONT.sub("font-family: inherit", drawn)
        named = f'<svg role="img" aria-label="{escape(self.said)}" stroke-linejoin="round" '
        return drawn.replace("<svg ", named, 1).replace(INK, "currentColor")

    def png(self) -> bytes:
        """The file's bytes, on white."""
        sink = io.BytesIO()
        with _style():
            self.figure.savefig(
                sink, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None}
            )
        return sink.getvalue()


def axes_of(width: float, height: float, *, left: float) -> tuple[Figure, Axes]:
    """A plain figure of so many inches, and its axes, `left` inches from its side."""
    with _style():
        figure = Figure(figsize=(width, height), facecolor="none")
        axes = figure.add_axes(
            (left / width, 0.62 / height, 1 - (left + 0.2) / width, 1 - (0.62 + 0.45) / height),
            facecolor="none",
        )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, color=FAINT)
    return figure, axes


def headed(axes: Axes, title: str, *, emulated: bool) -> None:
    """Say what it is, and that it was emulated."""
    said = f"{title} (emulated)" if emulated else title
    axes.set_title(said, loc="left", color=INK, fontsize=FONT_SIZE + 1, parse_math=False)
