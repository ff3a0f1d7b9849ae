"""That a task asks again, of a random share of the images, what another has asked more cheaply."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tierwise.local.roles import Roles

# Of a hash, so many hexadecimal digits are drawn, which stand for numbers below `_ALL`.
_DIGITS = 16
_ALL = 1 << 64
# Of about so many contents a task asks again what another has asked.
ASKED_AGAIN = 200


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of the task `of` on a `share` of all contents, from 0 to 1.

    Of `promised_images` labelled images, the calibration found `promised_differing` with another
    answer; both are 0 without a calibration. `reference` names the route for people. With `roles`,
    it asks again, by the same route, some of what examines a local model.
    """

    of: str
    share: float
    reference: str
    promised_images: int = 0
    promised_differing: int = 0
    roles: Roles | None = None

    def covers(self, content_hash: str) -> bool:
        """Whether a content is in the sample: the same ones in every run and on every worker."""
        if self.roles:
            return self.roles.examines_among_first(content_hash, ASKED_AGAIN)
        drawn = hashlib.sha256(f"audit {content_hash}".encode()).hexdigest()[:_DIGITS]
        return int(drawn, 16) < self.share * _ALL
