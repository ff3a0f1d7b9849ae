"""Where a tree is cut in two: a label is found by two short questions in place of a long one.

    first    which of these?     animals (cats, dogs), things
    second   below the answer    cats: lynx, lion ...

The first asks for labels down to the cut, the second for those below what was answered. What
may come out in the end is the same as of one question about all.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from tierwise.taxonomy.taxonomy import Taxonomy


def cut_of(taxonomy: Taxonomy) -> tuple[str, ...]:
    """The labels to ask below in a second question, the one with most possible answers first.

    From the roots on, the largest branch is taken apart while that leaves the first question
    shorter than the second about that branch. Empty where no label has several answers below it.
    """
    sizes = _sizes(taxonomy)
    branches = [(-sizes[root.name], root.name) for root in taxonomy.children()]
    heapify(branches)
    first = len(branches)
    while branches:
        size, name = branches[0]
        below = taxonomy.children(name)
        longer = first + len(below) - 1 + taxonomy.back_off
        if longer > -size:
            break
        heappop(branches)
        first = longer
        for label in below:
            if taxonomy.children(label.name):
                heappush(branches, (-sizes[label.name], label.name))
    cut = (one for one in sorted(branches) if -one[0] > 1 and taxonomy.children(one[1]))
    return tuple(name for _, name in cut)


def above_cut(taxonomy: Taxonomy, cut: tuple[str, ...]) -> Taxonomy:
    """The labels of the first question, those of the cut among them."""
    return taxonomy.subtree(ends=set(cut))


def below_cut(taxonomy: Taxonomy, name: str) -> Taxonomy:
    """The labels of a second question: this one, and all below it."""
    return taxonomy.subtree([name])


def _sizes(taxonomy: Taxonomy) -> dict[str, int]:
    """By label, how many possible answers there are at it and below."""
    options = set(taxonomy.options)
    sizes = {label.name: int(label.name in options) for label in taxonomy.labels}
    for _, label in reversed(list(taxonomy.walk())):
        if label.parent is not None:
            sizes[taxonomy.labels[label.parent].name] += sizes[label.name]
    return sizes
