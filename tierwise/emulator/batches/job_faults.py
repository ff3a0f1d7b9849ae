"""The faults of one job, and the rows that they strike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tierwise.emulator.batches.batch_faults import OF_ENDS, OF_ROWS
from tierwise.emulator.faults import Fault


@dataclass(frozen=True, slots=True)
class DrawnFault:
    """A fault that a job takes; `struck` counts one thing that it spoilt."""

    fault: Fault
    seed: str
    struck: Callable[[], None]

    def setting(self, name: str) -> Any:
        """What the document says of it, or the kind's default."""
        return self.fault.settings[name]


@dataclass(frozen=True, slots=True)
class JobFaults:
    """What was drawn for a job when it was created."""

    drawn: Sequence[DrawnFault] = ()

    @property
    def end(self) -> DrawnFault | None:
        """The fault that ends the job, if any."""
        return next((one for one in self.drawn if one.fault.kind in OF_ENDS), None)

    def first(self, kind: str) -> DrawnFault | None:
        """The first fault of a kind."""
        return next((one for one in self.drawn if one.fault.kind == kind), None)

    def for_rows(self, total: int) -> RowFaults:
        """The faults of a job's rows, of which there are `total`."""
        chosen = [(one, _chosen(one, total)) for one in self.drawn if one.fault.kind in OF_ROWS]
        return RowFaults(tuple(chosen))


@dataclass(frozen=True, slots=True)
class RowFaults:
    """Faults with the rows that each strikes; None where the rows' pictures decide."""

    chosen: tuple[tuple[DrawnFault, Collection[int] | None], ...]

    @property
    def by_pictures(self) -> bool:
        """Whether anybody has to know the pictures of a row."""
        return any(rows is None for _, rows in self.chosen)

    def on(self, row: int, sha256: Collection[str] = ()) -> dict[str, DrawnFault]:
        """The faults of one row, by kind."""
        found: dict[str, DrawnFault] = {}
        for one, rows in self.chosen:
            strikes = not one.fault.sha256.isdisjoint(sha256) if rows is None else row in rows
            if strikes:
                found.setdefault(one.fault.kind, one)
        return found


def _chosen(one: DrawnFault, total: int) -> Collection[int] | None:
    if one.fault.sha256:
        return None
    # Rows change places with the next one, which the last does not have.
    among = range(max(0, total - (one.fault.kind == "batch_rows_swapped")))
    if share := one.setting("share"):
        return {row for row in among if _drawn(f"{one.seed}:{row}") < share}
    return set(Random(one.seed).sample(among, min(one.setting("rows"), len(among))))  # noqa: S311 - repeatable


def _drawn(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
