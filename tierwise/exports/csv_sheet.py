"""CSV for spreadsheets: a row for each picture and the columns of `wide`, in UTF-8 with its mark.

Behind them stand the paths of labels that have one, and whether an emulator answered. Several
labels are `a; b`, objects are JSON, and no cell is a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tierwise.exports.picture import ExportedRun, Picture
from tierwise.spreadsheets import guarded

_MARK = b"\xef\xbb\xbf"
# Of Excel, the first line included; others take more.
MOST_ROWS = 1_048_576
_BETWEEN = "; "
_IMAGE = ("uri", "page", "content_hash")


def csv_lines(run: ExportedRun, pictures: Iterable[Picture]) -> Iterator[bytes]:
    """The bytes of the file, a line at a time."""
    yield _MARK + _line(_columns(run))
    for picture in pictures:
        yield _line(list(_cells(run, picture)))


def _columns(run: ExportedRun) -> list[str]:
    names = [*_IMAGE, *run.columns]
    for task in run.tasks:
        names += [run.answers[task.name], run.reasons[task.name]]
    for task in run.tasks:
        if task.name in run.trees:
            names.append(_free(f"{task.name}_path", names))
    return [*names, _free("emulated", names)]


def _free(name: str, taken: Sequence[str]) -> str:
    while name.lower() in {one.lower() for one in taken}:
        name = f"export_{name}"
    return name


def _cells(run: ExportedRun, picture: Picture) -> Iterator[Any]:
    yield from (picture.uri, picture.page, picture.content_hash)
    yield from (picture.columns.get(name) for name in run.columns)
    for task in run.tasks:
        said, missing = picture.answers.get(task.name), picture.missing.get(task.name)
        yield from (said and said.value, missing and missing.reason)
    for task in run.tasks:
        if task.name in run.trees:
            said = picture.answers.get(task.name)
            yield said and said.path
    yield picture.emulated


def _line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([cell_of(cell) for cell in cells])
    return text.getvalue().encode()


def cell_of(value: Any) -> str:
    """A value as a cell, which no spreadsheet runs.

    >>> cell_of("a;=1+1.jpg")
    "a;'=1+1.jpg"
    >>> cell_of(["sea", "sky"]), cell_of(["a; b"]), cell_of("=1+1"), cell_of(-5), cell_of(None)
    ('sea; sky', '["a; b"]', "'=1+1", '-5', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and not _is_plain(value):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        value = _BETWEEN.join(value)
    return guarded(value) if isinstance(value, str) else str(value)


def _is_plain(items: Sequence[Any]) -> bool:
    """Whether items can be told apart again."""
    return all(isinstance(item, str) and ";" not in item for item in items)
