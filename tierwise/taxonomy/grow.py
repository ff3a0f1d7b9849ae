"""A taxonomy from labels as they were written: parents found, twins and cycles refused."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.answers.written_words import (
    loosely,
    same_name,
    twins,
    twins_told,
    without_joiners,
)
from tierwise.shown import shown
from tierwise.taxonomy.label import STEP, Label, WrittenLabel
from tierwise.taxonomy.parents import parents_of, paths_of, with_steps
from tierwise.taxonomy.taxonomy import Taxonomy

MAX_LABEL_CHARACTERS = 200
MAX_DESCRIPTION_CHARACTERS = 1_000


def grow(written: Sequence[WrittenLabel], *, back_off: bool = False) -> Taxonomy:
    """The taxonomy of these labels and of steps that only stand in their paths, in order.

    Raises:
        TasksError: two labels that nobody could tell apart, an id or another name of two labels, a
            parent that is none of them, parents in a circle; it names the places of both.
    """
    written = with_steps(written)
    for one in written:
        _check_name(one)
        _check_description(one)
    parents = parents_of(written)
    paths = paths_of([one.name for one in written], parents)
    _refuse_twins(written, parents)
    names = _called(paths)
    _refuse_path_as_name(written, names)
    others = _other_names(written, names)
    labels = tuple(
        Label(
            name,
            path,
            one.id,
            _plain(one.description),
            other,
            one.examples,
            parent,
            one.place if one.examples else "",
        )
        for one, name, path, other, parent in zip(
            written, names, paths, others, parents, strict=True
        )
    )
    return Taxonomy(labels, back_off)


def _check_name(one: WrittenLabel) -> None:
    """Refuse a name that no reply could give back."""
    name = one.name
    if name != name.strip() or not without_joiners(name).isprintable() or not name:
        raise one.refusal(
            f"the label {shown(name)} is empty, or has white space or control characters "
            "around or in it. Write it plain."
        )
    if len(name) > MAX_LABEL_CHARACTERS:
        raise one.refusal(
            f"the label {shown(name)} has {len(name)} characters, the limit is "
            f"{MAX_LABEL_CHARACTERS}. Move the explanation into its description."
        )


def _check_description(one: WrittenLabel) -> None:
    if len(one.description) > MAX_DESCRIPTION_CHARACTERS:
        raise one.refusal(
            f"the description of {shown(one.name)} has {len(one.description)} characters, the "
            f"limit is {MAX_DESCRIPTION_CHARACTERS}. Shorten it: it is paid in every request."
        )


def _refuse_twins(written: Sequence[WrittenLabel], parents: Sequence[int | None]) -> None:
    seen: dict[tuple[int | None, str], int] = {}
    for place, one in enumerate(written):
        first = written[seen.setdefault((parents[place], same_name(one.name)), place)]
        if first is one:
            continue
        how = twins_told(first.name, one.name)
        raise one.refusal(f"{how}; see {first.place}. Remove one.")


def _refuse_path_as_name(written: Sequence[WrittenLabel], names: Sequence[str]) -> None:
    """Refuse a name that looks like the path by which another label has to be called."""
    if pair := twins(names):
        first, second = (written[place] for place in pair)
        raise second.refusal(
            f"{shown(second.name)} and {shown(first.name)}, {first.place}, are both called "
            f"{shown(names[pair[1]])} in answers. Rename one."
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
                raise one.refusal(
                    f"the alias {shown(alias)} of {shown(one.name)} is a name of "
                    f"{shown(first.name)} too, {first.place}. Remove one."
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
