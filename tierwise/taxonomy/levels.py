"""How near an answer in a tree comes to the truth: at each level, and by the family of the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tierwise.taxonomy.taxonomy import Taxonomy

EXACT, PARENT, SIBLING, LEVEL = "exact", "parent right", "sibling", "level"


def nearness(taxonomy: Taxonomy, truth: str, answer: str | None) -> dict[str, bool]:
    """What is right of an answer, None where there is none.

    `parent right`: the label above the truth, or what lies below that, was answered. `sibling`:
    another label right below it was. Neither is told of a truth that has none above it.
    `level 1`, `level 2` ...: the same branch from the root to there, as far as the truth goes.

    >>> from tierwise.taxonomy.grow import grow
    >>> from tierwise.taxonomy.label import WrittenLabel
    >>> tree = grow([WrittenLabel("pet"), WrittenLabel("cat", parent="pet"),
    ...     WrittenLabel("dog", parent="pet")])
    >>> nearness(tree, "cat", "dog")
    {'exact': False, 'parent right': True, 'sibling': True, 'level 1': True, 'level 2': False}
    """
    wanted = _way(taxonomy, truth)
    found = () if answer is None else _way(taxonomy, answer)
    above = wanted[:-1]
    right = {EXACT: found == wanted}
    if above:
        right[PARENT] = found[: len(above)] == above
        right[SIBLING] = found != wanted and found[:-1] == above
    levels = range(1, len(wanted) + 1)
    return right | {f"{LEVEL} {level}": found[:level] == wanted[:level] for level in levels}


def shares(taxonomy: Taxonomy, pairs: Iterable[tuple[str, str | None, int]]) -> Mapping[str, float]:
    """The shares of images of which each is right, given truths, answers and how many images.

    That at a level is of the images whose truth reaches it, `parent right` and `sibling` of those
    whose truth has a label above it.
    """
    right, all_ = defaultdict[str, int](int), defaultdict[str, int](int)
    for truth, answer, images in pairs:
        for name, holds in nearness(taxonomy, truth, answer).items():
            right[name] += holds * images
            all_[name] += images
    return {name: right[name] / all_[name] for name in all_ if all_[name]}


def _way(taxonomy: Taxonomy, name: str) -> tuple[str, ...]:
    """The names from the root to a label."""
    return taxonomy.label(name).path
