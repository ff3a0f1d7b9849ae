"""Finished tables take the place of the last run's, in steps each of which may be the last.

    .staging-<run>/answers/..., failures/...      parts, under names that are never used again
    .staging-<run>/attempt-<unique>/              run.json and report.html, as one attempt made them
    journal/closed/<run>.json                     which attempt closed the run; made once, for good

Engines try the last step again, also beside an attempt that is still at work. Attempts share no
name, so none spoils what another does. Of several, the first that finds all its files whole closes
the run, by making the one file that names it. From then on whoever comes, a twin or the next run,
goes on with that attempt's files and no others, from wherever they are:

    table files are moved beside those of the last run ─▶ report.html ─▶ run.json
    ─▶ parts that it does not list are deleted ─▶ the staging folder goes

Until run.json is moved it lists the old tables, and afterwards the new ones; all of a set is there
as long as it is listed. What is moved can be moved once, so whoever wakes up late finds nothing to
move. It finds nothing to delete either: it lists files first, then looks at the lease, and
of what was there while it held the lease nothing is a later run's.

The next run closes what it finds unclosed in the name of nobody, before it deletes it.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from tierwise.accounts.table_names import PAGE_FILE, RUN_FILE, is_part
from tierwise.errors import LeaseLostError, TablesError
from tierwise.json_text import read_json_text
from tierwise.publishing.check_tables import (
    Listed,
    check_rows,
    check_there,
    files_of_tables,
)
from tierwise.storage.files import files_for, join

_LOG = logging.getLogger(__name__)
STAGING = ".staging-"
# Names that only tierwise gives: another's `.staging-area` is left alone.
_STAGING = re.compile(re.escape(STAGING) + r"\d{8}T\d{6}-[0-9a-f]+(?:-[0-9a-f]+)?")
_ATTEMPT = "attempt-"
# In the place of an attempt: nobody's, and one of versions that had no attempts.
_NOBODY, _WITHOUT_NAME = "", "."
_CLOSED = ("journal", "closed")
_UNFINISHED = "unfinished"
# In `run.json`: of which publication it is.
_PUBLICATION = "publication"
_Result = TypeVar("_Result")


class Step(StrEnum):
    """What is about to be done, in this order; the first four by each attempt, to its own files."""

    STAGE = "stage"
    CHECK = "check"
    DESCRIBE = "describe"
    CLOSE = "close"
    PLACE = "place"
    CHECK_PLACED = "check placed"
    PUT_PAGE = "put page"
    PUT_RUN_FILE = "put run file"
    CLEAR = "clear"
    TIDY = "tidy"
    END = "end"


Steps = Generator[Step, None, _Result]


def carry_out(steps: Steps[_Result]) -> _Result:
    """Take all steps."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: _Result = done.value
            return result


