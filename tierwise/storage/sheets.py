"""CSV that people have filled in: with commas, semicolons or tabs, as spreadsheets save it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from tierwise.errors import InputError
from tierwise.storage.files import files_for

_SEPARATORS = ",;\t"
# How spreadsheets begin a text that they save as Unicode.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A first line that only tells the separator, as some write it for others.
_TOLD = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)


def read_sheet(uri: str) -> tuple[list[str], Iterator[tuple[int, Mapping[str, str]]]]:
    """The names of the columns, and the cells of each line with its number in the file.

    Raises:
        InputError: it cannot be read, is not UTF-8, or a line has more cells than the first.
    """
    try:
        data = files_for(uri).read(uri)
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except OSError as error:
        raise InputError(f"{uri}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{uri}: is not UTF-8. Save the file as CSV UTF-8.") from error
    told = _TOLD.match(text)
    text = text[told.end() :] if told else text
    first = text.partition("\n")[0]
    separator = told[1] if told else max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names = [name.strip() for name in next(reader, [])]
    return names, _lines(uri, names, reader, 3 if told else 2)


def _lines(
    uri: str,
    names: list[str],
    reader: Iterator[list[str]],
    line: int,
) -> Iterator[tuple[int, Mapping[str, str]]]:
    before = line - 2  # lines that the reader has not seen
    try:
        for cells in reader:
            if len(cells) > len(names):
                raise InputError(f"{uri}: line {line} has more cells than the first line.")
            yield line, dict(zip(names, cells, strict=False))
            line = getattr(reader, "line_num", line) + 1 + before
    except csv.Error as error:
        raise InputError(f"{uri}: line {line} is not CSV: {error}.") from error
