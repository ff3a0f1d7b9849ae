"""A manifest: a table with a `uri` column, whose other columns ride along to the output.

CSV cells are strings, and null when empty; JSON Lines and Parquet keep strings, integers of 64
bits, numbers and booleans. Lists and objects travel as JSON, everything else as text. Relative URIs
start at the manifest's own folder. A name on a disk that is not Unicode is written with the escapes
that tables show it with.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.errors import InputError
from tierwise.records import Scalar
from tierwise.storage.files import files_for

ManifestRow = tuple[str, Mapping[str, Scalar]]

_ENDINGS = (".csv", ".jsonl", ".parquet")
_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_INTEGERS = range(-(2**63), 2**63)
_NAME_IT = "Name the column that holds the images' addresses uri."
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def is_manifest(uri: str) -> bool:
    """Whether a single file is read as a manifest, by its ending."""
    return uri.lower().endswith(_ENDINGS)


def read_rows(uri: str, kinds: Mapping[str, str]) -> Iterator[ManifestRow]:
    """Each row's URI as it is written, and its other columns in the kinds of `column_kinds`.

    Raises:
        InputError: there is no `uri` column, or a row is malformed, has no URI or one of a kind
            that is not supported.
    """
    for number, cells in enumerate(_cells(uri), start=1):
        name = cells.get("uri")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{uri}: row {number} has no uri. Fill it in or delete the row.")
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
    ending = uri.lower().rpartition(".")[2]
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


def _cells(uri: str) -> Iterator[Mapping[str, Any]]:
    ending = uri.lower().rpartition(".")[2]
    if ending == "csv":
        return _csv_cells(uri)
    return _jsonl_cells(uri) if ending == "jsonl" else _parquet_cells(uri)


def _csv_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    with files_for(uri).open(uri) as stream:
        reader = csv.DictReader(_csv_lines(uri, stream), strict=True)
        try:
            for row in reader:
                if None in row:
                    raise InputError(
                        f"{uri}: line {reader.line_num} has more cells than the first line."
                    )
                yield {name: cell or None for name, cell in row.items()}
        except csv.Error as error:
            raise InputError(f"{uri}: line {reader.line_num + 1} is not CSV: {error}") from error


def _csv_kinds(uri: str) -> dict[str, str]:
    with files_for(uri).open(uri) as stream:
        try:
            names = next(csv.reader(_csv_lines(uri, stream), strict=True), [])
        except csv.Error as error:
            raise InputError(f"{uri}: the first line is not CSV: {error}") from error
    _check_unique(uri, names)
    return dict.fromkeys(names, "string")


def _csv_lines(uri: str, stream: BinaryIO) -> Iterator[str]:
    """The lines of a file in UTF-8, with their ends, as `csv` wants them.

    Decoded line by line: a decoder that reads ahead would blame the first line for a later one.
    """
    for number, line in enumerate(stream, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{uri}: line {number} is not UTF-8: byte {error.start + 1} of it is "
                f"0x{line[error.start]:02x}. Save the file as UTF-8."
            ) from error
        yield from io.StringIO(text, newline="")


def _separator_hint(names: Iterable[str]) -> str:
    """What to do when no column is called uri: some spreadsheets do not write commas."""
    first_line = ",".join(names)
    for sign, called in _OTHER_SEPARATORS.items():
        if "uri" in re.split(f"[,{re.escape(sign)}]", first_line):
            return f"Its cells are separated by {called}: separate them by commas."
    return _NAME_IT


def _check_unique(uri: str, names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{uri}: columns named twice: {', '.join(sorted(twice))}. Rename one.")


def _jsonl_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    with files_for(uri).open(uri) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{uri}: line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise InputError(f"{uri}: line {number} is not a JSON object: {line[:60]!r}")
            yield row


def _jsonl_kinds(uri: str) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for row in _jsonl_cells(uri):
        for name, value in row.items():
            scalar = _scalar(value)
            kinds.setdefault(name, set()).update(() if scalar is None else {_KINDS[type(scalar)]})
    return {name: _widest(found) for name, found in kinds.items()}


def _widest(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if kinds == {"integer", "number"} else "string"


def _parquet_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    try:
        with files_for(uri).open(uri) as stream:
            for batch in pq.ParquetFile(stream).iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:  # Arrow says OSError for damaged pages
        raise InputError(f"{uri}: damaged Parquet file: {error}") from error


def _parquet_kinds(uri: str) -> dict[str, str]:
    try:
        with files_for(uri).open(uri) as stream:
            schema = pq.ParquetFile(stream).schema_arrow
    except pa.ArrowException as error:
        raise InputError(f"{uri}: not a Parquet file: {error}") from error
    _check_unique(uri, schema.names)
    return {field.name: _arrow_kind(field.type) for field in schema}


def _arrow_kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else "string"


def _of_kind(value: Any, kind: str) -> Scalar:
    scalar = _scalar(value)
    if scalar is None or kind in ("boolean", "integer"):
        return scalar
    if kind == "number":
        return float(scalar)
    return scalar if isinstance(scalar, str) else json.dumps(scalar)


def _scalar(value: Any) -> Scalar:
    """A cell as our tables can hold it."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if value in _INTEGERS else str(value)
    nested = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=str) if nested else str(value)
    # JSON can write half a character, which is not text elsewhere.
    return text.encode("utf-8", "replace").decode("utf-8")
