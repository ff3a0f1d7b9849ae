"""`labels:` of a task: a list in the tasks file, or the name of a file that holds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from tierwise.errors import InputError, TasksError
from tierwise.shown import shown
from tierwise.tasks.yaml_text import Document, read_yaml
from tierwise.taxonomy.label import STEP, WrittenLabel
from tierwise.taxonomy.skos import read_skos
from tierwise.taxonomy.tables import label_of, read_json_lines, read_separated

# Gives the bytes of a file of labels, by its name in the tasks file, and what messages call it.
ReadFile = Callable[[str], tuple[str, bytes]]

MAX_FILE_BYTES = 50_000_000
_KINDS = ".csv, .tsv, .txt, .jsonl, .yaml, .rdf or .ttl"
_MAX_YAML_NODES = 500_000
_LABELS = "labels"
_ABSOLUTE = re.compile(r"/|file:|[\w.+-]+://", re.IGNORECASE)
_NUMBERED = re.compile(r"\d+ - \S")
_NESTED_SET = re.compile(r"\d+ \| \[.*\] \| ")


def no_files(name: str) -> tuple[str, bytes]:
    """For tasks that come from no file: there is no folder in which others could lie."""
    raise TasksError(f"{shown(name)}: a file of labels cannot be read here. Write a list.")


def read_label_file(name: str, read: ReadFile) -> list[WrittenLabel]:
    """The labels of a file, by the ending of its name.

    Raises:
        TasksError: it cannot be read, is not UTF-8, or is not what its ending says.
    """
    suffix = PurePosixPath(name.lower()).suffix
    if suffix not in _READERS:
        raise TasksError(
            f"{shown(name)} is no file of labels: its name should end in {_KINDS}. "
            "Write a list, as in [cat, dog], or the name of such a file."
        )
    try:
        path, data = read(name)
    except InputError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise TasksError(
            f"{shown(name)} cannot be read: {reason}. Write its path as seen from the tasks file, "
            "or a gs:// address."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise TasksError(
            f"{path}: the file has {len(data)} bytes, the limit is {MAX_FILE_BYTES}. Leave out "
            "what is no label."
        )
    labels = _READERS[suffix](_decoded(data, path), path)
    return [
        replace(one, examples=tuple(_beside(name, picture) for picture in one.examples))
        if one.examples
        else one
        for one in labels
    ]


def inline_labels(
    document: Document, location: Sequence[object], items: Sequence[Any]
) -> list[WrittenLabel]:
    """The labels of a list in a YAML file; raises `TasksError`."""
    return [
        label_of(item, place=document.place((*location, index))) for index, item in enumerate(items)
    ]


def _beside(name: str, other: str) -> str:
    """What a file of labels names, as seen from where its own name is.

    >>> _beside("lists/kinds.csv", "cat.jpg"), _beside("kinds.csv", "gs://b/cat.jpg")
    ('lists/cat.jpg', 'gs://b/cat.jpg')
    """
    folder, slash, _ = name.rpartition("/")
    return other if _ABSOLUTE.match(other) else f"{folder}{slash}{other}"


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begins = data.rfind(b"\n", 0, error.start) + 1
        ends = data.find(b"\n", error.start)
        written = data[begins : ends if ends >= 0 else len(data)]
        # Latin-1 gives each byte a sign, so that the word can be recognised.
        guess = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
        seen = "" if guess == "utf-16" else f" in {shown(written.decode(guess).strip()[:60])}"
        raise TasksError(
            f"{path}, line {line}: the byte 0x{data[error.start]:02X}{seen} is not UTF-8. Save the "
            "file as UTF-8; spreadsheets call it `CSV UTF-8`."
        ) from error


def _lines(text: str, path: str) -> list[WrittenLabel]:
    """A label in each line, or a path of them; blank lines and those after a # are none.

    A number before each, as in Google's product taxonomy (`8 - Pets > Cats`), is its id.
    """
    written = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if written and all(_NESTED_SET.match(line) for _, line in written):
        raise TasksError(
            f"{path}, line {written[0][0]}: {shown(written[0][1])} says by numbers what lies below "
            "what. Write paths, such as `animals > cat`."
        )
    numbered = bool(written) and all(_NUMBERED.match(line) for _, line in written)
    return [_on_line(line, f"{path}, line {number}", numbered=numbered) for number, line in written]


def _on_line(line: str, place: str, *, numbered: bool) -> WrittenLabel:
    key, _, names = line.partition(" - ") if numbered else ("", "", line)
    above, _, name = names.strip().rpartition(STEP)
    return WrittenLabel(name, key, parent=above, by_path=True, place=place)


def _yaml(text: str, path: str) -> list[WrittenLabel]:
    document = read_yaml(text, path=path, most_nodes=_MAX_YAML_NODES)
    value, location = document.value, list[object]()
    if isinstance(value, dict) and _LABELS in value:
        value, location = value[_LABELS], [_LABELS]
    if not isinstance(value, list):
        raise TasksError(f"{path}: the file holds {shown(value)}. Write a list of labels.")
    return inline_labels(document, location, value)


_READERS: dict[str, Callable[[str, str], list[WrittenLabel]]] = {
    ".csv": lambda text, path: read_separated(text, path=path, separator=","),
    ".tsv": lambda text, path: read_separated(text, path=path, separator="\t"),
    ".txt": _lines,
    ".jsonl": lambda text, path: read_json_lines(text, path=path),
    ".ndjson": lambda text, path: read_json_lines(text, path=path),
    ".yaml": _yaml,
    ".yml": _yaml,
    ".rdf": lambda text, path: read_skos(text, path=path, syntax="xml"),
    ".xml": lambda text, path: read_skos(text, path=path, syntax="xml"),
    ".ttl": lambda text, path: read_skos(text, path=path, syntax="turtle"),
}
