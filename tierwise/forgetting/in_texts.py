"""Documents, sheets and lists that lie beside the tables, without the names that go."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tierwise.forgetting.going import FORGOTTEN, Going
from tierwise.spreadsheets import unguarded
from tierwise.storage.files import files_for, join

_SEPARATORS = ",;\t"
_LISTS, _SHEETS = (".jsonl",), (".csv", ".tsv")


def scrubbed(document: Any, words: Collection[str]) -> Any:
    """A document in which none of these words stands by itself; elements of lists that are one go.

    >>> scrubbed({"examples": ["a.jpg", "aa.jpg"], "said": "a.jpg: too large"}, {"a.jpg"})
    {'examples': ['aa.jpg'], 'said': '(forgotten): too large'}
    """
    if not words:
        return document
    longest = sorted(map(re.escape, words), key=len, reverse=True)
    # Not as a part of a longer name.
    pattern = re.compile(rf"(?<![\w/\\.-])(?:{'|'.join(longest)})(?![\w/\\-]|\.\w)")

    def clean(one: Any) -> Any:
        if isinstance(one, dict):
            return {clean(name): clean(cell) for name, cell in one.items()}
        if isinstance(one, list):
            return [clean(cell) for cell in one if not (isinstance(cell, str) and cell in words)]
        return pattern.sub(FORGOTTEN, one) if isinstance(one, str) else one

    return clean(document)


def without_examples(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A document whose examples of skipped files tell of none that goes with one of these names.

    A sidecar or preview has the picture's name in its own, with another ending or more.

    >>> told = {"skipped_examples": {"sidecars": "x/a1.jpg.json", "hidden": "x/.b"}}
    >>> without_examples(told, {"y/a1.jpg"})
    {'skipped_examples': {'sidecars': '(forgotten)', 'hidden': 'x/.b'}}
    """
    stems = {PurePosixPath(name).stem for name in names}
    examples = {
        kind: FORGOTTEN if any(stem in example for stem in stems) else example
        for kind, example in document.get("skipped_examples", {}).items()
    }
    return {**document, **({"skipped_examples": examples} if examples else {})}


def forget_in_lists(folder: str, going: Going, words: Collection[str]) -> list[str]:
    """Take its lines from sheets for people and from lists of a calibration; the files changed.

    `words` are its names, as any of these may write them.
    """
    files, changed = files_for(folder), []
    for stat in _directly_in(folder):
        without = _without(stat, files.read(stat), going, words)
        if without is not None:
            files.write(stat, without, durable=True)
            changed.append(stat)
    return changed


def naming(folder: str, words: Collection[str], *, below: str) -> Iterator[str]:
    """The files of a folder that have one of these words; those below a folder in it are spared."""
    wanted = [form.encode("utf-8", "surrogateescape") for word in words for form in _forms(word)]
    for stat in files_for(folder).walk(folder):
        if not stat.uri[len(join(folder, "")) :].startswith(below):
            data = files_for(stat.uri).read(stat.uri)
            if any(form in data for form in wanted):
                yield stat.uri


def _forms(word: str) -> set[str]:
    """A word as it is, and as JSON writes it."""
    return {word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}


def _directly_in(folder: str) -> Iterator[str]:
    for stat in files_for(folder).walk(folder):
        name = stat.uri[len(join(folder, "")) :]
        if "/" not in name and name.endswith((*_LISTS, *_SHEETS)):
            yield stat.uri


def _without(uri: str, data: bytes, going: Going, words: Collection[str]) -> bytes | None:
    """What is left of a file; None where it has nothing to do with it, or is none of ours."""
    text = data.decode("utf-8-sig", "surrogateescape")
    mark = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    lines = _of_list(text) if uri.endswith(_LISTS) else _of_sheet(text)
    kept, gone = [mark], 0
    for line, cells in lines:
        goes = unguarded(cells.get("uri", "")) in words or (
            cells.get("content_hash") in going.contents
        )
        gone += goes
        kept += [] if goes else [line]
    return "".join(kept).encode("utf-8", "surrogateescape") if gone else None


def _of_list(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in io.StringIO(text, newline="\n"):
        try:
            cells = json.loads(line)
        except ValueError:
            cells = None
        yield line, cells if isinstance(cells, dict) else {}


def _of_sheet(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row as it is written, which may be several lines, with its cells."""
    lines = list(io.StringIO(text, newline=""))  # other ends of lines are signs in a cell
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    reader = csv.reader(iter(lines), delimiter=separator)
    names, begin = list[str](), 0
    for cells in reader:
        line = "".join(lines[begin : reader.line_num])
        begin = reader.line_num
        yield line, dict(zip(names, cells, strict=False))
        names = names or [name.strip() for name in cells]
