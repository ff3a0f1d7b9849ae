"""What the manifest's labels say of a run, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_pipeline.plain_text import plain

_MOST_PAIRS = 8


def print_evaluation(task: str, found: dict[str, Any], console: Console) -> None:
    """Print one task's accuracy, and what became of its old labels; pairs come with most images."""
    if "score" in found:
        interval = (
            f", 95 % interval {found['low']:.3f}-{found['high']:.3f}" if "low" in found else ""
        )
        said = f"{task}: score {found['score']:.3f} on {found['images']} labelled images{interval}"
        console.print(Text(said), soft_wrap=True)
    wrong = [pair for pair in found.get("label", []) if pair["label"] != pair["answer"]]
    if wrong:
        console.print(_table(f"{task}: wrong answers", "label", wrong))
    if unknown := found.get("unknown_label"):
        named = ", ".join(f"{plain(one['label'])} ({one['images']})" for one in unknown)
        console.print(Text(f"{task}: labels that the task does not have: {named}"), soft_wrap=True)
    changed = [pair for pair in found.get("old_label", []) if pair["label"] != pair["answer"]]
    if changed:
        console.print(_table(f"{task}: reclassified", "old label", changed))


def print_audit(task: str, found: dict[str, Any], console: Console) -> None:
    """Print how often one task's answers differ from the reference's, and what was promised."""
    images, promised = found["images"], found["promised_images"]
    said = f"{task}: audit of {images} images: {found['differing']} differ from the answer of "
    said += f"{found['reference']}, 95 % interval {found['low']:.1%}-{found['high']:.1%}"
    if promised:
        said += f"; in the calibration {found['promised_differing']} of {promised}"
    console.print(Text(f"{said}."), soft_wrap=True)
    if found["worse_than_promised"]:
        warning = f"warning: {task}: more often than the calibration promised. Calibrate again, on "
        warning += "images like these, or ask at the reference route."
        console.print(Text(warning, style="yellow"), soft_wrap=True)


def _table(title: str, label: str, pairs: Sequence[dict[str, Any]]) -> Table:
    table = Table(title=Text(title), title_justify="left", min_width=48)
    table.add_column(label)
    table.add_column("answer")
    table.add_column("images", justify="right")
    for pair in pairs[:_MOST_PAIRS]:
        answer = plain(pair["answer"]) or "none"
        table.add_row(Text(plain(pair["label"])), Text(answer), str(pair["images"]))
    if len(pairs) > _MOST_PAIRS:
        table.add_row(Text("... more in the table evaluation"), "", "")
    return table
