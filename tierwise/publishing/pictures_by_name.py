"""The pictures of a finished run in the order of their names, however many there are.

Tables are written in the order of contents, and what a picture was answered lies in one table for
each task. They meet in a database on this machine's disk, which sorts without holding them.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from tierwise.accounts.table_names import FAILURES, WIDE, answers_table
from tierwise.accounts.tables import image_fields
from tierwise.answerer import ServiceKind
from tierwise.errors import InputError
from tierwise.exports.picture import ExportedRun, Missing, Picture, Said
from tierwise.publishing.finished_run import FinishedRun
from tierwise.report.task_facts import AskedTask
from tierwise.storage.files import join

_IMAGE = tuple(name for name, _ in image_fields())
_SAID = ("label_id", "label_path", "model_version", "answered_by", "service")
_FILE = ("bytes", "width", "height", "format")
_SCORE = "local_score"
# Of a picture: its row of `wide` comes before its answers, and these before its failures.
_WIDE, _ANSWER, _FAILURE = 0, 1, 2
_ROWS = 2_000

_Row = tuple[str, int, int, str, bytes]


class PicturesByName:
    """Pictures that can be walked through any number of times, and the run that they are of."""

    def __init__(self, run: ExportedRun, database: sqlite3.Connection) -> None:
        self.run = run
        self._database = database

    def __len__(self) -> int:
        query = "select count(*) from sorted where kind = ?"
        return int(self._database.execute(query, (_WIDE,)).fetchone()[0])

    def __iter__(self) -> Iterator[Picture]:
        rows = self._database.execute(
            "select uri, page, kind, task, cells from sorted order by rowid"
        )
        for (uri, page), some in groupby(rows, itemgetter(0, 1)):
            yield self._picture(uri, page, some)

    def _picture(self, uri: str, page: int, rows: Iterator[_Row]) -> Picture:
        columns: Mapping[str, Any] = {}
        content_hash: str | None = None
        file = dict.fromkeys(_FILE)
        answers, missing = dict[str, Said](), dict[str, Missing]()
        for _, _, kind, task, cells in rows:
            found = orjson.loads(cells)
            if kind == _WIDE:
                content_hash, columns = found
            elif kind == _ANSWER:
                answers[task] = Said(*found["said"])
                file = {name: found[name] or file[name] for name in _FILE}
            else:
                missing[task] = Missing(*found)
        emulated = self.run.emulated or _is_emulated(answers.values())
        return Picture(
            uri=uri,
            page=page,
            content_hash=content_hash,
            columns=columns,
            answers=answers,
            missing=missing,
            emulated=emulated,
            **file,
        )


def _is_emulated(answers: Any) -> bool:
    return any(said.service == ServiceKind.EMULATOR for said in answers)


@contextmanager
def pictures_by_name(found: FinishedRun, wanted: Sequence[str] = ()) -> Iterator[PicturesByName]:
    """All pictures of a run, with the answers of the `wanted` tasks, or of all but audits.

    Raises:
        InputError: a table is missing, or an older version wrote it.
    """
    tasks = tuple(task for task in found.asked if not task.audit_of)
    chosen = tuple(task for task in tasks if not wanted or task.name in wanted)
    columns, answers, reasons = _names_in_wide(found, [task.name for task in tasks])
    with _database() as database:
        seen = _Seen()
        _insert(database, _rows(found, chosen, columns, seen))
        run = ExportedRun(
            run_id=found.run["run_id"],
            version=found.run.get("tierwise", ""),
            ended_at=found.run["ended_at"],
            emulated=bool(found.run.get("emulated")),
            relative_to=found.run.get("relative_to", ""),
            tasks=chosen,
            columns=columns,
            answers=answers,
            reasons=reasons,
            trees=frozenset(seen.trees),
            models=tuple(sorted(seen.models)),
        )
        yield PicturesByName(run, database)


class _Seen:
    """What only the rows tell of the whole run: few words each."""

    def __init__(self) -> None:
        self.trees: set[str] = set()
        self.models: set[str] = set()


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """An empty one in a temporary folder, which goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="tierwise-export-") as folder,
        closing(sqlite3.connect(Path(folder, "pictures"), isolation_level=None)) as database,
    ):
        for words in ("journal_mode = off", "synchronous = off", "temp_store = file"):
            database.execute(f"pragma {words}")
        yield database


def _insert(database: sqlite3.Connection, rows: Iterator[_Row]) -> None:
    database.execute("begin")
    database.execute("create table found (uri text, page int, kind int, task text, cells blob)")
    database.executemany("insert into found values (?, ?, ?, ?, ?)", rows)
    database.execute(
        "create table sorted as select * from found order by uri, page, kind, task, cells"
    )
    database.execute("drop table found")
    database.execute("commit")


def _names_in_wide(
    found: FinishedRun, tasks: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    """The manifest's columns in `wide`, and those of each task's answers and reasons.

    What is known of a picture comes first, then the manifest's columns, then two for each task.
    """
    names = found.columns(WIDE)
    if names is None:
        if found.run.get("images"):
            raise InputError(
                f"{join(found.folder, WIDE)}: is missing: an older version wrote this output. Run "
                "tierwise run into it again: what was paid is not asked again."
            )
        names = [*_IMAGE, *(name for task in tasks for name in (task, f"{task}_reason"))]
    first = len(names) - 2 * len(tasks)
    answers, reasons = names[first::2], names[first + 1 :: 2]
    return (
        tuple(names[len(_IMAGE) : first]),
        dict(zip(tasks, answers, strict=True)),
        dict(zip(tasks, reasons, strict=True)),
    )


def _rows(
    found: FinishedRun, tasks: Sequence[AskedTask], columns: Sequence[str], seen: _Seen
) -> Iterator[_Row]:
    names = (*_IMAGE, *columns)
    for row in _of_table(found, WIDE, names):
        cells = [row["content_hash"], {name: row[name] for name in columns}]
        yield row["uri"], row["page"], _WIDE, "", orjson.dumps(cells)
    for task in tasks:
        wanted = ("uri", "page", "answer", "model_version", *_FILE)
        optional = [name for name in (*_SAID, _SCORE) if name not in wanted]
        for row in _of_table(found, answers_table(task.name), wanted, optional):
            said = [row["answer"], *(row.get(name) for name in _SAID), row.get(_SCORE)]
            cells_of = {"said": said, **{name: row[name] for name in _FILE}}
            if row.get("label_path"):
                seen.trees.add(task.name)
            if row["model_version"]:
                seen.models.add(row["model_version"])
            yield row["uri"], row["page"], _ANSWER, task.name, orjson.dumps(cells_of)
    known = {task.name for task in tasks}
    for row in _of_table(found, FAILURES, ("uri", "page", "task", "reason", "message")):
        if row["task"] in known:
            why = [row["reason"], row["message"] or ""]
            yield row["uri"], row["page"], _FAILURE, row["task"], orjson.dumps(why)


def _of_table(
    found: FinishedRun, table: str, columns: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    for batch in found.batches(table, columns, optional):
        for start in range(0, batch.num_rows, _ROWS):
            yield from batch.slice(start, _ROWS).to_pylist()
