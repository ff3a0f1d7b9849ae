"""Labels of a table: CSV, TSV or JSON Lines, a row for each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, NoReturn

from tierwise.answers.written_words import loosely
from tierwise.errors import TasksError
from tierwise.json_text import read_json_text
from tierwise.shown import shown
from tierwise.spreadsheets import unguarded
from tierwise.taxonomy.label import STEP, WrittenLabel

# What a column may be called; the first is what messages call it.
_COLUMNS = {
    "label": ("label", "name", "title", "preflabel", "category"),
    "id": ("id", "unique id", "identifier", "code", "notation"),
    "description": ("description", "definition", "scope note", "meaning"),
    "aliases": ("aliases", "alias", "synonyms", "altlabel", "alt labels"),
    "examples": ("examples", "example"),
    "parent": ("parent", "parent id", "broader"),
    "path": ("path", "full path", "category path"),
}
_BY_HEADING = {heading: column for column, all_ in _COLUMNS.items() for heading in all_}
_BETWEEN = ";"
_SEPARATORS = (",", ";", "\t")
_MOST_CHARACTERS = 131_072
_OF_LABELS = {"label", "path"}
# So many rows of titles may stand above the names of columns.
_MOST_TITLES = 5


def read_separated(text: str, *, path: str, separator: str) -> list[WrittenLabel]:
    """The labels of CSV or TSV, whose first row names its columns.

    Where it names none that is known, another separator is tried: spreadsheets write semicolons
    where people write commas in numbers. Where titles stand above the row of names, that is taken.

    Raises:
        TasksError: no column of labels, one that is not known and may be meant otherwise, or a row
            that is not like the first.
    """
    csv.field_size_limit(_MOST_CHARACTERS)
    separator = _separator(text.split("\n", _MOST_TITLES + 1)[: _MOST_TITLES + 1], separator)
    titles = _titles(text, separator)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for _ in range(titles):
            next(rows, None)
        first = rows.line_num + 1
        heading = next(rows, None)
        if not heading or not any(cell.strip() for cell in heading):
            _refuse(path, 1, "the file is empty. Write `label` and below it a label in each row.")
        columns = _columns(heading, path, first)
        found, line = list[WrittenLabel](), rows.line_num
        for row in rows:
            start, line = line + 1, rows.line_num
            if any(cell.strip() for cell in row):
                if len(row) > len(heading):
                    _refuse(
                        path,
                        start,
                        f"{len(row)} cells where line {first} names {len(heading)} columns. "
                        f"Put a cell that holds {separator!r} in quotes.",
                    )
                cells = {
                    column: str(unguarded(row[place])).strip()
                    for column, place in columns.items()
                    if place < len(row)
                }
                found.append(_label(cells, f"{path}, line {start}"))
    except csv.Error as error:
        _refuse(path, rows.line_num or 1, f"this is no table: {error}. Check its quotes.")
    return found


def read_json_lines(text: str, *, path: str) -> list[WrittenLabel]:
    """The labels of JSON Lines: a JSON object, or a JSON string, in each line that is not blank.

    Raises:
        TasksError: a line that is neither, or without a label.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = read_json_text(line)
        except ValueError as error:
            _refuse(path, number, f"this is not JSON: {error}.")
        found.append(label_of(row, place=f"{path}, line {number}"))
    return found


def label_of(item: Any, *, place: str) -> WrittenLabel:
    """A label of a name alone, or of a mapping with the keys of a label.

    Raises:
        TasksError: a key that is not known, or a value of another kind than its key has.
    """
    if isinstance(item, str):
        return WrittenLabel(item, place=place)
    if not isinstance(item, Mapping):
        raise TasksError(
            f"{place}: a label is {shown(item)}. Write a name, or keys as in "
            "{label: cat, description: a small feline}."
        )
    keys = {key: _known(str(key), place) for key in item}
    if unknown := next((key for key, column in keys.items() if column is None), None):
        raise TasksError(
            f"{place}: the key {shown(unknown)} of a label is not known. Known keys: "
            f"{', '.join(_COLUMNS)}."
        )
    cells: dict[str, Any] = {}
    for key, column in keys.items():
        value = item[key]
        if column in ("aliases", "examples") and isinstance(value, list):
            cells[column] = [_word(one, str(key), place) for one in value]
        elif value is not None:
            cells[str(column)] = _word(value, str(key), place)
    return _label(cells, place)


