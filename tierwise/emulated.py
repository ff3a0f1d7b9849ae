"""What the emulator says of itself, so that nobody takes its answers for Gemini's.

Every reply carries `HEADER`, refusals included, and `GET /emulator` says the same as JSON:

    x-tierwise-emulator: tierwise/0.1.0; knows=6ca13d52f0b1a2c3; interference=0.02
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HEADER = "x-tierwise-emulator"
PATH = "/emulator"
NAME = "tierwise"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which emulator answers: its version, and what it answers from.

    `knows` is the fingerprint of the known pictures, empty without any, and `interference` the
    share of labels that questions spoil for each other when asked together: emulators of another
    version, with other known pictures or other interference may answer the same question otherwise.
    """

    version: str
    knows: str = ""
    interference: float = 0.0

    @property
    def header(self) -> str:
        """The value of `HEADER`."""
        known = f"; knows={self.knows}" if self.knows else ""
        spoils = f"; interference={float(self.interference)!r}" if self.interference else ""
        return f"{NAME}/{self.version}{known}{spoils}"

    def document(self) -> dict[str, Any]:
        """The reply of `GET /emulator`, without how many pictures are known."""
        return {
            "emulator": NAME,
            "version": self.version,
            "knows": self.knows,
            "interference": self.interference,
            "answered_by": self.header,
        }