@dataclass(frozen=True, slots=True)
class Closing:
    """One run, or one pass of it, whose tables go into an output.

    `check` raises LeaseLostError when whoever does this has lost the output to another.
    `at_once` files are moved at a time.
    """

    output: str
    name: str
    check: Callable[[], None]
    at_once: int = 16

    @property
    def staging(self) -> str:
        """Where its tables are made."""
        return join(self.output, STAGING + self.name)

    def folder(self, attempt: str) -> str:
        """Where an attempt keeps what is its own."""
        return self.staging if attempt == _WITHOUT_NAME else join(self.staging, attempt)

    def check_files(self, tables: Listed) -> None:
        """See that files are in the staging folder as they were written; raises TablesError."""
        check_there(self.staging, tables, files_of_tables(self.staging))

    def check_staged(self, tables: Listed) -> None:
        """The same, with the rows in them; raises TablesError."""
        self.check_files(tables)
        check_rows(self.staging, tables)

    def describe(self, attempt: str, run: Mapping[str, Any]) -> None:
        """Write the `run.json` of an attempt, and a mark that stays until all is done.

        A folder of a bucket is gone with the last object that is moved out of it.
        """
        mark = join(self.folder(attempt), _UNFINISHED)
        files_for(mark).write(mark, b"")
        uri = join(self.folder(attempt), RUN_FILE)
        text = json.dumps({**run, _PUBLICATION: self.name}, indent=2, ensure_ascii=False) + "\n"
        files_for(uri).write(uri, text.encode(), durable=True)

    def closed_by(self) -> str | None:
        """The attempt that closed it, None while it is open."""
        try:
            found = read_json_text(files_for(self.output).read(self._closed))
            return str(found["attempt"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):  # whoever wrote it died, on a disk without links
            return _NOBODY

    def close(self, attempt: str) -> str:
        """Close it in the name of an attempt, if none has; the one that has comes back."""
        data = json.dumps({"attempt": attempt}).encode()
        try:
            files_for(self.output).write_new(self._closed, data)
        except FileExistsError:
            return self.closed_by() or _NOBODY
        return attempt

    def finish(self, attempt: str) -> Steps[dict[str, Any]]:
        """Put what an attempt closed in place, however far that has come; gives its `run.json`.

        Raises:
            LeaseLostError: another run has begun meanwhile, and this one was not closed.
            TablesError: files are gone since; those of the run before are left as they are.
        """
        if attempt == _NOBODY:
            self.check()
            raise LeaseLostError("another run has closed this one, because it seemed to be dead.")
        files, uri = files_for(self.output), join(self.folder(attempt), RUN_FILE)
        try:
            run: dict[str, Any] = read_json_text(files.read(uri))
        except FileNotFoundError:
            pass  # it is in its place
        else:
            yield from self._place(run["tables"])
            yield Step.CHECK_PLACED
            self._check_placed(run["tables"])
            yield Step.PUT_PAGE
            self._put_page(attempt, run)
            yield Step.PUT_RUN_FILE
            files.move(uri, join(self.output, RUN_FILE))
        run = self._in_place()
        yield Step.CLEAR
        self._clear(run["tables"])
        yield Step.TIDY
        files.remove_folder(self.staging)
        return run

    def settle(self) -> None:
        """Finish, or delete, what a run before has left; for whoever has taken the lease."""
        files = files_for(self.output)
        whole = files.exists(join(self.staging, RUN_FILE))
        attempt = self.close(_WITHOUT_NAME if whole else _NOBODY)
        if attempt and files.exists(join(self.folder(attempt), RUN_FILE)):
            try:
                carry_out(self.finish(attempt))
            except TablesError as error:
                _LOG.warning("tables of an earlier run are not put in place: %s", error)
                files.delete(join(self.folder(attempt), RUN_FILE))
            else:
                return
        if attempt and (tables := self._listed()):
            self._clear(tables)
        files.remove_folder(self.staging)

    @property
    def _closed(self) -> str:
        return join(self.output, *_CLOSED, f"{self.name}.json")

    def _place(self, tables: Listed) -> Iterator[Step]:
        files, staged = files_for(self.output), files_of_tables(self.staging)
        here = [table["file"] for table in tables if table["file"] in staged]

        def move(name: str) -> None:
            files.move(staged[name].uri, join(self.output, name), staged[name].version)

        with ThreadPoolExecutor(self.at_once) as pool:
            for some in _chunks(here, self.at_once):
                yield Step.PLACE
                list(pool.map(move, some))

    def _check_placed(self, tables: Listed) -> None:
        try:
            check_there(self.output, tables, files_of_tables(self.output))
        except TablesError:
            self.check()  # a later run's are there
            raise

    def _put_page(self, attempt: str, run: Mapping[str, Any]) -> None:
        files, page = files_for(self.output), join(self.output, PAGE_FILE)
        if run.get("page"):
            files.move(join(self.folder(attempt), PAGE_FILE), page)
        elif files.exists(page):  # an earlier run's does not belong to these tables
            version = files.stat(page).version
            self.check()
            files.delete(page, version)

    def _in_place(self) -> dict[str, Any]:
        """The `run.json` in place, which must be this one's."""
        run = self._run_file()
        without_name = self.name == run.get("run_id") and "ended_at" in run
        if self.name != run.get(_PUBLICATION) and not without_name:
            self.check()
            raise TablesError(
                f"{join(self.output, RUN_FILE)}: is not that of {self.name}, which was put in "
                "place. Something else writes into this output. Run the same command again."
            )
        return run

    def _listed(self) -> Listed:
        tables = self._run_file().get("tables")
        return tables if isinstance(tables, list) else []

    def _run_file(self) -> dict[str, Any]:
        try:
            run = read_json_text(files_for(self.output).read(join(self.output, RUN_FILE)))
        except (FileNotFoundError, ValueError):
            return {}
        return run if isinstance(run, dict) else {}

    def _clear(self, tables: Listed) -> None:
        """Delete parts of tables that are not listed; what else lies beside them is not ours."""
        parts = set(filter(is_part, files_of_tables(self.output)))
        others = parts - {table["file"] for table in tables}
        self.check()  # while this was our output, nothing in it was a later run's
        files = files_for(self.output)
        with ThreadPoolExecutor(self.at_once) as pool:
            list(pool.map(lambda name: files.discard(self.output, name), sorted(others)))


def new_attempt() -> str:
    """The name of an attempt, which no other has."""
    return _ATTEMPT + uuid.uuid4().hex


def settle_earlier(output: str, check: Callable[[], None]) -> None:
    """Finish what runs that were killed were publishing, and delete what they had not closed."""
    for name in files_for(output).folders(output):
        if _STAGING.fullmatch(name):
            Closing(output, name.removeprefix(STAGING), check).settle()


def _chunks(names: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), most):
        yield names[start : start + most]
