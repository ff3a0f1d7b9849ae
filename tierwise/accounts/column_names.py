"""Names of columns that BigQuery takes: letters a-z, digits and _, none of its own.

https://cloud.google.com/bigquery/docs/schemas#column_names
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tierwise.answers.slugs import slug_of

# Whose names columns get: their own, or ones that BigQuery takes.
AS_IS, FOR_BIGQUERY = "as_is", "bigquery"

_TAKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_RESERVED = re.compile(
    r"_TABLE_|_FILE_|_PARTITION|_ROW_TIMESTAMP|__ROOT__|_COLIDENTIFIER|_CHANGE_", re.IGNORECASE
)
_OTHER_SIGN = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST = 200


def refused_by_bigquery(name: str) -> bool:
    """Whether a table with this column cannot be loaded.

    >>> [refused_by_bigquery(name) for name in ("sku", "Total Price", "2col", "_PARTITIONTIME")]
    [False, True, True, True]
    """
    return not _TAKEN.fullmatch(name) or _RESERVED.match(name) is not None


def named_for_bigquery(columns: Iterable[str]) -> dict[str, str]:
    """The columns that need another name, each with one that no other column has.

    >>> named_for_bigquery(["Total Price", "total_price", "2col"])
    {'Total Price': 'Total_Price_2', '2col': '_2col'}
    >>> named_for_bigquery(["größe", "_PARTITIONTIME"])
    {'größe': 'groesse', '_PARTITIONTIME': 'column_PARTITIONTIME'}
    """
    columns = list(columns)
    taken = {name.lower() for name in columns if not refused_by_bigquery(name)}
    found = {}
    for place, column in enumerate(columns, start=1):
        if refused_by_bigquery(column):
            plain = name = _plain(column) or f"column_{place}"
            number = 2
            while name.lower() in taken:
                name, number = f"{plain}_{number}", number + 1
            taken.add(name.lower())
            found[column] = name
    return found


def _plain(column: str) -> str:
    """What is left of a name in the signs that are allowed; empty where nothing tells it."""
    latin = column if column.isascii() else slug_of(column, _LONGEST)
    plain = _OTHER_SIGN.sub("_", latin).strip("_" if not _RESERVED.match(column) else "")
    if not plain.strip("_"):
        return ""
    if _RESERVED.match(plain):
        return f"column{plain}"
    return f"_{plain}"[:_LONGEST] if plain[0].isdigit() else plain[:_LONGEST]
