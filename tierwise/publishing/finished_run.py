"""A finished run as others find it: `run.json`, and exactly the tables that it lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts.ending import Status
from tierwise.accounts.table_names import RUN_FILE
from tierwise.errors import InputError
from tierwise.json_text import read_json_text
from tierwise.report.task_facts import AskedTask
from tierwise.storage.files import files_for, join

# Rows that are held at a time; a row of answers has some hundred bytes.
_ROWS_PER_BATCH = 50_000
_WAIT = "Wait for its end, or run it again."
_AGAIN = "Run tierwise run into it again: what was paid is not asked again."
# What `run.json` of an older version lacks.
_NEEDED = ("asked", "prices", "all_runs", "tables", "totals", "tasks", "flags", "run_id")


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Tables below `folder`, which is the output folder, or where they are being made."""

    folder: str
    run: Mapping[str, Any]

    def batches(
        self, table: str, columns: Sequence[str], optional: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a table, some thousand at a time, those of its columns that are wanted.

        Args:
            table: as in `run.json`, such as `failures` or `answers/task=category`.
            columns: those that must be there.
            optional: those that are taken where they are there.

        Raises:
            InputError: a file or a column is missing.
        """
        for listed in self.run["tables"]:
            if listed["file"].rpartition("/")[0] == table:
                yield from self._batches(join(self.folder, listed["file"]), columns, optional)

    @property
    def asked(self) -> list[AskedTask]:
        """The tasks that were asked.

        Raises:
            InputError: another version of tierwise wrote of them otherwise.
        """
        try:
            return [AskedTask.of_document(document) for document in self.run["asked"]]
        except (KeyError, TypeError, ValueError) as error:
            uri = join(self.folder, RUN_FILE)
            raise InputError(
                f"{uri}: `asked` was written by another version of tierwise: {error}. {_AGAIN}"
            ) from error

    def columns(self, table: str) -> list[str] | None:
        """The names of a table's columns, None where the run has no such table.

        Raises:
            InputError: its first file cannot be read.
        """
        for listed in self.run["tables"]:
            if listed["file"].rpartition("/")[0] == table:
                with _parquet(join(self.folder, listed["file"])) as file:
                    return list(file.schema_arrow.names)
        return None

    def _batches(
        self, uri: str, columns: Sequence[str], optional: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        with _parquet(uri) as file:
            there = set(file.schema_arrow.names)
            if missing := [name for name in columns if name not in there]:
                raise InputError(
                    f"{uri}: has no column {missing[0]}; it was written by an older version, "
                    f"or by something else. {_AGAIN}"
                )
            wanted = [*columns, *(name for name in optional if name in there)]
            wanted = list(dict.fromkeys(wanted))
            yield from file.iter_batches(batch_size=_ROWS_PER_BATCH, columns=wanted)


@contextmanager
def _parquet(uri: str) -> Iterator[pq.ParquetFile]:
    try:
        with files_for(uri).open(uri) as stream:
            yield pq.ParquetFile(stream)
    except FileNotFoundError as error:
        raise InputError(f"{uri}: is missing, though {RUN_FILE} lists it. {_AGAIN}") from error
    except pa.ArrowException as error:
        raise InputError(f"{uri}: cannot be read as Parquet: {error}. {_AGAIN}") from error


def open_finished_run(folder: str, flag: str = "output") -> FinishedRun:
    """The run that an output folder holds.

    Raises:
        InputError: there is none, it has not come to its end, or an older version wrote it.
    """
    run = read_last_run(folder, flag)
    _check(run, join(folder, RUN_FILE), f"--{flag}={folder}")
    return FinishedRun(folder, run)


def read_last_run(folder: str, flag: str = "output") -> Mapping[str, Any]:
    """What `run.json` says of the last run into an output folder, however far that came.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    uri = join(folder, RUN_FILE)
    try:
        run = read_json_text(files_for(uri).read(uri))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"--{flag}={folder}: holds no finished run: there is no {RUN_FILE} in it."
        ) from error
    except OSError as error:
        raise InputError(f"{uri}: cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(f"{uri}: is not JSON: {error}. {_AGAIN}") from error
    if not isinstance(run, dict) or "status" not in run:
        raise InputError(f"{uri}: was not written by tierwise run. Name the output of a run.")
    return run


def _check(run: Mapping[str, Any], uri: str, said: str) -> None:
    if run["status"] == Status.RUNNING:
        raise InputError(
            f"{said}: its run is still going on, or was killed. Wait for its end, or run it again."
        )
    if "ended_at" not in run:
        raise InputError(
            f"{said}: its last run did not come to its end ({run['status']}). {_AGAIN}"
        )
    if missing := [name for name in _NEEDED if name not in run]:
        raise InputError(
            f"{uri}: has no {missing[0]}: tierwise {run.get('tierwise', 'of unknown version')} "
            f"wrote it, which is too old for a page. {_AGAIN}"
        )
