"""Many hypotheses at once, refuted so that not even one is refuted wrongly too often.

Candidates stand in chains, each from the surest to the boldest, fixed before anything is measured.
The error that is allowed is shared out among the chains. A chain is tested from its head with its
whole share, until one fails; what a finished chain has left goes to those that remain. It is a
graphical procedure (Bretz, Maurer, Brannath and Posch, Statistics in Medicine 28, 2009): one chain
is fixed-sequence testing, chains of one are Holm's procedure. In whatever way one then chooses
among those refuted, the chance that any was refuted wrongly is at most `error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name")


def refuted(
    chains: Sequence[Sequence[Name]], p_values: Mapping[Name, float], error: float
) -> list[Name]:
    """The hypotheses that can be refuted.

    >>> refuted([["high", "low"], ["packed"]], {"high": 0.01, "low": 0.04, "packed": 0.02}, 0.05)
    ['high', 'packed', 'low']
    """
    waiting = [list(chain) for chain in chains if chain]
    found: list[Name] = []
    # A finished chain leaves its share to the others, so that those that wait share the whole.
    while ready := [chain for chain in waiting if p_values[chain[0]] <= error / len(waiting)]:
        found += [chain.pop(0) for chain in ready]
        waiting = [chain for chain in waiting if chain]
    return found
