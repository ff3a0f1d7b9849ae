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
# What known pictures are compared by.
LOOKS, FEATURES = "looks", "features"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which emulator answers: its version, and what it answers from.

    `knows` is the fingerprint of the known pictures, empty without any; `sees` what they are
    compared by, empty for the emulator's own measures; `errors_at_random` and
    `errors_where_unclear` the shares of answers from them that are wrong on purpose. `interference`
    is the share of labels that questions spoil for each other when asked together. Emulators that
    differ in any of these may answer the same question otherwise.
    """

    version: str
    knows: str = ""
    interference: float = 0.0
    sees: str = ""
    errors_at_random: float = 0.0
    errors_where_unclear: float = 0.0

    @property
    def header(self) -> str:
        """The value of `HEADER`."""
        shares = {
            "errors_at_random": self.errors_at_random,
            "errors_where_unclear": self.errors_where_unclear,
            "interference": self.interference,
        }
        words = {"knows": self.knows, "sees": self.sees}
        words |= {name: repr(float(share)) for name, share in shares.items() if share}
        said = "".join(f"; {name}={word}" for name, word in words.items() if word)
        return f"{NAME}/{self.version}{said}"

    def document(self) -> dict[str, Any]:
        """The reply of `GET /emulator`, without how many pictures are known."""
        return {
            "emulator": NAME,
            "version": self.version,
            "knows": self.knows,
            "sees": self.sees,
            "errors_at_random": self.errors_at_random,
            "errors_where_unclear": self.errors_where_unclear,
            "interference": self.interference,
            "answered_by": self.header,
        }
