"""Beam's looks at the methods of a step, once for each method instead of many times for each step.

They search signatures for state, timers and arguments, which is a third of what a small run costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from apache_beam.transforms import core, userstate

Found = tuple[set[Any], set[Any]]
Arguments = tuple[list[str], list[Any]]


def remembered() -> Iterator[None]:
    """While this is under way. A signature never changes, and the suite builds 20,000 steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(userstate, "get_dofn_specs", _specs(userstate.get_dofn_specs))
        patch.setattr(core, "get_function_args_defaults", _args(core.get_function_args_defaults))
        yield


def _specs(look: Callable[[Any], Found]) -> Callable[[Any], Found]:
    known = WeakKeyDictionary[Any, Found]()

    def found(step: Any) -> Found:
        wraps = isinstance(step, core.CallableWrapperDoFn)
        kind = step._process_argspec_fn() if wraps else type(step)
        kind = getattr(kind, "__func__", kind)
        states, timers = known.get(kind) or known.setdefault(kind, look(step))
        return {*states}, {*timers}

    return found


def _args(look: Callable[[Any], Arguments]) -> Callable[[Any], Arguments]:
    known = {True: WeakKeyDictionary[Any, Arguments](), False: WeakKeyDictionary[Any, Arguments]()}

    def found(method: Any) -> Arguments:
        bound = isinstance(method, MethodType)
        function = method.__func__ if bound else method
        if not isinstance(function, FunctionType):
            return look(method)
        of_kind = known[bound]
        args, defaults = of_kind.get(function) or of_kind.setdefault(function, look(method))
        return [*args], [*defaults]

    return found
