"""YAML with line numbers, and without what a tasks file has no use for.

Refused are keys given twice, tags, aliases that contain themselves, and files that unfold into
more than a person can have meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from tierwise.errors import InputError, TasksError
from tierwise.shown import shown

MAX_FILE_CHARACTERS = 1_000_000
MAX_NODES = 50_000

Location = Sequence[object]

_KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its value, and where each part of it stands."""

    path: str
    value: Any
    root: Any

    def line(self, location: Location) -> int:
        """The line, from 1, of the deepest part of `location` that is there."""
        node = list(self._nodes(location))[-1]
        return int(node.start_mark.line) + 1

    def written(self, location: Location) -> str:
        """A scalar as it was written, before YAML took it for a number, a date or a boolean."""
        return str(list(self._nodes(location))[-1].value)

    def place(self, location: Location) -> str:
        """The file, the line, the task and the key, in words."""
        place = [self.path, f"line {self.line(location)}"] if self.root else [self.path]
        keys = list(location)
        if keys[:1] == ["tasks"] and len(keys) > 1:
            place.append(f'task "{keys[1]}"')
            keys = keys[2:]
        if keys:
            place.append(f'key "{_dotted(keys)}"')
        return ", ".join(place)

    def error(self, location: Location, problem: str) -> TasksError:
        """An error that names the file, the line, the task and the key."""
        return TasksError(f"{self.place(location)}: {problem}")

    @contextmanager
    def at(self, *location: object) -> Iterator[None]:
        """Say of an error within this block where it lies; raises `TasksError`."""
        try:
            yield
        except InputError as error:
            raise self.error(location, str(error)) from error

    def _nodes(self, location: Location) -> Iterator[Any]:
        node = self.root
        yield node
        for step in location:
            node = _child(node, step)
            if node is None:
                return
            yield node


def read_yaml(text: str, *, path: str, most_nodes: int = MAX_NODES) -> Document:
    """Parse one YAML document of at most so many values; raises `TasksError`."""
    most_characters = MAX_FILE_CHARACTERS // MAX_NODES * most_nodes
    if len(text) > most_characters:
        raise TasksError(
            f"{path}: the file has {len(text)} characters, the limit is {most_characters}. "
            "Split it into several files and runs."
        )
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise TasksError(f"{path}: the file is empty. Write `model:` and `tasks:`.")
        _check_nodes(loader, root, path, most_nodes)
        return Document(path, loader.construct_document(root), root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else path
        problem = getattr(error, "problem", None) or "a character that YAML does not take"
        raise TasksError(
            f"{place}: this is not YAML: {problem}. Check indentation, colons and "
            "quotes; quote text that holds a colon or begins with a sign."
        ) from error
    except ValueError as error:
        raise TasksError(
            f"{path}: YAML takes a word for a number or a date and fails: {error}. Quote it."
        ) from error
    except RecursionError as error:
        raise TasksError(f"{path}: the file is nested too deeply. Flatten it.") from error


def _check_nodes(loader: Any, root: Any, path: str, most: int) -> None:
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = most  # for whoever meets it again below itself
            _check_node(loader, node, path)
            if isinstance(node, yaml.MappingNode):
                _check_keys(node, path)
            sizes[id(node)] = 1 + sum(map(size, _children(node)))
        return sizes[id(node)]

    unfolded = size(root)
    if len(sizes) > most:
        raise TasksError(
            f"{path}: the file holds {len(sizes)} values, the limit is {most}. Split it into "
            "several files and runs; write many labels as a file of their own, `labels: kinds.csv`."
        )
    if unfolded > most:
        raise TasksError(
            f"{path}: with its aliases the file unfolds into more than {most} values. "
            "Remove aliases (*name) that repeat large parts or contain themselves."
        )


def _check_node(loader: Any, node: Any, path: str) -> None:
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    if node.tag != loader.resolve(type(node), node.value, (plain, not plain)):
        raise TasksError(
            f"{path}, line {node.start_mark.line + 1}: the tag {node.tag} is not taken. "
            "Remove it; quote what is meant as text."
        )
    if isinstance(node, yaml.ScalarNode) and any("\ud800" <= c <= "\udfff" for c in node.value):
        raise TasksError(
            f"{path}, line {node.start_mark.line + 1}: {shown(node.value)} holds half a character. "
            "Write the whole character."
        )


def _check_keys(node: Any, path: str) -> None:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.tag not in _KEY_TAGS:
            written = shown(key.value)
            raise TasksError(
                f"{path}, line {line}: the key {written} is not text that YAML takes. Quote it."
            )
        name = (key.tag, str(key.value))
        if name in lines:
            raise TasksError(
                f'{path}, line {line}: the key "{key.value}" was already given on line '
                f"{lines[name]}. Remove or rename one of the two."
            )
        lines[name] = line


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: Any, step: object) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _dotted(keys: Sequence[object]) -> str:
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts).removeprefix(".")
