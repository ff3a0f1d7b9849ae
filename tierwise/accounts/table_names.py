"""The names of what a run leaves in its output folder."""

from __future__ import annotations

import re
import uuid

ANSWERS = "answers"
FAILURES = "failures"
COSTS = "costs"
EVALUATION = "evaluation"
COUNTS = "counts"
WIDE = "wide"
FILES = "files"
NEW = "new"
TABLE_FOLDERS = (ANSWERS, FAILURES, COSTS, EVALUATION, WIDE, COUNTS, FILES, NEW)
RUN_FILE = "run.json"
PAGE_FILE = "report.html"
EXPORT_FOLDER = "export"

_TASK = f"{ANSWERS}/task="
_PART = re.compile(
    rf"(?:(?:{NEW}/)?(?:{_TASK}[^/]+|{FAILURES})|{COSTS}|{EVALUATION}|{WIDE}|{COUNTS}|{FILES})"
    r"/part-[0-9a-f]{32}\.parquet"
)


def answers_table(task: str) -> str:
    """The folder of one task's answers, a hive partition.

    >>> answers_table("category")
    'answers/task=category'
    """
    return _TASK + task


def new_rows_table(table: str) -> str:
    """The folder of those rows of answers or failures that the last run did not have.

    >>> new_rows_table("failures")
    'new/failures'
    """
    return f"{NEW}/{table}"


def new_part(table: str) -> str:
    """The name below an output of a file of a table, which no other has."""
    return f"{table}/part-{uuid.uuid4().hex}.parquet"


def is_part(name: str) -> bool:
    """Whether a name below an output is one that only tierwise gives: `new_part`, by any version.

    Folders of tables are called as anybody may call a folder of pictures.

    >>> is_part(new_part("wide")), is_part("wide/part-0.parquet"), is_part("wide/sunset.jpg")
    (True, False, False)
    """
    return _PART.fullmatch(name) is not None
