"""A manifest: a table with a `uri` column, whose other columns ride along to the output.

CSV cells are strings, and null when empty; JSON Lines and Parquet keep strings, integers of 64
bits, numbers and booleans. Lists and objects travel as JSON, everything else as text. Relative URIs
start at the manifest's own folder. A name on a disk that is not Unicode is written with the escapes
that tables show it with.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tierwise.answers.written_words import twins
from tierwise.errors import InputError
from tierwise.records import Scalar
from tierwise.shown import shown
from tierwise.storage.files import files_for
from tierwise.storage.manifest_cells import csv_names, ending_of, jsonl_cells, manifest_cells

ManifestRow = tuple[str, Mapping[str, Scalar]]

_ENDINGS = (".csv", ".jsonl", ".parquet")
_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_INTEGERS = range(-(2**63), 2**63)
# Up to here a float is every whole number.
_EXACT = 2.0**53
_WHOLE, _MISSING = "whole", "missing"
_NAME_IT = "Name the column that holds the images' addresses uri."
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def is_manifest(uri: str) -> bool:
    """Whether a single file is read as a manifest, by its ending."""
    return uri.lower().endswith(_ENDINGS)


def read_rows(uri: str, kinds: Mapping[str, str]) -> Iterator[ManifestRow]:
    """Each row's URI without spaces around, and its other columns in the kinds of `column_kinds`.

    Raises:
        InputError: there is no `uri` column, or a row is malformed, has no URI or one of a kind
            that is not supported.
    """
    for number, cells in enumerate(manifest_cells(uri), start=1):
        name = cells.get("uri")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{uri}: row {number} has no uri. Fill it in or delete the row.")
        name = name.strip()
        try:
            files_for(resolve(uri, name))
        except InputError as error:
            raise InputError(f"{uri}: row {number}: {error}") from error
        yield name, {column: _of_kind(cells.get(column), kind) for column, kind in kinds.items()}


def column_kinds(uri: str) -> dict[str, str]:
    """The other columns and their kinds: `string`, `integer`, `number` or `boolean`.

    Reads a Parquet file's schema, a CSV file's first line, and every line of JSON Lines.

    Raises:
        InputError: the file cannot be read as a manifest, or has no `uri` column.
    """
    ending = ending_of(uri)
    kinds = {"csv": _csv_kinds, "parquet": _parquet_kinds, "jsonl": _jsonl_kinds}[ending](uri)
    if "" in kinds:
        raise InputError(f"{uri}: a column has no name. Name it or delete it.")
    if "uri" not in kinds:
        found = ", ".join(kinds) or "none"
        raise InputError(
            f"{uri}: a manifest needs a column named uri; its columns are: {found}. "
            f"{_separator_hint(kinds) if ending == 'csv' else _NAME_IT}"
        )
    return {column: kind for column, kind in kinds.items() if column != "uri"}


def resolve(manifest: str, uri: str) -> str:
    """Where to read an image that a manifest names.

    >>> resolve("lists/new.csv", "a/b.jpg"), resolve("lists/new.csv", "/data/b.jpg")
    ('lists/a/b.jpg', '/data/b.jpg')
    """
    if "://" in uri or uri.startswith("/"):
        return uri
    folder = manifest.rpartition("/")[0]
    return f"{folder}/{uri}" if folder else uri


def _csv_kinds(uri: str) -> dict[str, str]:
    names = csv_names(uri)
    _check_unique(uri, names)
    return dict.fromkeys(names, "string")


def _separator_hint(names: Iterable[str]) -> str:
    """What to do when no column is called uri: some spreadsheets do not write commas."""
    first_line = ",".join(names)
    for sign, called in _OTHER_SEPARATORS.items():
        if "uri" in re.split(f"[,{re.escape(sign)}]", first_line):
            return f"Its cells are separated by {called}: separate them by commas."
    return _NAME_IT


def _check_unique(uri: str, names: Sequence[str]) -> None:
    """Databases take columns that differ in case alone for one, and rename or refuse one."""
    if pair := twins(names):
        first, second = (names[place] for place in pair)
        how = f"{shown(first)} is there twice"
        if first != second:
            how = f"{shown(first)} and {shown(second)} differ in case or the form of signs alone"
        raise InputError(f"{uri}: of its columns {how}. Rename one.")


def _jsonl_kinds(uri: str) -> dict[str, str]:
    kinds: dict[str, Counter[str]] = {}
    rows = 0
    for row in jsonl_cells(uri):
        rows += 1
        for name, value in row.items():
            kinds.setdefault(name, Counter())[_kind_of_value(_scalar(value))] += 1
    _check_unique(uri, list(kinds))
    return {name: _widest(found, rows) for name, found in kinds.items()}


def _kind_of_value(value: Scalar) -> str:
    if value is None:
        return _MISSING
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return _WHOLE if whole else _KINDS[type(value)]


def _widest(kinds: Counter[str], rows: int) -> str:
    """The kind of a column; whole numbers with a point and gaps between them once had no point."""
    found = set(kinds) - {_MISSING}
    gaps = rows > sum(kinds[kind] for kind in found)
    if _WHOLE in found:
        found = found - {_WHOLE} | {"integer" if gaps else "number"}
    if len(found) == 1:
        return next(iter(found))
    return "number" if found == {"integer", "number"} else "string"


def _parquet_kinds(uri: str) -> dict[str, str]:
    try:
        with files_for(uri).open(uri) as stream:
            file = pq.ParquetFile(stream)
            schema = file.schema_arrow
            _check_unique(uri, schema.names)
            kinds = {field.name: _arrow_kind(field.type) for field in schema}
            had_gaps = (name for name in kinds if kinds[name] == "number" and _had_gaps(file, name))
            return kinds | dict.fromkeys(had_gaps, "integer")
    except (pa.ArrowException, OSError) as error:  # Arrow says OSError for damaged pages
        raise InputError(f"{uri}: not a Parquet file: {error}") from error


def _had_gaps(file: pq.ParquetFile, name: str) -> bool:
    """Whether a column is of whole numbers, which its gaps alone have made fractions of."""
    gaps = filled = 0
    for batch in file.iter_batches(columns=[name]):
        values = pc.drop_null(pc.cast(batch.column(0), pa.float64()))
        values = values.filter(pc.invert(pc.is_nan(values)))
        if not pc.all(pc.less(pc.abs(values), _EXACT)).as_py() and len(values):
            return False
        if not pc.all(pc.equal(values, pc.floor(values)), min_count=0).as_py():
            return False
        gaps, filled = gaps + batch.num_rows - len(values), filled + len(values)
    return bool(gaps and filled)


def _arrow_kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else "string"


def _of_kind(value: Any, kind: str) -> Scalar:
    scalar = _scalar(value)
    if scalar is None or kind == "boolean":
        return scalar
    if kind == "integer":
        return int(scalar)
    if kind == "number":
        return float(scalar)
    return scalar if isinstance(scalar, str) else json.dumps(scalar)


def _scalar(value: Any) -> Scalar:
    """A cell as our tables can hold it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return None if isnan(value) else value  # how tables of pandas say that nothing is there
    if isinstance(value, int):
        return value if value in _INTEGERS else str(value)
    nested = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=str) if nested else str(value)
    # JSON can write half a character, which is not text elsewhere.
    return text.encode("utf-8", "replace").decode("utf-8")
