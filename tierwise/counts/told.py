"""What is to be said of counts and the labels they rest on, in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.shown import counted

_FEW = 3


def correction_lines(run: Mapping[str, Any]) -> list[str]:
    """What became of what people have said, by `run.json`; nothing where they said nothing."""
    found = run.get("corrections")
    if not found:
        return []
    lines = []
    if found["file"]:
        lines.append(
            f"{counted(found['random'], 'answer')} about pictures drawn at random in "
            f"{found['file']}."
        )
        if empty := found["empty"]:
            lines[0] += f" {counted(empty, 'line')} not filled in yet."
        if chosen := found["chosen"]:
            lines.append(
                f"{counted(chosen, 'answer')} about pictures that somebody chose: final, but not "
                "counted, for what was chosen does not tell how often anything is."
            )
    if told := found.get("said"):
        lines.append(
            f"People have the last word: of {counted(told, 'answer')} that they gave, in this file "
            f"or before, {found['applied']} are about pictures of this run. Nobody was asked."
        )
    return [*lines, *_not_applied(found), *_disagreements(found)]


def _not_applied(found: Mapping[str, Any]) -> Iterator[str]:
    if groups := found.get("of_groups"):
        yield f"{counted(groups, 'answer')} not applied: about groups, which have one answer each."
    if none := found.get("no_answer"):
        yield (
            f"{counted(none, 'answer')} not applied, for the task can give none such: no label "
            "fits, or the labels have changed. Gemini's answer stays; labels drawn at random count."
        )
    missing = found.get("said", 0) - found["applied"] - (groups or 0) - (none or 0)
    if missing > 0:
        names = ", ".join(found["changed"][:_FEW])
        more = ", ..." if len(found["changed"]) > _FEW else ""
        changed = f" Files whose content has changed since: {names}{more}." if names else ""
        yield (
            f"{counted(missing, 'answer')} not applied: no picture of this run has their "
            f"content_hash and page, or is asked their task.{changed}"
        )


def _disagreements(found: Mapping[str, Any]) -> Iterator[str]:
    if not (disagreements := found.get("disagreements")):
        return
    yield (
        f"People disagree on {counted(disagreements, 'answer')}, which are left to Gemini and not "
        "counted. Settle them in the file, and run again."
    )
    for one in found["disagree"][:_FEW]:
        words = "; ".join(
            f"{said['answer']} ({said['by'] or 'no name'}, {said['where']})" for said in one["said"]
        )
        yield f"{one['uri']}, {one['task']}: {words}."


def count_lines(found: Mapping[str, Any]) -> list[str]:
    """What weakens the counts of a task, by its part of `counts` in `run.json`."""
    lines = []
    if due := found["unlabelled"]:
        lines.append(
            f"{counted(due, 'picture')} among those that the draw has come to without a label: "
            "left out by whoever labelled, or new since the draw. If they are the hard ones, these "
            "figures lean. Draw again with tierwise review, and fill in what is empty."
        )
    if unpaired := found.get("unpaired"):
        lines.append(
            f"{counted(unpaired, 'labelled picture')} that people answered before Gemini was asked "
            "in this way: there is nothing to correct by, so the labels speak alone here."
        )
    if unclear := found["unclear"]:
        lines.append(
            f"{counted(unclear, 'picture')} with labels in the manifest that could not be taken: "
            "none of the task's, several that contradict each other, or one for several pages."
        )
    return lines