def _separator(lines: Sequence[str], usual: str) -> str:
    """What parts the columns of the first of these lines of which one is then known.

    >>> _separator(["ID;Label;Parent"], ","), _separator(["id,label"], ","), _separator(["a"], ",")
    (';', ',', ',')
    """
    for line in lines:
        for separator in (usual, *_SEPARATORS):
            cells = [cell.strip().strip('"') for cell in line.split(separator)]
            if any(_plain(cell) in _BY_HEADING for cell in cells):
                return separator
    return usual


def _titles(text: str, separator: str) -> int:
    """How many rows stand above the one that names the columns, as in a spreadsheet with a title.

    Below the first row, that is one with a column of labels and another that is known: a single
    word may itself be a label. Blank rows above the first are passed over.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    blank = 0
    try:
        for place, row in enumerate(islice(rows, _MOST_TITLES + 1)):
            filled = [plain for cell in row if (plain := _plain(cell))]
            known = {_BY_HEADING[plain] for plain in filled if plain in _BY_HEADING}
            if known & _OF_LABELS and len(known) > 1:
                return place
            if len(filled) > 1 and known & _OF_LABELS and place == blank:
                return place
            blank += not filled and place == blank
    except csv.Error:  # which is told where rows are read
        pass
    return blank


def _plain(heading: str) -> str:
    return " ".join(heading.replace("_", " ").replace("-", " ").lower().split())


def _columns(heading: Sequence[str], path: str, line: int) -> dict[str, int]:
    """The places of the columns that are known; others are somebody's own."""
    found: dict[str, int] = {}
    for place, name in enumerate(heading):
        column = _known(name, f"{path}, line {line}")
        if column in found:
            _refuse(
                path,
                line,
                f"the columns {shown(heading[found[str(column)]])} and {shown(name)} are both "
                f"taken for `{column}`. Rename or remove one.",
            )
        if column:
            found[column] = place
    if not _OF_LABELS & set(found):
        names = ", ".join(shown(name) for name in heading[:20])
        _refuse(
            path,
            line,
            f"no column of labels among {names}. Name one `label`; known columns are "
            f"{', '.join(_COLUMNS)}. What stands above the names of columns is no part of a table: "
            "remove it.",
        )
    return found


def _known(heading: str, place: str) -> str | None:
    """The column that a heading means; None for another, refused where it may be a slip."""
    plain = _plain(heading)
    if plain in _BY_HEADING:
        return _BY_HEADING[plain]
    # A description that is left out in silence would be missed by nobody.
    close = get_close_matches(plain, _BY_HEADING, n=1, cutoff=0.8)
    if close:
        raise TasksError(
            f"{place}: {shown(heading)} is not known. Did you mean {close[0]}? Rename it, so that "
            f"it is not taken for that. Known: {', '.join(_COLUMNS)}."
        )
    return None


def _label(cells: Mapping[str, Any], place: str) -> WrittenLabel:
    name, parent = cells.get("label", ""), cells.get("parent", "")
    above, _, last = cells.get("path", "").rpartition(STEP)
    name = name or last
    if last and loosely(last) != loosely(name):
        raise TasksError(
            f"{place}: the path ends in {shown(last)}, and the label is {shown(name)}. Write the "
            "whole path, the label at its end, or leave one of the two out."
        )
    if not name:
        raise TasksError(f"{place}: there is no label. Write it under `label`.")
    return WrittenLabel(
        name=name,
        id=cells.get("id", ""),
        description=cells.get("description", ""),
        aliases=_several(cells.get("aliases", "")),
        examples=_several(cells.get("examples", "")),
        parent=parent or above,
        place=place,
        by_path=bool(last) and not parent,
    )


def _several(cell: str | list[str]) -> tuple[str, ...]:
    """The words of a cell: a list, a JSON list, or words with semicolons between them."""
    if isinstance(cell, list):
        return tuple(cell)
    if cell.startswith("["):
        try:
            words = json.loads(cell)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return tuple(words)
    return tuple(word.strip() for word in cell.split(_BETWEEN) if word.strip())


def _word(value: Any, key: str, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TasksError(f"{place}: the key {shown(key)} is {shown(value)}. Write text, in quotes.")
    return str(value)


def _refuse(path: str, line: int, problem: str) -> NoReturn:
    raise TasksError(f"{path}, line {line}: {problem}")
