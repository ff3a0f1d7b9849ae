"""KeepLease: whoever works for a run on a cluster says that it goes on."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from tierwise.errors import LeaseLostError
from tierwise.journal.run_records import HEARTBEAT, Heartbeat, Lease
from tierwise.scheduling.running import interrupt_run

# Seconds between looks at the lease: a thousand workers look eight times a second, and whichever
# finds that nobody gave a sign lately gives one.
_LOOK_S = (2 * HEARTBEAT.total_seconds(), 6 * HEARTBEAT.total_seconds())
_GRACE_S = 10.0


def keep_lease(
    some: beam.PCollection[Any], lease: Lease | None, step: str
) -> beam.PCollection[Any]:
    """What comes, by way of a step that keeps the lease if there is one to keep."""
    return some if lease is None else some | step >> KeepLease(lease)


class KeepLease(beam.PTransform):
    """Passes on what comes; each process that it has come to keeps the lease from then on.

    The launcher of a template ends when the job begins, and that of any cluster may. A run that has
    lost its lease to another asks nothing more, and fails at its next element.
    """

    def __init__(self, lease: Lease) -> None:
        super().__init__()
        self._lease = lease

    def expand(self, some: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """Adds the step to a pipeline."""
        return some | "Pass" >> beam.ParDo(_KeepLeaseFn(self._lease)).with_output_types(
            some.element_type or Any
        )


class _KeepLeaseFn(beam.DoFn):
    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def setup(self) -> None:
        self._keeper = _keeper_of(self._lease)

    def process(self, element: Any) -> Iterator[Any]:
        self._keeper.check()
        yield element


class _Keeper:
    """The thread of a worker process that keeps a lease, until its run has ended or lost it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._heart = Heartbeat(lease)
        self._lost: LeaseLostError | None = None
        self._ended = False
        lease.join()
        self._look()
        threading.Thread(target=self._keep, name="tierwise-signs", daemon=True).start()

    def check(self) -> None:
        if self._lost:
            raise LeaseLostError(str(self._lost))

    def _keep(self) -> None:
        while not self._ended and not self._lost:
            threading.Event().wait(random.uniform(*_LOOK_S))  # noqa: S311 - so that they spread
            self._look()
        if self._ended:
            with _LOCK:
                _KEEPERS.pop((self._lease.folder, self._lease.number), None)

    def _look(self) -> None:
        try:
            self._ended = not self._heart.beat()
        except LeaseLostError as error:
            self._lost = error
            interrupt_run(self._lease.folder, self._lease.number, _GRACE_S)
        except OSError:  # the next look may succeed
            return


_LOCK = threading.Lock()
_KEEPERS: dict[tuple[str, int], _Keeper] = {}


def _keeper_of(lease: Lease) -> _Keeper:
    with _LOCK:
        start = lease.folder, lease.number  # a run that has batch jobs is started more than once
        if start not in _KEEPERS:
            _KEEPERS[start] = _Keeper(lease)
        return _KEEPERS[start]
