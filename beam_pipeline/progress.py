"""The bar that shows how far a run is: images, failures, dollars so far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from answering.tally import TALLY
from tierwise.tables import usd

_REFRESH_S = 0.2


@contextmanager
def progress(console: Console, *, verb: str, total: int, visible: bool) -> Iterator[None]:
    """Show a bar while the body runs, when there is a terminal and the totals can be seen.

    Args:
        console: where to draw.
        verb: what is being done.
        total: files in the archive; twins are answered together, so the bar may end early.
        visible: whether the workers count in this process.
    """
    TALLY.reset()
    if not (visible and console.is_terminal):
        yield
        return
    bar = Progress(
        TextColumn(f"[bold]{verb}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files  {task.fields[failures]} failures  ${task.fields[dollars]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    done = threading.Event()
    with bar:
        row = bar.add_task("", total=total, failures=0, dollars="0")
        watcher = threading.Thread(target=_watch, args=(bar, row, done), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def _watch(bar: Progress, row: TaskID, done: threading.Event) -> None:
    while not done.wait(_REFRESH_S):
        _show(bar, row)
    _show(bar, row)


def _show(bar: Progress, row: TaskID) -> None:
    bar.update(
        row,
        completed=TALLY.files,
        failures=TALLY.failures,
        dollars=f"{usd(TALLY.cost):.6f}",
    )
