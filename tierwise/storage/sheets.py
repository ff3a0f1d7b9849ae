"""CSV that people have filled in: with commas, semicolons or tabs, as spreadsheets save it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from tierwise.errors import InputError
from tierwise.storage.files import files_for

_SEPARATORS = ",;\t"


def read_sheet(uri: str) -> tuple[list[str], Iterator[tuple[int, Mapping[str, str]]]]:
    """The names of the columns, and the cells of each line with its number in the file.

    Raises:
        InputError: it cannot be read, is not UTF-8, or a line has more cells than the first.
    """
    try:
        text = files_for(uri).read(uri).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{uri}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{uri}: is not UTF-8. Save the file as CSV UTF-8.") from error
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names = [name.strip() for name in next(reader, [])]
    return names, _lines(uri, names, reader)


def _lines(
    uri: str,
    names: list[str],
    reader: Iterator[list[str]],
) -> Iterator[tuple[int, Mapping[str, str]]]:
    line = 2
    try:
        for cells in reader:
            if len(cells) > len(names):
                raise InputError(f"{uri}: line {line} has more cells than the first line.")
            yield line, dict(zip(names, cells, strict=False))
            line = getattr(reader, "line_num", line) + 1
    except csv.Error as error:
        raise InputError(f"{uri}: line {line} is not CSV: {error}.") from error
