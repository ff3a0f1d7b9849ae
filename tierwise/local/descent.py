"""The lowest point of a smooth convex function, by L-BFGS.

Liu and Nocedal, On the limited memory BFGS method (1989): the last steps and what they changed in
the slope stand for the curvature.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
# The value at a point, and the slope there.
Function = Callable[[Point], tuple[float, Point]]

_REMEMBERED = 10
_HALVINGS = 20
# A step must bring this share of what the slope promises.
_ENOUGH = 1e-4


def lowest(function: Function, start: Point, *, steps: int, slope: float) -> Point:
    """The lowest point found in so many steps, or the first whose slope is nowhere above `slope`.

    The same function from the same start gives the same point.
    """
    point, (value, gradient) = start, function(start)
    memory: deque[tuple[Point, Point]] = deque(maxlen=_REMEMBERED)
    for _ in range(steps):
        if np.abs(gradient).max(initial=0.0) <= slope:
            break
        direction = _direction(gradient, memory)
        promised = float(direction @ gradient)
        # At first nothing is known of the curvature: a step of length one.
        length = 1.0 if memory else min(1.0, 1.0 / float(np.linalg.norm(gradient)))
        for _ in range(_HALVINGS):
            moved = point + length * direction
            reached, there = function(moved)
            if reached <= value + _ENOUGH * length * promised:
                break
            length /= 2
        else:
            break  # as low as rounding lets one go
        change, bend = moved - point, there - gradient
        if float(change @ bend) > 0:
            memory.append((change, bend))
        point, value, gradient = moved, reached, there
    return point


def _direction(gradient: Point, memory: deque[tuple[Point, Point]]) -> Point:
    """Downhill, corrected by what earlier steps tell of the curvature."""
    direction = -gradient
    parts = []
    for change, bend in reversed(memory):
        part = float(change @ direction) / float(change @ bend)
        direction = direction - part * bend
        parts.append(part)
    if memory:
        change, bend = memory[-1]
        direction = direction * (float(change @ bend) / float(bend @ bend))
    for (change, bend), part in zip(memory, reversed(parts), strict=True):
        other = float(bend @ direction) / float(change @ bend)
        direction = direction + (part - other) * change
    return direction
