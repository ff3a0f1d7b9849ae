"""Labels in their order, the tree that they make, and which of them a word means."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tierwise.taxonomy.label import Label
from tierwise.taxonomy.names import Names


@dataclass(frozen=True)
class Taxonomy:
    """Labels in the order of their file; parents are among them.

    With `back_off` a label that others lie below may be an answer, else those alone that nothing
    lies below.

    >>> cat = Label("cat", ("animals", "cat"), parent=0)
    >>> tree = Taxonomy((Label("animals", ("animals",)), cat))
    >>> tree.options, tree.find("Cats"), tree.label("cat").written_path
    (('cat',), 'cat', 'animals > cat')
    """

    labels: tuple[Label, ...]
    back_off: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Taxonomy):
            return NotImplemented
        return self is other or self._packed == other._packed

    def __hash__(self) -> int:
        return hash(self._packed)

    def __reduce__(self) -> tuple[Callable[[bytes], Taxonomy], tuple[bytes]]:
        """Packed once, however often it travels, and unpacked once in a process."""
        return _unpacked, (self._packed,)

    @cached_property
    def _packed(self) -> bytes:
        """All that it holds, equal for equals; some MB of 50,000 labels are a tenth of that."""
        cells = [[getattr(label, name) for name in Label.__slots__] for label in self.labels]
        return zlib.compress(json.dumps([cells, self.back_off]).encode(), level=1)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """What the labels are called that may be answers, in the file's order."""
        return tuple(
            label.name
            for place, label in enumerate(self.labels)
            if self.back_off or place not in self._children
        )

    @property
    def is_tree(self) -> bool:
        """Whether any label lies below another."""
        return bool(self._children)

    @property
    def explains(self) -> bool:
        """Whether it says more of any label than its name: a description, or a place in a tree."""
        return self.is_tree or any(label.description for label in self.labels)

    @property
    def says_more(self) -> bool:
        """Whether it says more of any label than a plain list: an id or other names, too."""
        return self.explains or any(label.id or label.aliases for label in self.labels)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def label(self, name: str) -> Label:
        """The label that is called so; raises KeyError."""
        return self.labels[self._places[name]]

    def find(self, word: str) -> str | None:
        """The name of the option that a word means, None where that is none, or not one alone."""
        return self._names.find(word)

    def written_by(self, cell: str) -> str | None:
        """The same of what people write, who may also give an id."""
        found = self.find(cell)
        return self._by_id.get(cell) if found is None else found

    def inner(self, word: str) -> str | None:
        """The label that a word of people means where that cannot be the answer."""
        found = self._inner_names.find(word)
        return self._inner_by_id.get(word) if found is None else found

    def children(self, name: str | None = None) -> tuple[Label, ...]:
        """The labels right below one, or the roots."""
        place = None if name is None else self._places[name]
        if place is None:
            return tuple(label for label in self.labels if label.parent is None)
        return tuple(self.labels[child] for child in self._children.get(place, ()))

    def walk(self) -> Iterator[tuple[int, Label]]:
        """Each label after the one above it, and before its siblings all that lies below; depths.

        >>> [depth for depth, _ in Taxonomy((Label("a", ("a",)),)).walk()]
        [0]
        """
        roots = [place for place, one in enumerate(self.labels) if one.parent is None]
        waiting = [(0, place) for place in reversed(roots)]
        while waiting:
            depth, place = waiting.pop()
            yield depth, self.labels[place]
            below = self._children.get(place, ())
            waiting += [(depth + 1, child) for child in reversed(below)]

    def subtree(self, roots: Iterable[str] | None = None, ends: Container[str] = ()) -> Taxonomy:
        """The labels at these and below, called as they are here; below `ends` none.

        In the file's order; `roots` are those of the tree where they are None.
        """
        names = [root.name for root in self.children()] if roots is None else roots
        waiting, kept = [self._places[name] for name in names], list[int]()
        while waiting:
            place = waiting.pop()
            kept.append(place)
            if self.labels[place].name not in ends:
                waiting += self._children.get(place, ())
        places = {old: new for new, old in enumerate(sorted(kept))}
        labels = (
            replace(label, parent=None if label.parent is None else places.get(label.parent))
            for label in map(self.labels.__getitem__, places)
        )
        return Taxonomy(tuple(labels), self.back_off)

    def identity(self) -> dict[str, str]:
        """What it adds to what is asked; nothing where labels are names alone.

        Ids and other names are no part of it: they are not sent.
        """
        return {"explained": self._explained} if self.explains else {}

    @cached_property
    def _explained(self) -> str:
        told = "\n".join(f"{label.written_path}: {label.description}" for label in self.labels)
        return hashlib.sha256(told.encode()).hexdigest()

    @cached_property
    def words(self) -> frozenset[str]:
        """All that its labels are called, whether or not they may be answers."""
        return frozenset(
            word for label in self.labels for word in (*_other_names(label), label.name)
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        return {label.name: place for place, label in enumerate(self.labels)}

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for place, label in enumerate(self.labels):
            if label.parent is not None:
                children.setdefault(label.parent, []).append(place)
        return children

    @cached_property
    def _by_id(self) -> dict[str, str]:
        return {label.id: label.name for label in map(self.label, self.options) if label.id}

    @cached_property
    def _inner(self) -> list[Label]:
        """The labels that are no answers."""
        options = set(self.options)
        return [label for label in self.labels if label.name not in options]

    @cached_property
    def _inner_by_id(self) -> dict[str, str]:
        return {label.id: label.name for label in self._inner if label.id}

    @cached_property
    def _inner_names(self) -> Names:
        return Names([label.name for label in self._inner], map(_other_names, self._inner))

    @cached_property
    def _names(self) -> Names:
        known = [self.label(name) for name in self.options]
        # A label that is no answer has names as well, and they mean no other label.
        inner = self._inner
        return Names(
            self.options,
            [_other_names(label) for label in known],
            [label.name for label in inner],
            [word for label in inner for word in _other_names(label)],
        )


@lru_cache(maxsize=64)
def _unpacked(packed: bytes) -> Taxonomy:
    cells, back_off = json.loads(zlib.decompress(packed))
    lists = (
        Label(name, tuple(path), id_, description, tuple(aliases), tuple(examples), parent, place)
        for name, path, id_, description, aliases, examples, parent, place in cells
    )
    return Taxonomy(tuple(lists), back_off)


def _other_names(label: Label) -> Sequence[str]:
    return (label.written_path, label.own_name, *label.aliases)
