"""The cells of a manifest, row by row, as its format writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from tierwise.answers.written_words import twins
from tierwise.errors import InputError
from tierwise.json_text import read_unambiguous_json
from tierwise.shown import shown
from tierwise.storage.manifests.forms import ENDINGS, Format, format_of
from tierwise.storage.manifests.pieces import Piece, before
from tierwise.storage.manifests.streams import opened, opened_parquet

Cells = Mapping[str, Any]

_BATCH_ROWS = 2_000


def cells_of(piece: Piece) -> Iterator[Cells]:
    """Each row of a piece by the names of its columns; an absent one is empty.

    Raises:
        InputError: a row is malformed.
    """
    format_ = required_format(piece.uri)
    if format_ is Format.PARQUET:
        return _parquet_cells(piece)
    return _jsonl_cells(piece) if format_ is Format.JSON_LINES else _csv_cells(piece)


def column_names(uri: str) -> list[str]:
    """The columns that a file's first line, or its schema, names; none for JSON Lines.

    Raises:
        InputError: there is no such line or schema, or two columns are the same but for case.
    """
    format_ = required_format(uri)
    if format_ is Format.JSON_LINES:
        return []
    if format_ is Format.PARQUET:
        with opened_parquet(uri) as file:
            names = list(file.schema_arrow.names)
    else:
        names = _csv_names(uri)
    check_unique(uri, names)
    return names


def check_unique(uri: str, names: Sequence[str]) -> None:
    """Databases take columns that differ in case alone for one, and rename or refuse one.

    Raises:
        InputError: there are two such columns.
    """
    if pair := twins(names):
        first, second = (names[place] for place in pair)
        how = f"{shown(first)} is there twice"
        if first != second:
            how = f"{shown(first)} and {shown(second)} differ in case or the form of signs alone"
        raise InputError(f"{uri}: of its columns {how}. Rename one.")


def required_format(uri: str) -> Format:
    """The format of a manifest; raises `InputError` where the name tells none."""
    if (format_ := format_of(uri)) is None:
        raise InputError(f"{uri}: is not the name of a manifest. It ends with {ENDINGS}.")
    return format_


def plain_values(column: pa.Array) -> list[Any]:
    """The values of a column; times too fine for Python are text."""
    try:
        values: list[Any] = column.to_pylist()
    except ValueError:  # nanoseconds
        values = pc.cast(column, pa.string()).to_pylist()
    return values


def _csv_names(uri: str) -> list[str]:
    """The names in the first line of a CSV file, without spaces around."""
    with opened(uri) as stream:
        try:
            names: list[str] = next(_reader(uri, _csv_lines(Piece(uri), stream)), [])
        except csv.Error as error:
            raise InputError(f"{uri}: the first line is not {_called(uri)}: {error}") from error
    return [name.strip() for name in names]


def _csv_cells(piece: Piece) -> Iterator[Cells]:
    names = _csv_names(piece.uri)
    with opened(piece.uri) as stream:
        reader = _reader(piece.uri, _csv_lines(piece, stream))
        try:
            if not piece.start:
                next(reader, None)
            for cells in reader:
                if len(cells) > len(names):
                    line = before(piece)[0] + reader.line_num
                    raise InputError(
                        f"{piece.uri}: line {line} has more cells than the first line."
                    )
                if cells:
                    yield dict(zip(names, (cell or None for cell in cells), strict=False))
        except csv.Error as error:
            line = before(piece)[0] + reader.line_num
            called = _called(piece.uri)
            raise InputError(f"{piece.uri}: line {line} is not {called}: {error}") from error


def _reader(uri: str, lines: Iterator[str]) -> Any:
    return csv.reader(lines, strict=True, delimiter=required_format(uri).separator)


def _called(uri: str) -> str:
    return required_format(uri).upper()


def _csv_lines(piece: Piece, stream: BinaryIO) -> Iterator[str]:
    """The lines of a file in UTF-8, with their ends, as `csv` wants them.

    Decoded line by line: a decoder that reads ahead would blame the first line for a later one.
    """
    for number, line in enumerate(_lines(piece, stream), start=1):
        first = number == 1 and not piece.start
        try:
            text = line.decode("utf-8-sig" if first else "utf-8")
        except UnicodeDecodeError as error:
            raise _not_utf8(piece, number, line, error) from error
        if "\r" in text[:-2]:  # ends of lines as they once were
            yield from io.StringIO(text, newline="")
        else:
            yield text


def _not_utf8(piece: Piece, number: int, line: bytes, error: UnicodeDecodeError) -> InputError:
    """The refusal of a line; `number` counts a piece's lines from 1."""
    return InputError(
        f"{piece.uri}: line {before(piece)[0] + number} is not UTF-8: byte {error.start + 1} of it "
        f"is 0x{line[error.start]:02x}. Save the file as UTF-8."
    )


def _lines(piece: Piece, stream: BinaryIO) -> Iterator[bytes]:
    """The lines that begin in a piece."""
    if piece.start:
        stream.seek(piece.start - 1)
        position = piece.start - 1 + len(stream.readline())
    else:
        position = 0
    if piece.end is None:
        yield from stream
        return
    while position < piece.end and (line := stream.readline()):
        position += len(line)
        yield line


def _jsonl_cells(piece: Piece) -> Iterator[Cells]:
    """The objects of JSON Lines."""
    with opened(piece.uri) as stream:
        for number, line in enumerate(_lines(piece, stream), start=1):
            if line.strip():
                yield json_row(piece, number, line)


def json_row(piece: Piece, number: int, line: bytes) -> Cells:
    """A row of JSON Lines; `number` counts a piece's lines from 1.

    Raises:
        InputError: it is none.
    """
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(piece, number, line, error) from error
    try:
        row = read_unambiguous_json(text)
    except ValueError as error:
        where = f"{piece.uri}: line {before(piece)[0] + number}"
        raise InputError(f"{where} is not JSON: {error}") from error
    if not isinstance(row, dict):
        where = f"{piece.uri}: line {before(piece)[0] + number}"
        raise InputError(f"{where} is not a JSON object: {line[:60]!r}")
    return row


def _parquet_cells(piece: Piece) -> Iterator[Cells]:
    with opened_parquet(piece.uri) as file:
        groups = None
        if piece.end is not None:
            groups = range(piece.start, piece.end)
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups):
            names = batch.schema.names
            for cells in zip(*map(plain_values, batch.columns), strict=True):
                yield dict(zip(names, cells, strict=True))
