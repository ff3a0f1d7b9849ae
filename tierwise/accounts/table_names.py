"""The names of what a run leaves in its output folder."""

from __future__ import annotations

ANSWERS = "answers"
FAILURES = "failures"
COSTS = "costs"
EVALUATION = "evaluation"
COUNTS = "counts"
WIDE = "wide"
TABLE_FOLDERS = (ANSWERS, FAILURES, COSTS, EVALUATION, WIDE, COUNTS)
RUN_FILE = "run.json"
PAGE_FILE = "report.html"

_TASK = f"{ANSWERS}/task="


def answers_table(task: str) -> str:
    """The folder of one task's answers, a hive partition.

    >>> answers_table("category")
    'answers/task=category'
    """
    return _TASK + task
