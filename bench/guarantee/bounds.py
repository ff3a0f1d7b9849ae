"""What chance alone may add to a share that was counted in a simulation."""

from __future__ import annotations

from math import sqrt


def at_most(promised: float, counted: float, times: int) -> None:
    """Refuse a counted share above a promise by more than three standard deviations."""
    bound = promised + 3 * sqrt(promised * (1 - promised) / times)
    if counted > bound:
        raise SystemExit(f"{counted:.4f} is more than {promised} allows ({bound:.4f})")
