"""Whose tables lie in an output while a run that has not published any says so in `run.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.accounts.table_names import RUN_FILE
from tierwise.json_text import read_json_text
from tierwise.storage.files import files_for, join

# In `run.json` of a run that has not come to its end: how many the tables in place are of.
_TABLES_OF_FIRST = "tables_of_first"


def tables_of_first(run: Mapping[str, Any]) -> int | None:
    """How many files the tables in an output are of, by its `run.json`; None for all."""
    if "ended_at" not in run:
        return run.get(_TABLES_OF_FIRST)
    found: int | None = run["first"]["asked_for"] if "first" in run else None
    return found


def tables_in_place(output: str) -> dict[str, Any]:
    """What an unfinished run says of the tables: those in place are still of the run before."""
    uri = join(output, RUN_FILE)
    try:
        before = read_json_text(files_for(uri).read(uri))
        tables, first = before.get("tables", []), tables_of_first(before)
    except (FileNotFoundError, ValueError, AttributeError, KeyError, TypeError):
        return {"tables": []}
    return {"tables": tables} | ({} if first is None else {_TABLES_OF_FIRST: first})
