"""Keeps a lease while a run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tierwise.errors import LeaseLostError
from tierwise.journal.run_records import HEARTBEAT, Heartbeat, Lease


@contextmanager
def kept(lease: Lease, lost: Callable[[LeaseLostError], None]) -> Iterator[None]:
    """Give signs of life from a thread of its own; `lost` is called there, at most once."""
    done, heart = threading.Event(), Heartbeat(lease)

    def keep() -> None:
        while not done.wait(HEARTBEAT.total_seconds()):
            try:
                heart.beat()
            except LeaseLostError as error:
                lost(error)
                return
            except OSError:  # the next one may succeed, and if not, nothing else can be written
                continue

    keeper = threading.Thread(target=keep, name="tierwise-lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
