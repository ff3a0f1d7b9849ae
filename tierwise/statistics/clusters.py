"""Counts of things that fail together, such as pages of one file: the file is what is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tierwise.statistics.intervals import Interval, mean_interval, share_interval


def unit_means(values: Sequence[float], units: Sequence[str]) -> list[float]:
    """The mean of what fails together; values without a name in `units` stand for themselves.

    >>> unit_means([1, 0, 0.5, 0.25], ["a", "a", "", ""])
    [0.5, 0.5, 0.25]
    """
    found: dict[str | int, list[float]] = {}
    for place, (name, value) in enumerate(zip(units, values, strict=True)):
        found.setdefault(name or place, []).append(value)
    return [sum(some) / len(some) for some in found.values()]


@dataclass(frozen=True, slots=True)
class Clusters:
    """How many clusters have how many members, and how many of these differ.

    Sums are the same in any order, and as large as there are kinds of clusters.

    >>> Clusters.of(20, 3) + Clusters.of(1, 0) + Clusters.of(1, 0)
    Clusters(kinds={(20, 3): 1, (1, 0): 2})
    """

    kinds: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, members: int, differing: int) -> Clusters:
        """One cluster."""
        return cls({(members, differing): 1})

    def __add__(self, other: Clusters) -> Clusters:
        together = Counter(self.kinds)
        together.update(other.kinds)
        return Clusters(dict(together))

    @property
    def clusters(self) -> int:
        """How many there are."""
        return sum(self.kinds.values())

    @property
    def members(self) -> int:
        """How many they have together."""
        return sum(members * count for (members, _), count in self.kinds.items())

    @property
    def differing(self) -> int:
        """How many of the members differ."""
        return sum(differing * count for (_, differing), count in self.kinds.items())

    @property
    def alone(self) -> bool:
        """Whether every member is by itself."""
        return all(members == 1 for members, _ in self.kinds)

    @property
    def share(self) -> float:
        """The share of a cluster's members that differ, on average; 0 without clusters."""
        return sum(self._shares()) / max(1, self.clusters)

    def interval(self, confidence: float = 0.95) -> Interval:
        """That share's two-sided interval, whatever the members of a cluster have in common.

        It is that of Clopper and Pearson where every member is by itself.
        """
        if self.alone:
            return share_interval(self.differing, self.members, confidence)
        return mean_interval(self._shares(), confidence)

    def _shares(self) -> list[float]:
        return [
            differing / members
            for (members, differing), count in sorted(self.kinds.items())
            for _ in range(count)
        ]
