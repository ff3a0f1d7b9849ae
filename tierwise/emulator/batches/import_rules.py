"""What Vertex AI refuses when it imports the rows of a job, which it does as BigQuery would.

Each key is a column of one type across all rows. The first row that breaks a rule fails the whole
job before anything runs. Rules and words are those of 75 jobs within seven days
(OpenRouterTeam/docs, docs/batch-research/google-vertex.md, 2026-09-02), others BigQuery's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tierwise.emulator.batches.rows import lines_of
from tierwise.emulator.batches.service_desk import JobFailedError

MOST_ROWS = 200_000
_INVALID = 3
_MOST_DEPTH = 15
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_SCHEMAS = {"responseSchema", "response_schema", "responseJsonSchema", "response_json_schema"}
_CHOICES = {"anyOf", "any_of"}
_KINDS = {str: "STRING", bool: "BOOLEAN", int: "NUMERIC", float: "NUMERIC", dict: "RECORD"}


def import_rows(paths: list[Path]) -> int:
    """Check every row; gives how many there are.

    Raises:
      JobFailedError: with code 3, a row cannot be imported, or there are none or too many.
    """
    table, count = _Table(), 0
    for number, line in lines_of(paths):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _failed(f"JSON parsing error in row {number}: {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("request"), dict):
            raise _failed(f'Row {number} holds no object "request".')
        table.add(row, "", 0, in_schema=False)
        count += 1
    if not 0 < count <= MOST_ROWS:
        raise _failed(f"{count} requests; a job takes 1 to {MOST_ROWS}.")
    return count


class _Table:
    """The columns so far, by path; items of a list share theirs."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, bool], str] = {}

    def add(
        self, value: Any, path: str, depth: int, *, in_schema: bool, item: bool = False
    ) -> None:
        """Take a value at a path of names; an item of a list has the path of the list."""
        if value is None:
            raise _failed(f"Only optional fields can be set to NULL. Field: {path}; Value: NULL")
        if depth > _MOST_DEPTH:
            raise _failed(
                f"Schema nested too deeply, at least {depth} compared to the maximum allowed level "
                f"of {_MOST_DEPTH}"
            )
        self._check_kind(value, path, item)
        if isinstance(value, list):
            for one in value:
                self.add(one, path, depth, in_schema=in_schema, item=True)
        elif isinstance(value, dict):
            if not value:
                raise _failed(f"Cannot store struct '{path}' with no fields")
            for name, inner in value.items():
                self._add_field(name, inner, path, depth + 1, in_schema=in_schema)

    def _add_field(self, name: str, value: Any, path: str, depth: int, *, in_schema: bool) -> None:
        if not _NAME.fullmatch(name):
            raise _failed(
                f'Invalid field name "{name:.300}". Fields must contain only letters, numbers, '
                "and underscores, start with a letter or underscore, and be at most 300 characters "
                "long."
            )
        where = f"{path}.{name}" if path else name
        if in_schema and name == "type" and not path.endswith("properties"):
            _check_type(value, where)
        if name in _CHOICES and isinstance(value, list) and len({_shape(v) for v in value}) > 1:
            raise _not_repeated(where)
        self.add(value, where, depth, in_schema=in_schema or name in _SCHEMAS)

    def _check_kind(self, value: Any, path: str, item: bool) -> None:
        kind = "REPEATED" if isinstance(value, list) else _KINDS[type(value)]
        known = self._kinds.setdefault((path, item), kind)
        if known == kind:
            return
        if "REPEATED" in {known, kind}:
            raise _not_repeated(path)
        raise _failed(f"Could not convert value to {known}. Field: {path}; Value: {value!r:.40}")


def _check_type(value: Any, path: str) -> None:
    if isinstance(value, list):
        raise _not_repeated(path)


def _shape(value: Any) -> Any:
    """Names and kinds, without what they hold."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, _shape(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ("[]", *{_shape(one) for one in value})
    return _KINDS.get(type(value), "NULL")


def _not_repeated(path: str) -> JobFailedError:
    return _failed(f"Repeated field must be imported as a JSON array. Field: {path}.")


def _failed(why: str) -> JobFailedError:
    told = "Please check 'Prepare input' section of the batch predictions documentation."
    return JobFailedError(_INVALID, f"Failed to import data. {told} Error message: {why}")
