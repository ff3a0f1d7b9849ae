"""The engines that run in this process, for those who end them and need start none."""

from __future__ import annotations

from typing import Protocol


class Running(Protocol):
    """What asks for one run, until it is closed."""

    @property
    def lease(self) -> tuple[str, int]:
        """Where the lease of its run lies, and its number."""

    def interrupt(self, seconds: float) -> bool:
        """Start nothing more, and wait for what is under way; true when all has become durable."""

    def close(self) -> None:
        """Give up what is under way, and stop."""


RUNNING: list[Running] = []


def interrupt_all(seconds: float) -> bool:
    """Let every engine of this process come to rest, for at most so many seconds in all.

    True when all have.
    """
    engines = list(RUNNING)
    at_rest = [engine.interrupt(seconds / len(engines)) for engine in engines]
    return all(at_rest)


def interrupt_run(folder: str, number: int, seconds: float) -> None:
    """The same for the engines of the run with this lease: a process may work for others too."""
    for engine in list(RUNNING):
        if engine.lease == (folder, number):
            engine.interrupt(seconds)


def close_run(folder: str, number: int) -> None:
    """Stop the engines of the run with this lease, once it is over."""
    for engine in list(RUNNING):
        if engine.lease == (folder, number):
            engine.close()


def close_all() -> None:
    """Stop every engine of this process: those of one's own pipelines, too, whose end nobody says.

    Not for the end of a run: the process may work for others.
    """
    for engine in list(RUNNING):
        engine.close()
