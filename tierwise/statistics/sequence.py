"""Many hypotheses in one fixed order, refuted so that hardly ever even one is refuted wrongly.

The order is fixed before anything is measured. Each hypothesis is tested with the whole error, as
long as all before it were refuted; the first that is not ends it. The first that is true can then
be refuted only with the chance of one test, whatever comes behind it (Maurer, Hothorn and Lehmacher
1995; Westfall and Krishen, Journal of Statistical Planning and Inference 99, 2001). So nothing is
shared out, and in whatever way one chooses among those refuted, the chance that any was refuted
wrongly is at most `error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TypeVar

Name = TypeVar("Name")


def refuted_in_order(
    order: Sequence[Name], p_values: Mapping[Name, float], error: float
) -> list[Name]:
    """The hypotheses that can be refuted: the first ones, up to one that cannot.

    >>> refuted_in_order(["a", "b", "c"], {"a": 0.04, "b": 0.2, "c": 0.001}, 0.05)
    ['a']
    """
    return list(takewhile(lambda name: p_values[name] <= error, order))
