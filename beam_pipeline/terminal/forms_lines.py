"""Lines about how questions had to be put, and about packs whose answers were mixed up."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from tierwise.beam_pipeline.terminal.screen import say
from tierwise.report.task_facts import AskedTask
from tierwise.shown import counted

_PUT = {
    "": "in another kind of schema",
    "enum": "with the labels in the schema",
    "numbers": "by numbers that the prompt explains",
    "codes": "by codes that the prompt explains",
    "prompt": "by the prompt alone, without a schema",
    "simple": "by a simpler schema",
}


def print_forms(task: AskedTask, row: dict[str, Any], console: Console) -> None:
    """Say how often the question was not put as its task would have it; `row` is of `run.json`."""
    for form, images in row["label_forms"].items():
        if form not in task.usual_forms:
            say(
                console,
                f"{task.name}: Gemini refused the usual schema, so {counted(images, 'answer')} "
                f"came {_PUT[form]}. What may be answered is the same.",
            )


def print_packs(run: dict[str, Any], console: Console) -> None:
    """Say how many packs were mixed up, of those that were checked."""
    packs = run["packs"]
    if packs["mixed_up"]:
        say(
            console,
            f"MIXED UP: in {packs['mixed_up']} of {counted(packs['checked'], 'checked pack')} "
            f"({packs['share_mixed_up']:.1%}) answers named other pictures; they were asked "
            "again. Others may be mixed up unseen: --check_packs=1 checks all, and fewer "
            "images_per_request are mixed up less.",
        )


def print_followed(run: dict[str, Any], console: Console) -> None:
    """Say in one line how many pictures were asked lower or higher than their task begins with."""
    told = [
        f"{task} {counted(found[way], 'picture')} {way} than {found['media_resolution']}"
        for task, found in run.get("followed_pictures", {}).items()
        for way in ("lower", "higher")
        if found[way]
    ]
    if told:
        say(
            console,
            "Media resolution followed the picture, lower where it has no more pixels, higher "
            f"where it has fine detail: {', '.join(told)} (column route_reason).",
        )
