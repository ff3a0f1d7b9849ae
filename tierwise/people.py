"""What people have said of pictures: final answers, which nobody is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tierwise.records import Record

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Word(Record):
    """What people say of a picture and a task.

    `value` is typed; () says of one label that none fits. `by` is who says so, as the file does.
    `drawn` is `random` or `chosen`, `seed` that of the draw, None where none is told. `uri` is the
    name under which they saw it. `since` is the run that heard it first, at `said_at` (ISO 8601),
    and `told_in` the last one whose `--corrections` had it.
    """

    content_hash: str
    page: int
    task: str
    value: Any
    by: str = ""
    drawn: str = ""
    seed: int | None = None
    uri: str = ""
    since: str = ""
    said_at: str = ""
    told_in: str = ""

    @property
    def key(self) -> Key:
        """The picture and the task that it is about."""
        return self.content_hash, self.page, self.task


@dataclass(frozen=True, slots=True)
class People:
    """The words that stand, by content, then by page and task."""

    words: Mapping[str, Mapping[tuple[int, str], Word]] = field(default_factory=dict)

    def __contains__(self, content_hash: str) -> bool:
        """Whether people said anything of a content."""
        return content_hash in self.words

    def __iter__(self) -> Iterator[Word]:
        return (word for some in self.words.values() for word in some.values())

    def word(self, content_hash: str, page: int, task: str) -> Word | None:
        """What they said of a picture and a task."""
        found = self.words.get(content_hash)
        return found.get((page, task)) if found else None

    def told(self, new: Iterable[Word], taken_back: Collection[Key] = ()) -> People:
        """These words and new ones, which outrank those of before; the same again keeps its age."""
        words = {word.key: word for word in self}
        for word in new:
            before = words.get(word.key)
            same = before and before.value == word.value
            words[word.key] = (
                replace(word, since=before.since, said_at=before.said_at)
                if before and same
                else word
            )
        return people_of(word for key, word in words.items() if key not in taken_back)


NOBODY = People()


def people_of(words: Iterable[Word]) -> People:
    """Words by what they are about."""
    found: dict[str, dict[tuple[int, str], Word]] = {}
    for word in words:
        found.setdefault(word.content_hash, {})[word.page, word.task] = word
    return People(found)


def seen_at(people: People, run_id: str, relative_to: str) -> dict[str, set[str]]:
    """The contents that lay under each name when people saw it, as one run's file says.

    A name may be a whole address that begins with `relative_to`.
    """
    folder = f"{relative_to.rstrip('/')}/"
    places: dict[str, set[str]] = {}
    for word in people:
        if word.told_in == run_id and word.uri:
            for name in {word.uri, word.uri.removeprefix(folder)}:
                places.setdefault(name, set()).add(word.content_hash)
    return places
