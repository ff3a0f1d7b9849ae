"""A line in a notebook's cell that is drawn anew; whoever runs notebooks has IPython already."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def line_in_notebook() -> Callable[[str], None] | None:
    """Draws a text in the place of the one before, in this cell; None outside a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):  # IPython in a terminal has none
        return None
    line = ipython.display.display({"text/plain": ""}, raw=True, display_id=True)

    def show(text: str) -> None:
        line.update({"text/plain": text}, raw=True)

    return show
