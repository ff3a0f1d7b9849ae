"""A taxonomy from labels as they were written: parents found, twins and cycles refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from tierwise.answers.written_words import loosely, same_name, twins, without_joiners
from tierwise.errors import TasksError
from tierwise.shown import shown, suggestion
from tierwise.taxonomy.label import STEP, Label, WrittenLabel
from tierwise.taxonomy.taxonomy import Taxonomy

MAX_LABEL_CHARACTERS = 200
MAX_DESCRIPTION_CHARACTERS = 1_000

# The places of labels by what they say of their parent, whole and its last name, and their name.
_Steps = dict[tuple[str, str], list[int]]


def grow(written: Sequence[WrittenLabel], *, back_off: bool = False) -> Taxonomy:
    """The taxonomy of these labels, in their order.

    Raises:
        TasksError: two labels that nobody could tell apart, an id or another name of two labels, a
            parent that is none of them, parents in a circle; it names the places of both.
    """
    for one in written:
        check_name(one.name, one.place)
        _check_description(one)
    parents = _parents(written)
    paths = _paths(written, parents)
    _refuse_twins(written, parents)
    names = _called(paths)
    _refuse_path_as_name(written, names)
    others = _other_names(written, names)
    labels = tuple(
        Label(name, path, one.id, _plain(one.description), other, one.examples, parent)
        for one, name, path, other, parent in zip(
            written, names, paths, others, parents, strict=True
        )
    )
    return Taxonomy(labels, back_off)


def check_name(name: str, place: str = "") -> None:
    """Refuse a name that no reply could give back; raises `TasksError`."""
    if name != name.strip() or not without_joiners(name).isprintable() or not name:
        _refuse(
            place,
            f"the label {shown(name)} is empty, or has white space or control characters "
            "around or in it. Write it plain.",
        )
    if len(name) > MAX_LABEL_CHARACTERS:
        _refuse(
            place,
            f"the label {shown(name)} has {len(name)} characters, the limit is "
            f"{MAX_LABEL_CHARACTERS}. Move the explanation into its description.",
        )


def _check_description(one: WrittenLabel) -> None:
    if len(one.description) > MAX_DESCRIPTION_CHARACTERS:
        _refuse(
            one.place,
            f"the description of {shown(one.name)} has {len(one.description)} characters, the "
            f"limit is {MAX_DESCRIPTION_CHARACTERS}. Shorten it: it is paid in every request.",
        )


def _parents(written: Sequence[WrittenLabel]) -> list[int | None]:
    """The place of the label above each."""
    by_id: dict[str, int] = {}
    for place, one in enumerate(written):
        if one.id and by_id.setdefault(one.id, place) != place:
            first = written[by_id[one.id]]
            _refuse(
                one.place,
                f"the id {shown(one.id)} is that of {shown(first.name)} too, {first.place}. "
                "Give one of them another.",
            )
    by_name: dict[str, list[int]] = {}
    steps: _Steps = {}
    for place, one in enumerate(written):
        name = loosely(one.name)
        by_name.setdefault(name, []).append(place)
        for above in {loosely(one.parent), loosely(_last(one.parent))}:
            steps.setdefault((above, name), []).append(place)
    parents: list[int | None] = [
        _parent(one, written, by_id, by_name, steps) if one.parent else None for one in written
    ]
    _refuse_cycles(written, parents)
    return parents


def _parent(
    one: WrittenLabel,
    written: Sequence[WrittenLabel],
    by_id: dict[str, int],
    by_name: dict[str, list[int]],
    steps: _Steps,
) -> int:
    if one.parent in by_id:
        return by_id[one.parent]
    named = by_name.get(loosely(one.parent), []) or _along(one.parent, steps)
    if len(named) == 1:
        return named[0]
    if named:
        places = ", ".join(written[place].place for place in named[:3])
        problem = (
            f"may be one of {len(named)} labels: {places}. Write its id, or its path with "
            f"{STEP.strip()!r} between the names."
        )
    else:
        known = [label.name for label in written] + list(by_id)
        known_ones = suggestion(one.parent, known, "labels")
        problem = f"is no label of this list. {known_ones} Add it, or leave the parent empty."
    raise _refusal(one.place, f"the parent {shown(one.parent)} of {shown(one.name)} {problem}")


def _along(path: str, steps: _Steps) -> list[int]:
    """The labels that a path of names leads to: of its last name, below what it says before."""
    above, step, name = path.rpartition(STEP)
    if not step:
        return []
    ends = loosely(name)
    return steps.get((loosely(above), ends)) or steps.get((loosely(_last(above)), ends), [])


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
                names = " is below ".join(shown(written[one].name) for one in [*circle, place])
                places = ", ".join(written[one].place for one in circle)
                _refuse(
                    written[place].place,
                    f"the parents go round in a circle: {names} ({places}). Leave one of these "
                    "parents empty.",
                )
            way[place] = None
            place = parents[place]
        whole.update(way)


def _paths(written: Sequence[WrittenLabel], parents: Sequence[int | None]) -> list[tuple[str, ...]]:
    known: dict[int, tuple[str, ...]] = {}
    for start in range(len(written)):
        way, place = list[int](), start
        while place not in known:
            way.append(place)
            above = parents[place]
            if above is None:
                break
            place = above
        for one in reversed(way):
            above = parents[one]
            known[one] = (*(known[above] if above is not None else ()), written[one].name)
    return [known[place] for place in range(len(written))]


def _refuse_twins(written: Sequence[WrittenLabel], parents: Sequence[int | None]) -> None:
    seen: dict[tuple[int | None, str], int] = {}
    for place, one in enumerate(written):
        first = written[seen.setdefault((parents[place], same_name(one.name)), place)]
        if first is one:
            continue
        how = (
            f"{shown(one.name)} is given twice"
            if first.name == one.name
            else f"{shown(one.name)} is {shown(first.name)} but for case or the form of its signs"
        )
        _refuse(one.place, f"{how}; see {first.place}. Remove one.")


def _refuse_path_as_name(written: Sequence[WrittenLabel], names: Sequence[str]) -> None:
    """Refuse a name that looks like the path by which another label has to be called."""
    if pair := twins(names):
        first, second = (written[place] for place in pair)
        _refuse(
            second.place,
            f"{shown(second.name)} and {shown(first.name)}, {first.place}, are both called "
            f"{shown(names[pair[1]])} in answers. Rename one.",
        )


def _called(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """A name for each that no other has: as much of its path as it takes."""
    lengths = [1] * len(paths)
    while True:
        alike: dict[str, list[int]] = {}
        for place, path in enumerate(paths):
            alike.setdefault(same_name(_end(path, lengths[place])), []).append(place)
        longer = [
            place
            for places in alike.values()
            if len(places) > 1
            for place in places
            if lengths[place] < len(paths[place])
        ]
        if not longer:
            return [_end(path, length) for path, length in zip(paths, lengths, strict=True)]
        for place in longer:
            lengths[place] += 1


def _end(path: tuple[str, ...], length: int) -> str:
    return STEP.join(path[-length:])


def _other_names(written: Sequence[WrittenLabel], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Other names of each, those of other languages where they are nobody else's."""
    owners = {loosely(name): place for place, name in enumerate(names)}
    for place, one in enumerate(written):
        for alias in one.aliases:
            owner = owners.setdefault(loosely(alias), place)
            if owner != place:
                first = written[owner]
                _refuse(
                    one.place,
                    f"the alias {shown(alias)} of {shown(one.name)} is a name of "
                    f"{shown(first.name)} too, {first.place}. Remove one.",
                )
    claims: dict[str, set[int]] = {}
    for place, one in enumerate(written):
        for word in one.languages:
            claims.setdefault(loosely(word), set()).add(place)
    return [
        (
            *one.aliases,
            *(
                w
                for w in one.languages
                if claims[loosely(w)] | {owners.get(loosely(w), place)} == {place}
            ),
        )
        for place, one in enumerate(written)
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _refuse(place: str, problem: str) -> NoReturn:
    raise _refusal(place, problem)


def _refusal(place: str, problem: str) -> TasksError:
    return TasksError(f"{place}: {problem}" if place else problem)
