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
    if levels := found.get("levels"):
        said = ", ".join(f"{name} {share:.3f}" for name, share in levels.items())
        say(console, f"{task}: in the tree: {said}.")
    wrong = [pair for pair in found.get("label", []) if pair["label"] != pair["answer"]]
    if wrong:
        console.print(_table(f"{task}: wrong answers", "label", wrong, console.width))
    if known := sum(pair["images"] for pair in found.get("example", [])):
        said = f"{counted(known, 'labelled image')} left out, for the prompt shows them as examples"
        say(console, f"{task}: {said}.")
    if unknown := found.get("unknown_label"):
        named = ", ".join(f"{plain(one['label'])} ({one['images']})" for one in unknown)
        several = " Write several of them as a; b." if several_labels else ""
        say(console, f"{task}: labels that the task does not have: {named}.{several}")
    if inner := found.get("inner_label"):
        named = ", ".join(f"{plain(one['label'])} ({one['images']})" for one in inner)
        said = "truths that others lie below, which no answer can be without `back_off: true`"
        say(console, f"{task}: {said}: {named}.")
    answered = (pair for pair in found.get("old_label", []) if pair["answer"])
    changed = [pair for pair in answered if pair["label"] != pair["answer"]]
    if changed:
        console.print(_table(f"{task}: reclassified", "old label", changed, console.width))


def print_audits(run: dict[str, Any], console: Console) -> None:
    """Print what the audit of each task found, and of which tasks there is none."""
    audits: dict[str, dict[str, Any]] = run.get("audit", {})
    for task, found in audits.items():
        _print_audit(task, found, console)
        if local := found.get("local"):
            say(
                console,
                f"{task}: audit of {counted(local['images'], 'local answer')}: "
                f"{local['differing']} differ from the answer of {found['reference']}, "
                f"95 % interval {local['low']:.1%}-{local['high']:.1%}.",
            )
    asked = [task["name"] for task in run["asked"] if not task.get("audit_of")]
    without = [name for name in asked if name not in audits]
    if run["flags"].get("audit_rate") and without:
        say(
            console,
            f"Not audited: {', '.join(map(plain, without))}, because nothing dearer can be asked "
            "than is, or no two answers are alike.",
        )


def _print_audit(task: str, found: dict[str, Any], console: Console) -> None:
    images, promised = found["images"], found["promised_images"]
    files = found.get("files", images)
    lacking = sum(
        count for side in found.get("not_compared", {}).values() for count in side.values()
    )
    if not images:
        why = "its share of the files fell on none that was asked. Raise --audit_rate."
        if lacking:
            why = f"of {counted(lacking, 'image')}, none has an answer at both routes."
        say(console, f"{task}: the audit has nothing to compare: {why}")
        return
    of_files = f" of {counted(files, 'file')}" if files < images else ""
    said = f"{task}: audit of {counted(images, 'image')}{of_files}: {found['differing']} differ "
    said += f"from the answer of {found['reference']}, "
    if files < images:
        said += f"on average {found['share']:.1%} of a file's pages, "
    said += f"95 % interval {found['low']:.1%}-{found['high']:.1%}"
    if promised:
        said += f"; in the calibration {found['promised_differing']} of {promised}"
    if lacking:
        said += f"; {lacking} more cannot be compared, for want of an answer"
    say(console, f"{said}.")
    if found["worse_than_promised"]:
        warn(
            console,
            f"{task}: more often than the calibration promised. Calibrate again, on images like "
            "these, or ask at the reference route.",
        )


def print_asked_again(tasks: dict[str, Any], console: Console) -> None:
    """Print how many images were asked again by another route; `tasks` stands in `run.json`."""
    for name, counts in tasks.items():
        if images := counts["escalated"]:
            say(
                console,
                f"{name}: {counted(images, 'image')} of {counts['asked']} asked again, because the "
                "first answer was in doubt.",
            )
        if images := counts.get("second_questions", 0):  # early files do not say
            say(
                console,
                f"{name}: {counted(images, 'image')} of {counts['asked']} asked a second question, "
                "below the label of the first.",
            )
        if images := counts.get("declined", 0):  # early files do not say
            say(
                console,
                f"{name}: {counted(images, 'image')} of {counts['asked']} asked again at "
                "`on_refusal`, because Gemini declined.",
            )


def print_near_duplicates(run: dict[str, Any], console: Console) -> None:
    """Print how many images shared an answer, and how often that was not the one of their own."""
    if followers := run.get("near_duplicates"):
        say(
            console,
            f"Images that got the answers of a near duplicate: {followers} (column shared_with).",
        )
    for task, audit in run.get("near_duplicates_audit", {}).items():
        alone = audit.get("leaders", audit["pairs"]) == audit["pairs"]
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
