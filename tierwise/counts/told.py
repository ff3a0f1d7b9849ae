"""What is to be said of counts and the labels they rest on, in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.shown import counted

_FEW = 3


def correction_lines(run: Mapping[str, Any]) -> list[str]:
    """What became of a sheet of corrections, by `run.json`; nothing where there was none."""
    found = run.get("corrections")
    if not found:
        return []
    lines = [f"{counted(found['random'], 'label')} of pictures drawn at random in {found['file']}."]
    if empty := found["empty"]:
        lines[0] += f" {counted(empty, 'line')} not filled in yet."
    if chosen := found["chosen"]:
        lines.append(
            f"{counted(chosen, 'label')} of pictures that somebody chose: not counted, for what "
            "was chosen does not tell how often anything is."
        )
    if missing := found["random"] - found["applied"]:
        names = ", ".join(found["changed"][:_FEW])
        more = ", ..." if len(found["changed"]) > _FEW else ""
        changed = f" Files whose content has changed since: {names}{more}." if names else ""
        lines.append(
            f"{counted(missing, 'label')} not applied: no picture of this run has their "
            f"content_hash, page and task, or the task has no labels.{changed}"
        )
    return lines


def count_lines(found: Mapping[str, Any]) -> list[str]:
    """What weakens the counts of a task, by its part of `counts` in `run.json`."""
    lines = []
    if due := found["unlabelled"]:
        lines.append(
            f"{counted(due, 'picture')} among those that the draw has come to without a label: "
            "left out by whoever labelled, or new since the draw. If they are the hard ones, these "
            "figures lean. Draw again with tierwise review, and fill in what is empty."
        )
    if unclear := found["unclear"]:
        lines.append(
            f"{counted(unclear, 'picture')} with labels in the manifest that could not be taken: "
            "none of the task's, several that contradict each other, or one for several pages."
        )
    return lines
