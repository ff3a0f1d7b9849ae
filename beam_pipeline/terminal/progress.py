"""How far a run is, for people who wait.

A bar on a terminal, a line that is drawn anew in a notebook, elsewhere a line now and then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.terminal.cost_table import dollars
from tierwise.beam_pipeline.terminal.duration import duration
from tierwise.beam_pipeline.terminal.notebook import line_in_notebook
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.beam_pipeline.terminal.speed import Speed
from tierwise.scheduling.tally import TALLY, Tally
from tierwise.shown import counted

_REFRESH_S = 0.2
# In a notebook, each time is a message to the browser.
_REDRAWN_S = 0.5
# A log of a run that takes days should not consist of these lines.
_WORTH_TELLING_S = 5.0
_FIRST_LINE_S, _RAREST_LINE_S = 10.0, 300.0


@contextmanager
def progress(
    console: Console,
    *,
    verb: str,
    total: int,
    visible: bool,
    pauses_s: Iterable[float] | None = None,
) -> Iterator[None]:
    """Show how far it is while the body runs.

    Args:
        console: where to draw, or to write lines when it is not a terminal.
        verb: what is being done.
        total: files in the archive; twins are answered together, so that it may end early.
        visible: whether the workers count in this process.
        pauses_s: seconds between lines; by default ten, and twice as long each time, to five
            minutes.
    """
    TALLY.reset()
    if not visible:
        say(
            console,
            f"{verb}: {total:,} files, in other processes, so that progress is not shown.",
        )
        yield
        return
    watched = _Watched(verb, total)
    if console.is_terminal:
        with _Bar(watched, console) as bar, _watching(_always(_REFRESH_S), bar.show):
            yield
    elif show := line_in_notebook():
        with _watching(_always(_REDRAWN_S), lambda: show(watched.line())):
            yield
    else:
        with _watching(
            pauses_s or line_pauses_s(), lambda: say(console, watched.line()), at_end=False
        ):
            yield


def line_pauses_s() -> Iterator[float]:
    """Seconds from one plain line to the next."""
    pause_s = _FIRST_LINE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _RAREST_LINE_S)


@dataclass(slots=True)
class _Watched:
    """What is being done to how many files, and how it goes."""

    verb: str
    total: int
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        self.speed.note(time.monotonic(), TALLY)

    def figures(self) -> list[str]:
        self.speed.note(time.monotonic(), TALLY)
        return list(_figures(TALLY, self.speed, self.total))

    def line(self) -> str:
        share = f" ({100 * TALLY.files // self.total} %)" if self.total else ""
        done = f"{TALLY.files:,} of {self.total:,} files{share}"
        return f"{self.verb}: " + ", ".join([done, *self.figures()])


def _figures(tally: Tally, speed: Speed, total: int) -> Iterator[str]:
    yield counted(tally.failures, "failure")
    if tally.put_off:
        yield f"{counted(tally.put_off, 'question')} for batch jobs"
    if tally.requests:
        yield f"{speed.requests_per_s:.1f} requests/s"
        yield f"${dollars(usd(tally.cost))}"
    if tally.cap:
        used = tally.before + tally.cost
        yield f"{100 * used / tally.cap:.1f} % of the cap used"
    wait_s = tally.waits_until - time.monotonic()
    left_s = speed.seconds_left(total)
    if wait_s >= _WORTH_TELLING_S:
        yield f"waits {duration(wait_s)}, as the service asks: {plain(tally.waits_for, 120)}"
    elif left_s is not None:
        yield f"{duration(left_s)} left"


class _Bar(Progress):
    """A bar, and below it the figures, which a narrow terminal wraps."""

    def __init__(self, watched: _Watched, console: Console) -> None:
        self._watched = watched
        self._figures = Text()
        super().__init__(
            TextColumn(f"[bold]{watched.verb}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("files"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self._row: TaskID = self.add_task("", total=watched.total)

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        yield self._figures

    def show(self) -> None:
        """Draw how far it is now."""
        self._figures = Text(" · ".join(self._watched.figures()))
        self.update(self._row, completed=TALLY.files)


@contextmanager
def _watching(
    pauses_s: Iterable[float], look: Callable[[], object], *, at_end: bool = True
) -> Iterator[None]:
    """Look after each pause, from a thread, while the body runs."""
    done = threading.Event()

    def watch() -> None:
        for pause_s in pauses_s:
            if done.wait(pause_s):
                break
            look()
        if at_end:
            look()

    # A notebook tells by the context which cell a thread draws for.
    watcher = threading.Thread(target=copy_context().run, args=(watch,), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _always(pause_s: float) -> Iterator[float]:
    while True:
        yield pause_s
