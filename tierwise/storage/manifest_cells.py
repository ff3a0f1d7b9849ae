"""The cells of a manifest, row by row, as its format writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.errors import InputError
from tierwise.json_text import read_json_text
from tierwise.storage.files import files_for


def ending_of(uri: str) -> str:
    """What a manifest's name says of its format."""
    return uri.lower().rpartition(".")[2]


def manifest_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    """Each row by the names of its columns; raises `InputError` for one that is malformed."""
    ending = ending_of(uri)
    if ending == "csv":
        return _csv_cells(uri)
    return jsonl_cells(uri) if ending == "jsonl" else _parquet_cells(uri)


def _csv_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    with files_for(uri).open(uri) as stream:
        reader = csv.DictReader(_csv_lines(uri, stream), strict=True)
        try:
            for row in reader:
                if None in row:
                    raise InputError(
                        f"{uri}: line {reader.line_num} has more cells than the first line."
                    )
                yield {name.strip(): cell or None for name, cell in row.items()}
        except csv.Error as error:
            raise InputError(f"{uri}: line {reader.line_num + 1} is not CSV: {error}") from error


def csv_names(uri: str) -> list[str]:
    """The names in the first line of a CSV file, without spaces around."""
    with files_for(uri).open(uri) as stream:
        try:
            names = next(csv.reader(_csv_lines(uri, stream), strict=True), [])
        except csv.Error as error:
            raise InputError(f"{uri}: the first line is not CSV: {error}") from error
    return [name.strip() for name in names]


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


def jsonl_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    """The objects of JSON Lines."""
    with files_for(uri).open(uri) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = read_json_text(line)
            except ValueError as error:
                raise InputError(f"{uri}: line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise InputError(f"{uri}: line {number} is not a JSON object: {line[:60]!r}")
            yield row


def _parquet_cells(uri: str) -> Iterator[Mapping[str, Any]]:
    try:
        with files_for(uri).open(uri) as stream:
            for batch in pq.ParquetFile(stream).iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:  # Arrow says OSError for damaged pages
        raise InputError(f"{uri}: damaged Parquet file: {error}") from error
