"""Which fault a request takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from math import exp
from statistics import NormalDist
from typing import Any

from tierwise.emulator.batches.batch_faults import OF_CALLS, OF_JOBS
from tierwise.emulator.batches.job_faults import DrawnFault, JobFaults
from tierwise.emulator.cache_faults import OF_CACHE_CALLS
from tierwise.emulator.faults import UNREAD, Fault, Faults


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one request: at most one fault, a delay, and a wait that a quota asks for."""

    fault: Fault | None = None
    delay_ms: float = 0.0
    wait_s: float = 0.0


class FaultPlan:
    """Deals faults out in the order of arrival. `now` gives seconds, for quotas."""

    def __init__(self, faults: Faults, now: Callable[[], float]) -> None:
        self._faults = faults
        self._now = now
        self._requests = 0
        self._jobs = 0
        self._calls = 0
        self._selected = [0] * len(faults.faults)
        self._struck = [0] * len(faults.faults)
        self._free_at = [0.0] * len(faults.faults)

    def swallows(self, model: str) -> bool:
        """Whether the next request disappears before it is read."""
        if not any(fault.kind in UNREAD for fault in self._faults.faults):
            return False
        self._requests += 1
        for position, fault in enumerate(self._faults.faults):
            if fault.kind in UNREAD and self._selects(position, fault, model, ()):
                self._struck[position] += 1
                return True
        return False

    def fate(
        self, *, model: str, sha256: Collection[str], strikes: Callable[[Fault], bool]
    ) -> Fate:
        """The next request's fate.

        `sha256` are its pictures'. `strikes` tells of a fault whether it can do anything to this
        request; what cannot is passed over, and does not count.
        """
        self._requests += 1
        hit, delay_ms, wait_s = -1, 0.0, 0.0
        for position, fault in enumerate(self._faults.faults):
            if fault.kind in UNREAD or not strikes(fault):
                continue
            if not self._selects(position, fault, model, sha256):
                continue
            if fault.kind == "latency":
                delay_ms += self._delay_ms(position, fault)
                self._struck[position] += 1
                continue
            if fault.kind == "quota":
                wait_s = self._quota_wait(position, fault)
                if not wait_s:
                    continue
            hit = position if hit < 0 else hit
        if hit < 0:
            return Fate(None, delay_ms, wait_s)
        self._struck[hit] += 1
        return Fate(self._faults.faults[hit], delay_ms, wait_s)

    def of_job(self, model: str) -> JobFaults:
        """The faults that the next batch job takes."""
        self._jobs += 1
        drawn = []
        for position, fault in enumerate(self._faults.faults):
            if fault.kind in OF_JOBS and self._picks(position, fault, model, f"job {self._jobs}"):
                seed = f"{self._faults.seed}:{position}:{self._jobs}"
                drawn.append(DrawnFault(fault, seed, partial(self._strike, position)))
        return JobFaults(drawn)

    def of_batch_call(self, call: str, model: str = "") -> Fault | None:
        """The fault that the next call of the batch and file methods takes; see `CALLS`."""
        return self._of_call(call, OF_CALLS, model)

    def of_cache_call(self, call: str) -> Fault | None:
        """The fault that the next call of the cache methods takes; see `CACHE_CALLS`."""
        return self._of_call(call, OF_CACHE_CALLS)

    def _of_call(self, call: str, kinds: Collection[str], model: str = "") -> Fault | None:
        self._calls += 1
        for position, fault in enumerate(self._faults.faults):
            if fault.kind not in kinds or fault.settings["call"] != call:
                continue
            if self._picks(position, fault, model, f"call {self._calls}"):
                self._strike(position)
                return fault
        return None

    def document(self) -> dict[str, Any]:
        """The faults in place, and how many requests each has struck."""
        told = zip(self._faults.faults, self._struck, strict=True)
        return {
            "seed": self._faults.seed,
            "faults": [{"kind": fault.kind, "struck": struck} for fault, struck in told],
        }

    def _strike(self, position: int) -> None:
        self._struck[position] += 1

    def _selects(self, position: int, fault: Fault, model: str, sha256: Collection[str]) -> bool:
        if fault.sha256 and fault.sha256.isdisjoint(sha256):
            return False
        return self._picks(position, fault, model, str(self._requests))

    def _picks(self, position: int, fault: Fault, model: str, number: str) -> bool:
        if fault.model not in {"", model} or self._share(position, number) >= fault.rate:
            return False
        self._selected[position] += 1
        hits = self._selected[position] - fault.after
        return hits > 0 and (fault.count is None or hits <= fault.count)

    def _share(self, position: int, number: str) -> float:
        """From 0 up to but not 1, by seed, fault and number of the request: a retry draws anew."""
        drawn = hashlib.sha256(f"{self._faults.seed}:{position}:{number}".encode()).digest()
        return int.from_bytes(drawn[:6], "big") / 2**48

    def _delay_ms(self, position: int, fault: Fault) -> float:
        """Log-normal around the median `ms`, or exactly `ms` without `sigma`."""
        chance = min(
            max(self._share(position + len(self._selected), str(self._requests)), 1e-9), 1 - 1e-9
        )
        spread = NormalDist().inv_cdf(chance) * fault.settings["sigma"]
        return float(fault.settings["ms"]) * exp(spread)

    def _quota_wait(self, position: int, fault: Fault) -> float:
        """0 and a place taken, or the seconds until there is one; a second's worth may burst."""
        now, per_request = self._now(), 1 / fault.settings["requests_per_second"]
        start: float = max(self._free_at[position], now - 1 + per_request)
        if start > now:
            return start - now
        self._free_at[position] = start + per_request
        return 0.0
