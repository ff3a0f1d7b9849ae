"""Beam in a notebook: like anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apache_beam import pipeline


@contextmanager
def without_interactive_beam() -> Iterator[None]:
    """Keep Beam from loading its interactive part for the pipelines of the body.

    In a notebook it does so for any pipeline: it puts a script into the cell that fetches others
    from the internet, writes the cell's number into the names of steps, and leaves temporary files.
    """
    before = pipeline.alter_label_if_ipython, pipeline.is_in_ipython
    pipeline.alter_label_if_ipython, pipeline.is_in_ipython = _leave_label, _in_none
    try:
        yield
    finally:
        pipeline.alter_label_if_ipython, pipeline.is_in_ipython = before


def _leave_label(transform: Any, given: Any) -> None:
    del transform, given


def _in_none() -> bool:
    return False
