"""Tokens of a picture as billed, at each media resolution and otherwise, beside the documented."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from tierwise.measurement import MeasuredRoute
from tierwise.plots.drawing import CHOSEN, FAINT, FONT_SIZE, INK, Plot, axes_of, headed

_WIDTH, _ROW, _FRAME = 6.4, 0.27, 1.3


def tokens_plot(task: str, routes: Sequence[MeasuredRoute], *, emulated: bool) -> Plot:
    """A row for each route: from the fewest to the most tokens, a dot at the median.

    Args:
        task: the name of the task that was measured.
        routes: one or more, in the order in which they are shown.
        emulated: whether an emulator answered, which the title says.
    """
    longest = max(len(one.name) for one in routes)
    figure, axes = axes_of(_WIDTH, _FRAME + _ROW * len(routes), left=0.3 + 0.07 * max(12, longest))
    for row, one in enumerate(routes):
        _draw(axes, row, one, first=row == 0)
    axes.set_yticks(range(len(routes)), [one.name for one in routes], color=INK)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(len(routes) - 0.4, -0.6)
    axes.set_xlim(
        0, max(max(one.image_tokens_most, one.rule_tokens_median) for one in routes) * 1.12 or 1
    )
    axes.set_xlabel("tokens of a picture: least, median, most; | documented rule", color=INK)
    headed(axes, f"{task}: tokens per image", emulated=emulated)
    return Plot(figure, _said(task, routes, emulated=emulated))


def _draw(axes: Axes, row: int, one: MeasuredRoute, *, first: bool) -> None:
    colour = FAINT if first else CHOSEN
    axes.plot([one.rule_tokens_median], [row], "|", color=INK, markersize=11, zorder=2)
    axes.hlines(row, one.image_tokens_least, one.image_tokens_most, color=colour, linewidth=2.5)
    axes.plot([one.image_tokens_median], [row], "o", color=colour, markersize=5, zorder=3)
    axes.annotate(
        f"{one.image_tokens_median:g}",
        (one.image_tokens_most, row),
        xytext=(6, -0.3 * FONT_SIZE),
        textcoords="offset points",
        color=INK,
        fontsize=FONT_SIZE,
    )


def _said(task: str, routes: Sequence[MeasuredRoute], *, emulated: bool) -> str:
    medians = ", ".join(f"{one.name} {one.image_tokens_median:g}" for one in routes)
    said = " (emulated)" if emulated else ""
    return f"Median tokens of a picture, task {task}{said}: {medians}."
