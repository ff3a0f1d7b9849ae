"""How an emulator is set up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

from tierwise.emulated import LOOKS


@dataclass(frozen=True, slots=True)
class EmulatorConfig:
    """Settings of one emulator.

    `port` 0 lets the system choose. `latency_ms` is the time from the arrival of a request to its
    reply. `faults` is the path of a faults document, `knows` a directory with one folder of
    pictures per label, `prices` the path of a price file; empty means none. `sees` is what known
    pictures are compared by, `looks` or `features`; `errors_at_random` and `errors_where_unclear`
    are shares of the answers from them that are wrong on purpose, and `interference` the share of
    labels that each other question of a joint request spoils, each 0 to 1. With
    `exit_with_parent` the server ends as soon as its standard input closes. `price_date` is the day
    whose prices the bill uses, today when None. A batch job takes `batch_delay_s` seconds at least;
    `batch_enqueued_tokens` may wait in those of a model, 0 without limit, None as Google's first
    usage tier has it. `bucket` is a folder whose folders are served as buckets, empty for none.
    """

    host: str = "127.0.0.1"
    port: int = 0
    latency_ms: float = 0
    faults: str = ""
    knows: str = ""
    prices: str = ""
    sees: str = LOOKS
    errors_at_random: float = 0
    errors_where_unclear: float = 0
    interference: float = 0
    exit_with_parent: bool = False
    price_date: date | None = None
    batch_delay_s: float = 0.2
    batch_enqueued_tokens: int | None = None
    bucket: str = ""

    def to_json(self) -> str:
        """One line that `from_json` reads back."""
        return json.dumps(asdict(self) | {"price_date": self.price_date and str(self.price_date)})

    @classmethod
    def from_json(cls, line: str) -> EmulatorConfig:
        """The config that `to_json` wrote."""
        values = json.loads(line)
        day = values.pop("price_date")
        return cls(**values, price_date=date.fromisoformat(day) if day else None)
