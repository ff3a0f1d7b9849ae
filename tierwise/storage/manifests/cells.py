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
from tierwise.storage.manifests.bad_rows import BadRow, refuse_rows
from tierwise.storage.manifests.forms import ENDINGS, Format, format_of
from tierwise.storage.manifests.pieces import Piece
from tierwise.storage.manifests.streams import opened, opened_parquet

Cells = Mapping[str, Any]
Numbered = tuple[int, Cells]

_BATCH_ROWS = 2_000


def numbered_rows(piece: Piece) -> Iterator[Numbered | BadRow]:
    """Each row of a piece by the names of its columns; an absent one is empty.

    Before it stands the number of its line in the piece, or of the row in Parquet.
    """
    format_ = required_format(piece.uri)
    if format_ is Format.PARQUET:
        return enumerate(_parquet_cells(piece), start=1)
    return _jsonl_rows(piece) if format_ is Format.JSON_LINES else _csv_rows(piece)


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
    garbled = list[BadRow]()
    with opened(uri) as stream:
        reader = _reader(uri, _csv_lines(Piece(uri), stream, garbled))
        try:
            names: list[str] = next(reader, [])
        except csv.Error as error:
            if not garbled:
                raise InputError(f"{uri}: the first line is not {_called(uri)}: {error}") from error
        if garbled:
            refuse_rows(Piece(uri), garbled[0], ())
    return [name.strip() for name in names]


def _csv_rows(piece: Piece) -> Iterator[Numbered | BadRow]:
    names, garbled = _csv_names(piece.uri), list[BadRow]()
    with opened(piece.uri) as stream:
        reader = _reader(piece.uri, _csv_lines(piece, stream, garbled))
        if not piece.start:
            next(reader, None)
        last = reader.line_num
        more = True
        while more:
            more = False
            try:
                for cells in reader:
                    line, last = last + 1, reader.line_num
                    if garbled:
                        yield from garbled
                        garbled.clear()
                    elif len(cells) > len(names):
                        yield BadRow(line, " has more cells than the first line.")
                    elif cells:
                        yield line, dict(zip(names, (cell or None for cell in cells), strict=False))
            except csv.Error as error:
                bad = BadRow(last + 1, f" is not {_called(piece.uri)}: {error}")
                yield from garbled or [bad]
                garbled.clear()
                last, more = reader.line_num, True


def _reader(uri: str, lines: Iterator[str]) -> Any:
    return csv.reader(lines, strict=True, delimiter=required_format(uri).separator)


def _called(uri: str) -> str:
    return required_format(uri).upper()


def _csv_lines(piece: Piece, stream: BinaryIO, garbled: list[BadRow]) -> Iterator[str]:
    """The lines of a file in UTF-8, with their ends, as `csv` wants them.

    Decoded line by line: a decoder that reads ahead would blame the first line for a later one.
    Those that are not UTF-8 are told in `garbled`.
    """
    for number, line in enumerate(_lines(piece, stream), start=1):
        encoding = "utf-8-sig" if number == 1 and not piece.start else "utf-8"
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            garbled.append(_not_utf8(number, line, error))
            text = line.decode(encoding, "replace")
        if "\r" in text[:-2]:  # ends of lines as they once were
            yield from io.StringIO(text, newline="")
        else:
            yield text


def _not_utf8(number: int, line: bytes, error: UnicodeDecodeError) -> BadRow:
    byte = f"byte {error.start + 1} of it is 0x{line[error.start]:02x}"
    return BadRow(number, f" is not UTF-8: {byte}. Save the file as UTF-8.")


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


def _jsonl_rows(piece: Piece) -> Iterator[Numbered | BadRow]:
    """The objects of JSON Lines."""
    with opened(piece.uri) as stream:
        for number, line in enumerate(_lines(piece, stream), start=1):
            if line.strip():
                yield json_row(number, line)


def json_row(number: int, line: bytes) -> Numbered | BadRow:
    """A row of JSON Lines."""
    try:
        row = read_unambiguous_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _not_utf8(number, line, error)
    except ValueError as error:
        return BadRow(number, f" is not JSON: {error}")
    if not isinstance(row, dict):
        return BadRow(number, f" is not a JSON object but {shown(row)}")
    return number, row


def _parquet_cells(piece: Piece) -> Iterator[Cells]:
    with opened_parquet(piece.uri) as file:
        groups = None
        if piece.end is not None:
            groups = range(piece.start, piece.end)
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups):
            names = batch.schema.names
            for cells in zip(*map(plain_values, batch.columns), strict=True):
                yield dict(zip(names, cells, strict=True))
