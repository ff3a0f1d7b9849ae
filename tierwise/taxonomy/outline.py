"""Labels as a prompt lists them: each below the one it belongs to, with what it means.

    Answer with the code of one label:
    - Pets
     bb Cats: felines that live with people
     bc Dogs

A line begins with what the reply is to call the label, or with a dash where it cannot be the
answer, behind a blank for each label above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tierwise.taxonomy.label import Label
from tierwise.taxonomy.taxonomy import Taxonomy

NO_ANSWER = "-"


def outline(taxonomy: Taxonomy, called: Mapping[str, str]) -> Iterator[str]:
    """A line for each label; `called` is what the reply calls those that may be answers."""
    for depth, label in taxonomy.walk():
        mark = called.get(label.name, NO_ANSWER)
        yield f"{' ' * depth}{mark} {_meaning(label)}"


def meanings(taxonomy: Taxonomy) -> Iterator[str]:
    """The lines of an outline where labels are called by their names.

    All of a tree; else those that have a description.
    """
    options = set(taxonomy.options)
    for depth, label in taxonomy.walk():
        if taxonomy.is_tree or label.description:
            # A name that is longer than its own name is what the reply has to say.
            told = label.name if label.name in options else label.own_name
            yield f"{' ' * depth}{NO_ANSWER} {_meaning(label, told)}"


def _meaning(label: Label, told: str = "") -> str:
    name = told or label.own_name
    return f"{name}: {label.description}" if label.description else name
