"""Accuracy against dollars per thousand images: each route with its interval, the chosen marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from tierwise.calibration.choice import Choice, TriedRoute
from tierwise.plots.drawing import CHOSEN, FAINT, FONT_SIZE, INK, Plot, axes_of, headed
from tierwise.plots.placing import NameBox, first_free

_WIDTH, _HEIGHT = 6.4, 3.9
_POINTS_PER_INCH = 72
_AIR = 0.12


def accuracy_plot(task: str, choice: Choice, *, emulated: bool) -> Plot:
    """One task's routes; what is below the dashed line is worse than the reference by the margin.

    Args:
        task: its name, for the title.
        choice: from `choose`, or from a calibration file.
        emulated: whether an emulator answered, which the title says.
    """
    choice = replace(choice, routes=tuple(choice.telling))
    figure, axes = axes_of(_WIDTH, _HEIGHT, left=0.62)
    for one in choice.routes:
        _draw(axes, one, choice)
    limit = choice.route(choice.reference).figures.score - choice.margin
    axes.axhline(limit, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    _scale(axes, choice.routes, limit)
    _name(axes, choice)
    axes.set_xlabel("USD per 1000 images", color=INK)
    axes.set_ylabel(f"score, with {choice.confidence:.0%} interval", color=INK)
    headed(axes, f"{task}: {choice.images} labelled images", emulated=emulated)
    return Plot(figure, _said(task, choice, emulated=emulated))


def _cost(one: TriedRoute) -> float:
    return float(one.figures.usd_per_1000_images)


def _draw(axes: Axes, one: TriedRoute, choice: Choice) -> None:
    """Filled is chosen, hollow good enough, grey not shown to be; the reference is a diamond."""
    figures, chosen = one.figures, one.name == choice.chosen
    colour = CHOSEN if one.accepted else FAINT
    axes.errorbar(
        [_cost(one)],
        [figures.score],
        yerr=[[figures.score - figures.low], [figures.high - figures.score]],
        fmt="D" if one.name == choice.reference else "o" if one.accepted else "x",
        markersize=9 if chosen else 6,
        markerfacecolor=colour if chosen else "none",
        color=colour,
        elinewidth=1.6 if chosen else 1.0,
        capsize=3,
        zorder=3 if chosen else 2,
    )


def _scale(axes: Axes, routes: Sequence[TriedRoute], limit: float) -> None:
    """Cost from nothing, so that twice as far is twice as dear; scores as far as intervals go."""
    dearest = max(map(_cost, routes))
    axes.set_xlim(0, dearest * 1.25 or 1)
    low = min(limit, *(one.figures.low for one in routes))
    high = max(one.figures.high for one in routes)
    air = _AIR * ((high - low) or 0.1)
    axes.set_ylim(max(low - air, -0.02), min(high + air, 1.02))


def _name(axes: Axes, choice: Choice) -> None:
    """Write each route's name where it covers neither another name nor a point."""
    taken = [_around(axes, one) for one in choice.routes]
    for one in sorted(choice.routes, key=lambda one: (one.name != choice.chosen, _cost(one))):
        text = one.name + (" (chosen)" if one.name == choice.chosen else "")
        x, y = _pixels(axes, one)
        dots = axes.figure.dpi / _POINTS_PER_INCH
        size = (0.66 * FONT_SIZE * len(text) * dots, 1.25 * FONT_SIZE * dots)
        frame = axes.get_window_extent()
        inside = NameBox(frame.x0, frame.y0, frame.x1 + 0.2 * axes.figure.dpi, frame.y1)
        box = first_free(_offers(x, y, size, dots), taken, inside)
        taken.append(box)
        axes.annotate(
            text,
            (_cost(one), one.figures.score),
            xytext=((box.left - x) / dots, (box.low - y) / dots),
            textcoords="offset points",
            color=INK,
            fontsize=FONT_SIZE,
            weight="bold" if one.name == choice.chosen else "normal",
            parse_math=False,
        )


def _pixels(axes: Axes, one: TriedRoute) -> tuple[float, float]:
    x, y = axes.transData.transform((_cost(one), one.figures.score))
    return float(x), float(y)


def _around(axes: Axes, one: TriedRoute) -> NameBox:
    """The point and its interval, which names should not cover."""
    x, _ = _pixels(axes, one)
    low, high = (
        float(axes.transData.transform((0, end))[1]) for end in (one.figures.low, one.figures.high)
    )
    return NameBox(x - 5, low, x + 5, high)


def _offers(
    x: float, y: float, size: tuple[float, float], dots: float
) -> Iterator[tuple[NameBox, float]]:
    """Places for a name beside its point, and how far each is from the best."""
    width, height = size
    for step in range(12):
        for sign in (1, -1) if step else (1,):
            low = y + sign * step * 0.7 * height + 2 * dots
            for left, worse in ((x + 7 * dots, 0.0), (x - 7 * dots - width, 0.5)):
                yield NameBox(left, low, left + width, low + height), step + worse


def _said(task: str, choice: Choice, *, emulated: bool) -> str:
    chosen = choice.route(choice.chosen)
    reference = choice.route(choice.reference)
    return (
        f"Score against dollars per thousand images of {len(choice.routes)} routes of the task "
        f"{task}{' (emulated)' if emulated else ''}. Chosen: {_figures(chosen)}. "
        f"Reference: {_figures(reference)}."
    )


def _figures(one: TriedRoute) -> str:
    return f"{one.name}, {one.figures.usd_per_1000_images:.4f} USD, score {one.figures.score:.3f}"
