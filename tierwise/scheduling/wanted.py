"""Whose turn comes first under a cap: those with the highest value in a column of the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from tierwise.answering.groups import Group
from tierwise.records import ImageFile, Scalar

# How much something is wanted, by kind and value: numbers before other words before nothing.
Wanted = tuple[int, Decimal, str]
_NOT = (0, Decimal(0), "")


def wanted(value: Scalar) -> Wanted:
    """How much a cell is worth; the cells of a CSV are text, and so are numbers there.

    >>> sorted(["9", "10", "", "low", 2.5], key=wanted, reverse=True)
    ['10', '9', 2.5, 'low', '']
    """
    text = str(value).strip() if value is not None else ""
    if isinstance(value, bool):
        return (2, Decimal(value), "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return (1, Decimal(0), text) if text else _NOT
    return _NOT if number.is_nan() else (2, number, "")


def of_file(file: ImageFile, column: str) -> Wanted:
    """How much a file is wanted; all alike where there is no column."""
    return wanted(file.columns.get(column)) if column else _NOT


def ranks(files: Iterable[ImageFile], groups: Iterable[Group], column: str) -> Mapping[str, int]:
    """By content, whose turn comes first: 0, and so on; those that are wanted alike share a rank.

    A group is wanted as much as the most wanted of its files.
    """
    if not column:
        return {}
    by_content = {group.content_hash: _best(group.files, column) for group in groups}
    for file in files:
        found = of_file(file, column)
        by_content[file.content_hash] = max(found, by_content.get(file.content_hash, _NOT))
    order = sorted(set(by_content.values()), reverse=True)
    position = {value: rank for rank, value in enumerate(order)}
    return {content: position[value] for content, value in by_content.items()}


def _best(files: Iterable[ImageFile], column: str) -> Wanted:
    return max((of_file(file, column) for file in files), default=_NOT)
