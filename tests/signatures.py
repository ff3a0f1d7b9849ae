"""Beam's look at the methods of a step, once for each method instead of eight times per step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from apache_beam.transforms import core

Found = tuple[list[str], list[Any]]


def remembered() -> Iterator[None]:
    """While this is under way. A signature never changes, and the suite builds 20,000 steps."""
    look: Callable[[Any], Found] = core.get_function_args_defaults
    known = {bound: WeakKeyDictionary[Any, Found]() for bound in (False, True)}

    def found(function: Any) -> Found:
        bound, its = hasattr(function, "__self__"), getattr(function, "__func__", function)
        names, defaults = known[bound].get(its) or known[bound].setdefault(its, look(function))
        return [*names], [*defaults]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "get_function_args_defaults", found)
        yield
