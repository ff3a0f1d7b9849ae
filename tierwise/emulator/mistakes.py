"""Wrong answers on purpose, of two kinds that matter to whoever learns from the answers.

Some can be foretold by nothing in the picture; others sit where the picture is unclear, and whoever
is unsure of it may ask. The same picture and labels always meet the same luck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

# Of pictures that are unclear every second one is answered wrongly.
_UNCLEAR = 2.0


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Shares of the answers, 0 to 1, that are replaced by wrong ones."""

    at_random: float = 0.0
    where_unclear: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.at_random or self.where_unclear)

    @property
    def unclear_share(self) -> float:
        """How large a share of all pictures, those with the smallest lead, passes for unclear."""
        return min(1.0, _UNCLEAR * self.where_unclear)

    def made(self, scores: Mapping[str, float], picture: str, unclear: float) -> dict[str, float]:
        """The scores of labels, or those with the best exchanged for another.

        Args:
            scores: at least two.
            picture: what it is known by.
            unclear: the lead of the best label below which a picture passes for unclear.
        """
        ranked = sorted(scores, key=lambda label: -scores[label])
        drawn = hashlib.sha256("\0".join((picture, *sorted(scores))).encode()).digest()
        random, which, coin = (int.from_bytes(drawn[at : at + 6], "big") for at in (0, 6, 12))
        other = ""
        if lead(scores) < unclear and coin < self.where_unclear / self.unclear_share * 2**48:
            other = ranked[1]
        if random < self.at_random * 2**48:
            other = ranked[1 + which % (len(ranked) - 1)]
        if not other:
            return dict(scores)
        return {**scores, ranked[0]: scores[other], other: scores[ranked[0]]}


def lead(scores: Mapping[str, float]) -> float:
    """How far the best is above the second."""
    second, best = sorted(scores.values())[-2:]
    return best - second
