"""What to do after a run that is done, as commands to copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from tierwise.report.task_facts import AskedTask

_TO_CHECK = 200


def next_lines(run: Mapping[str, Any], output: str) -> Iterator[str]:
    """At most three lines; none where the end has said already how to go on."""
    if run["exit_status"] or "first" in run:
        return
    yield "Next:"
    if run["emulated"]:
        yield f"  What Gemini would cost: {_plan(run['flags'])}"
        yield "  To have Gemini answer: the same run with --gemini=developer"
    elif _can_be_checked(run):
        yield (
            "  To check answers, drawn at random: "
            f"tierwise review --output={quote(output)} --random={_TO_CHECK}"
        )
    yield f"  For a spreadsheet: tierwise export --output={quote(output)} --to=csv"


def _plan(flags: Mapping[str, Any]) -> str:
    """The forecast of the same run."""
    given = (f"--{name}={quote(flags[name])}" for name in ("input", "tasks") if flags.get(name))
    return " ".join(("tierwise plan", *given))


def _can_be_checked(run: Mapping[str, Any]) -> bool:
    """Whether a task has labels to check, and nobody has checked any yet."""
    asked = (AskedTask.of_document(task) for task in run["asked"])
    return not run.get("counts") and any(task.labels and not task.per for task in asked)
