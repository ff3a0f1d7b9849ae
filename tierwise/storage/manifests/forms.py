"""What a manifest's name says of its format."""

from __future__ import annotations

from enum import StrEnum

ENDINGS = ".csv, .tsv, .jsonl, .ndjson or .parquet, plain or with .gz"


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    TSV = "tsv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"

    @property
    def separator(self) -> str:
        """What stands between cells; empty where nothing does."""
        return {Format.CSV: ",", Format.TSV: "\t"}.get(self, "")


_FORMATS = {format_.value: format_ for format_ in Format} | {"ndjson": Format.JSON_LINES}
_PACKED = (".gz", ".gzip")


def is_packed(uri: str) -> bool:
    """Whether a name says that gzip has packed the file."""
    return uri.lower().endswith(_PACKED)


def format_of(uri: str) -> Format | None:
    """The format of a manifest, None where the name is no manifest's.

    >>> [format_of(name) for name in ("a.CSV", "rows-*.ndjson.gz", "a.json", "csv")]
    [<Format.CSV: 'csv'>, <Format.JSON_LINES: 'jsonl'>, None, None]
    """
    plain = uri.rpartition(".")[0] if is_packed(uri) else uri
    _, dot, ending = plain.rpartition("/")[2].rpartition(".")
    return _FORMATS.get(ending.lower()) if dot else None


def is_manifest(uri: str) -> bool:
    """Whether a file, or those of a pattern, are read as a manifest, by their ending."""
    return format_of(uri) is not None
