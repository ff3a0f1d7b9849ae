"""What lies above each label: by an id, a name, or a path of names."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.answers.written_words import loosely
from tierwise.shown import shown, suggestion
from tierwise.taxonomy.label import STEP, WrittenLabel


def with_steps(written: Sequence[WrittenLabel]) -> list[WrittenLabel]:
    """The labels, each path behind those of its steps that are no labels yet.

    Raises:
        TasksError: as `parents_of`.
    """
    if not any(one.by_path and one.parent for one in written):
        return list(written)
    known = set(_whole_paths(written, _named_parents(written, complete=False)))
    found = list[WrittenLabel]()
    for one in written:
        steps = one.parent.split(STEP) if one.by_path and one.parent else []
        for depth in range(1, len(steps) + 1):
            above = STEP.join(steps[:depth])
            if loosely(above) not in known:
                known.add(loosely(above))
                parent = STEP.join(steps[: depth - 1])
                found.append(
                    WrittenLabel(steps[depth - 1], parent=parent, by_path=True, place=one.place)
                )
        found.append(one)
    return found


def parents_of(written: Sequence[WrittenLabel]) -> list[int | None]:
    """The place of the label above each; those of a path are found step by step from a root.

    Raises:
        TasksError: an id of two labels, a parent that is none of them or may be several, or
            parents in a circle; it names the places.
    """
    parents = _named_parents(written, complete=True)
    by_path: dict[str, int] = {}
    for place, path in enumerate(_whole_paths(written, parents)):
        by_path.setdefault(path, place)
    for place, one in enumerate(written):
        if one.by_path and one.parent:
            above = by_path.get(loosely(one.parent))
            parents[place] = _only([] if above is None else [above], one, written)
    return parents


def paths_of(names: Sequence[str], parents: Sequence[int | None]) -> list[tuple[str, ...]]:
    """The names of all above each and its own, from the root."""
    known: dict[int, tuple[str, ...]] = {}
    for start in range(len(names)):
        way, place = list[int](), start
        while place not in known:
            way.append(place)
            above = parents[place]
            if above is None:
                break
            place = above
        for one in reversed(way):
            above = parents[one]
            known[one] = (*(known[above] if above is not None else ()), names[one])
    return [known[place] for place in range(len(names))]


def _whole_paths(written: Sequence[WrittenLabel], parents: Sequence[int | None]) -> list[str]:
    """The path of each in the form that is compared; where nothing lies above, as it is written."""
    names = [
        one.written_path if above is None else one.name
        for one, above in zip(written, parents, strict=True)
    ]
    return [loosely(STEP.join(path)) for path in paths_of(names, parents)]


def _named_parents(written: Sequence[WrittenLabel], *, complete: bool) -> list[int | None]:
    """Parents that are not told by whole paths, as far as they can be known before all is there."""
    finder = _Finder(written)
    parents: list[int | None] = [None] * len(written)
    for place, one in enumerate(written):
        if one.parent and not one.by_path and not _names_itself(one):
            found = finder.find(one.parent)
            if complete or len(found) == 1:
                parents[place] = _only(found, one, written)
    _refuse_cycles(written, parents)
    return parents


def _names_itself(one: WrittenLabel) -> bool:
    """Whether a row has its own id for its parent's, as published tables write a root."""
    return bool(one.id) and one.parent == one.id


class _Finder:
    """Finds labels by what others say of their parent."""

    def __init__(self, written: Sequence[WrittenLabel]) -> None:
        self._by_id: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}
        self._by_path: dict[str, int] = {}
        # By what they say of their parent, whole and its last name, and their name.
        self._steps: dict[tuple[str, str], list[int]] = {}
        for place, one in enumerate(written):
            if one.id and self._by_id.setdefault(one.id, place) != place:
                first = written[self._by_id[one.id]]
                raise one.refusal(
                    f"the id {shown(one.id)} is that of {shown(first.name)} too, {first.place}. "
                    "Give one of them another."
                )
            name = loosely(one.name)
            self._by_name.setdefault(name, []).append(place)
            if one.by_path:
                self._by_path.setdefault(loosely(one.written_path), place)
            for above in {loosely(one.parent), loosely(_last(one.parent))}:
                self._steps.setdefault((above, name), []).append(place)

    def find(self, said: str) -> list[int]:
        """The labels of an id, a name, a path from a root, or a path from somewhere."""
        if said in self._by_id:
            return [self._by_id[said]]
        if named := self._by_name.get(loosely(said)):
            return named
        if (whole := self._by_path.get(loosely(said))) is not None:
            return [whole]
        above, step, name = said.rpartition(STEP)
        if not step:
            return []
        end = loosely(name)
        return self._steps.get((loosely(above), end)) or self._steps.get(
            (loosely(_last(above)), end), []
        )


def _only(found: Sequence[int], one: WrittenLabel, written: Sequence[WrittenLabel]) -> int:
    """The one label that was found as the parent of another."""
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(written[place].place for place in found[:3])
        problem = (
            f"may be one of {len(found)} labels: {places}. Write its id, or its path with "
            f"{STEP.strip()!r} between the names."
        )
    else:
        known = [label.name for label in written] + [label.id for label in written if label.id]
        known_ones = suggestion(one.parent, known, "labels")
        problem = f"is no label of this list. {known_ones} Add it, or leave the parent empty."
    raise one.refusal(f"the parent {shown(one.parent)} of {shown(one.name)} {problem}")


def _last(path: str) -> str:
    return path.rpartition(STEP)[2]


def _refuse_cycles(written: Sequence[WrittenLabel], parents: Sequence[int | None]) -> None:
    whole = set[int]()
    for start in range(len(written)):
        way: dict[int, None] = {}
        place: int | None = start
        while place is not None and place not in whole:
            if place in way:
                circle = list(way)[list(way).index(place) :]
                if len(circle) == 1:
                    raise written[place].refusal(
                        f"{shown(written[place].name)} is its own parent. Leave the parent of a "
                        "root empty."
                    )
                names = " is below ".join(shown(written[one].name) for one in [*circle, place])
                places = ", ".join(written[one].place for one in circle)
                raise written[place].refusal(
                    f"the parents go round in a circle: {names} ({places}). Leave one of these "
                    "parents empty."
                )
            way[place] = None
            place = parents[place]
        whole.update(way)
