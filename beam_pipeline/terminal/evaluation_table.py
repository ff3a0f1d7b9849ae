"""What the manifest's labels say of a run, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say, warn
from tierwise.shown import counted

_MOST_PAIRS = 8


def print_evaluation(
    task: str, found: dict[str, Any], console: Console, *, several_labels: bool = False
) -> None:
    """Print one task's accuracy, and what became of its old labels; pairs come with most images.

    `several_labels` tells that an image may have several, which a manifest writes in a way.
    """
    if "score" in found:
        interval = (
            f", 95 % interval {found['low']:.3f}-{found['high']:.3f}" if "low" in found else ""
        )
        said = f"{task}: score {found['score']:.3f} on {found['images']} labelled images{interval}"
        say(console, said)
    wrong = [pair for pair in found.get("label", []) if pair["label"] != pair["answer"]]
    if wrong:
        console.print(_table(f"{task}: wrong answers", "label", wrong, console.width))
    if unknown := found.get("unknown_label"):
        named = ", ".join(f"{plain(one['label'])} ({one['images']})" for one in unknown)
        several = " Write several of them as a; b." if several_labels else ""
        say(console, f"{task}: labels that the task does not have: {named}.{several}")
    answered = (pair for pair in found.get("old_label", []) if pair["answer"])
    changed = [pair for pair in answered if pair["label"] != pair["answer"]]
    if changed:
        console.print(_table(f"{task}: reclassified", "old label", changed, console.width))


def print_audit(task: str, found: dict[str, Any], console: Console) -> None:
    """Print how often one task's answers differ from the reference's, and what was promised."""
    images, promised = found["images"], found["promised_images"]
    said = f"{task}: audit of {images} images: {found['differing']} differ from the answer of "
    said += f"{found['reference']}, 95 % interval {found['low']:.1%}-{found['high']:.1%}"
    if promised:
        said += f"; in the calibration {found['promised_differing']} of {promised}"
    say(console, f"{said}.")
    if found["worse_than_promised"]:
        warn(
            console,
            f"{task}: more often than the calibration promised. Calibrate again, on images like "
            "these, or ask at the reference route.",
        )


def print_escalated(tasks: dict[str, Any], console: Console) -> None:
    """Print how many images were asked again at the next route; `tasks` stands in `run.json`."""
    for name, counts in tasks.items():
        if images := counts["escalated"]:
            say(
                console,
                f"{name}: {counted(images, 'image')} of {counts['asked']} asked again, because the "
                "first answer was in doubt.",
            )


def print_near_duplicates(run: dict[str, Any], console: Console) -> None:
    """Print how many images shared an answer, and how often that was not the one of their own."""
    if followers := run.get("near_duplicates"):
        say(
            console,
            f"Images that got the answers of a near duplicate: {followers} (column shared_with).",
        )
    for task, audit in run.get("near_duplicates_audit", {}).items():
        alone = audit["leaders"] == audit["pairs"]
        averaged = "" if alone else " on average over those whose answers they would have got"
        interval = "Clopper-Pearson interval" if alone else "interval"
        say(
            console,
            f"{task}: of {audit['pairs']} near duplicates that were asked after all, "
            f"{audit['differing']} were answered otherwise: {audit['share_differing']:.1%}"
            f"{averaged}, {interval} at 95 % from {audit['low_95']:.1%} to "
            f"{audit['high_95']:.1%}.",
        )


def _table(title: str, label: str, pairs: Sequence[dict[str, Any]], width: int) -> Table:
    columns = (
        Column(label, lambda pair: plain(pair["label"]), number=False),
        Column("answer", lambda pair: plain(pair["answer"]) or "none", number=False),
        Column("images", lambda pair: str(pair["images"])),
    )
    table = fitted_table(title, columns, pairs[:_MOST_PAIRS], width, edge=True)
    table.min_width = 48
    if len(pairs) > _MOST_PAIRS:
        table.add_row("... more in the table evaluation")
    return table
