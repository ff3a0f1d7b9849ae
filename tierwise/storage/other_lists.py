"""Refuses what is plainly a list, and is named neither as a manifest nor as a picture."""

from __future__ import annotations

import json

from tierwise.errors import InputError
from tierwise.images.headers.signatures import claimed_format, signature
from tierwise.storage.files import files_for
from tierwise.storage.manifests.forms import ENDINGS

_HEAD_BYTES = 4096
_TABLES = (
    (b"PAR1", "Parquet", "Let its name end with .parquet."),
    (b"Obj\x01", "Avro", "Write it as Parquet or JSON Lines."),
    (b"ORC", "ORC", "Write it as Parquet or JSON Lines."),
    (b"SQLite format 3\0", "a database", "Write a table of it as CSV."),
    (b"\x1f\x8b", "packed by gzip", "Let its name say what is in it, such as list.csv.gz."),
    (b"(\xb5/\xfd", "packed by zstd", "Pack it with gzip, or not at all."),
    (b"BZh", "packed by bzip2", "Pack it with gzip, or not at all."),
    (b"\xfd7zXZ\0", "packed by xz", "Pack it with gzip, or not at all."),
)
_SHEETS = (".xlsx", ".xlsm", ".ods", ".xls", ".numbers")
# Drawings that are written as text; whoever tries them says that they are not supported.
_DRAWINGS = ("<", "%!", "P1\n", "P1 ", "P2\n", "P2 ", "P3\n", "P3 ", "/* XPM", "#define ")
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def refuse_list(uri: str) -> None:
    """Refuse a single file that is a list of something, and tell how to make a manifest of it.

    Raises:
        InputError: it is text, or a table of a kind that is not read.
    """
    if claimed_format(uri):
        return  # a picture that is none gets its row
    with files_for(uri).open(uri, _HEAD_BYTES) as stream:
        head = stream.read(_HEAD_BYTES)
    if uri.lower().endswith(_SHEETS):
        _refuse(uri, "a spreadsheet", "Save it as CSV UTF-8.")
    for mark, called, remedy in _TABLES:
        if head.startswith(mark):
            _refuse(uri, called, remedy)
    text = _text(head)
    if not signature(head) and _is_list(text):
        _refuse(uri, *_told(text))


def _is_list(text: str) -> bool:
    words = text.strip()
    if not words or words.startswith(_DRAWINGS):
        return False
    return "\n" in text or "://" in words or words[0] in "[{"


def _told(text: str) -> tuple[str, str]:
    first_line, first = text.strip().partition("\n")[0], text.lstrip()[0]
    if first == "[":
        return "a JSON array", "Write one object per line, and let its name end with .jsonl."
    if first == "{":
        try:
            json.loads(first_line)
        except ValueError:
            return "JSON", "Write one object per line, and let its name end with .jsonl."
        return "JSON Lines", "Let its name end with .jsonl."
    return (
        "text",
        "To make a manifest of a list of names, write uri into its first line, and let its name "
        "end with .csv.",
    )


def _text(head: bytes) -> str:
    """The beginning of a text without the sign that may be cut off; empty for anything else."""
    mark = next((mark for mark in _MARKS if head.startswith(mark)), b"")
    text = head.removeprefix(mark).decode(_MARKS.get(mark, "utf-8"), "surrogateescape")
    if any(sign < " " and sign not in "\t\n\r\f" for sign in text):
        return ""
    return "" if any("\udc80" <= sign <= "\udcff" for sign in text[:-4]) else text


def _refuse(uri: str, called: str, remedy: str) -> None:
    raise InputError(
        f"--input={uri}: is {called}, no picture. A manifest is a table with a column uri whose "
        f"name ends with {ENDINGS}. {remedy}"
    )
