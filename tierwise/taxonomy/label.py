"""One label of a taxonomy, as it was written and as it stands in its tree."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.errors import TasksError

# Between the names of a path, as Google's product taxonomy has it.
STEP = " > "


@dataclass(frozen=True, slots=True)
class WrittenLabel:
    """A label as a file has it.

    `parent` is what it says of its parent: an id, a name, or a path of names; empty for none. With
    `by_path` it is the whole path of names from a root, whose steps are labels too.
    `languages` are its names in other languages, which count as other names where they are nobody
    else's. `place` says where it stands, for messages: the file and the line.
    """

    name: str
    id: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    parent: str = ""
    languages: tuple[str, ...] = ()
    place: str = ""
    by_path: bool = False

    @property
    def written_path(self) -> str:
        """What it says of its parent and its name in one line.

        >>> WrittenLabel("cat", parent="animals", by_path=True).written_path
        'animals > cat'
        """
        return f"{self.parent}{STEP}{self.name}" if self.parent else self.name

    def refusal(self, problem: str) -> TasksError:
        """An error that names its place."""
        return TasksError(f"{self.place}: {problem}" if self.place else problem)


@dataclass(frozen=True, slots=True)
class Label:
    """A label in its tree.

    `name` is what it is called in answers, and no other label is called so: its own name, or where
    several branches have one of that name as much of its path as tells it from theirs. `path` are
    the own names of all above it and itself, from the root; `parent` is the place of the one above
    it in the taxonomy, None for a root. `id` and `description` may be empty. `aliases` are other
    names of it, `examples` names of pictures that show it, as seen from the tasks file, and `place`
    says where these are written, for messages.
    """

    name: str
    path: tuple[str, ...]
    id: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    parent: int | None = None
    place: str = ""

    @property
    def own_name(self) -> str:
        """Its name among its siblings."""
        return self.path[-1]

    @property
    def written_path(self) -> str:
        """Its path in one line.

        >>> Label("cat", ("animals", "cat")).written_path
        'animals > cat'
        """
        return STEP.join(self.path)
