"""Whether table files are there, with the bytes and rows that a list of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts.table_names import TABLE_FOLDERS
from tierwise.errors import TablesError
from tierwise.storage.files import files_for, join
from tierwise.storage.stat import Stat

# As `tables` of run.json has them: `file`, `rows` and `bytes` of each.
Listed = Sequence[Mapping[str, Any]]

# A billion images have fifty thousand files.
_FOOTERS_AT_A_TIME = 16


def files_of_tables(folder: str) -> dict[str, Stat]:
    """Every file below the folders of the tables, by its name as `run.json` lists it."""
    files = files_for(folder)
    return {
        stat.uri[len(join(folder, "")) :]: stat
        for name in TABLE_FOLDERS
        for stat in files.walk(join(folder, name))
    }


def check_there(folder: str, tables: Listed, found: Mapping[str, Stat]) -> None:
    """See that every file that is listed lies in a folder, with its bytes; others do not matter.

    Raises:
        TablesError: one does not.
    """
    for table in tables:
        stat = found.get(table["file"])
        if stat is None or stat.bytes != table["bytes"]:
            has = "is gone" if stat is None else f"has {stat.bytes} bytes"
            raise TablesError(
                f"{join(folder, table['file'])}: {has}, and {table['bytes']} bytes were written: "
                "a disk or bucket has lost what it took, or something else writes into this "
                "output. The tables of the run before are kept. Run the same command again: "
                "nothing that was paid is asked again."
            )


def check_rows(folder: str, tables: Listed) -> None:
    """Compare the rows of every file that is listed, by its footer.

    Raises:
        TablesError: one has others, or cannot be read.
    """
    uris = [join(folder, table["file"]) for table in tables]
    with ThreadPoolExecutor(_FOOTERS_AT_A_TIME) as pool:
        for uri, table, rows in zip(uris, tables, pool.map(_rows_of, uris), strict=True):
            if rows != table["rows"]:
                raise TablesError(f"{uri}: has {rows} rows; run.json lists {table['rows']}.")


def check_tables(output: str, tables: Listed) -> None:
    """Compare the tables with their list in `run.json`: files, bytes, and rows by their footers.

    Raises:
        TablesError: they differ.
    """
    listed = {table["file"]: table for table in tables}
    found = files_of_tables(output)
    parquet = {name for name in found if name.endswith(".parquet")}
    for name in sorted(listed.keys() | parquet):
        wanted = listed[name]["bytes"] if name in listed else None
        there = found[name].bytes if name in found else None
        if wanted != there:
            raise TablesError(
                f"{join(output, name)}: has {there} bytes where run.json lists {wanted}. "
                "Something else writes into this output. Give the run an --output of its own."
            )
    check_rows(output, tables)


def _rows_of(uri: str) -> int:
    try:
        with files_for(uri).open(uri) as stream:
            return int(pq.read_metadata(stream).num_rows)
    except (FileNotFoundError, pa.ArrowException) as error:
        raise TablesError(f"{uri}: cannot be read as Parquet: {error}") from error
