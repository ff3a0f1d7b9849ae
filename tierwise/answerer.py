"""Who answered: Gemini at one of its services, or an emulator, and which.

Developer API and Vertex AI serve the same pinned models, so that an answer of one stands for the
other's, and its money is real. An emulator's answer stands for nothing but that emulator's, and one
that knows other pictures, or spoils more of what is asked together, is another one. What people
said stands for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ServiceKind(StrEnum):
    """The three values of `--gemini`, and of `answers.service`."""

    EMULATOR = "emulator"
    DEVELOPER = "developer"
    VERTEX = "vertex"


class AnsweredBy(StrEnum):
    """The values of `answers.answered_by`; an emulator plays Gemini."""

    GEMINI = "gemini"
    LOCAL = "local"
    HUMAN = "human"


_KNOWS = "; knows="
_INTERFERES = "; interference="
_TOLD = {ServiceKind.DEVELOPER: "the Gemini Developer API", ServiceKind.VERTEX: "Vertex AI"}


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers requests.

    `emulator` is what an emulator says of itself: name, version, a fingerprint of the pictures
    whose labels it knows, and its interference. It is empty for Gemini, and for an emulator that
    does not say who it is.
    """

    service: ServiceKind
    emulator: str = ""

    @property
    def emulated(self) -> bool:
        """Whether its answers and dollars mean nothing outside."""
        return self.service is ServiceKind.EMULATOR

    @property
    def told(self) -> str:
        """Its name for people.

        >>> Answerer(ServiceKind.EMULATOR, "tierwise/0.1.0").told
        'the emulator tierwise/0.1.0'
        """
        if not self.emulated:
            return _TOLD[self.service]
        return f"the emulator {self.emulator}" if self.emulator else "an emulator without a name"

    def takes(self, other: Answerer) -> bool:
        """Whether what the other said, and was paid, counts as this one's.

        An emulator of which no name is on record may have been any that knows no pictures; none of
        them had interference.
        """
        if not (self.emulated and other.emulated):
            return self.emulated == other.emulated
        plain = _KNOWS not in self.emulator and _INTERFERES not in self.emulator
        unnamed = not other.emulator and plain
        return unnamed or self.emulator == other.emulator


def answerer_of_run(run: Mapping[str, Any]) -> Answerer | None:
    """Who answered a run whose journal does not say, by its `run.json`; None where that is silent.

    Such runs knew no more than whether they were emulated. What an emulator knew then cannot be
    told from the name of a folder.
    """
    emulated, flags = run.get("emulated"), run.get("flags")
    if not isinstance(emulated, bool) or not isinstance(flags, Mapping):
        return None
    if emulated:
        knows = f"unnamed{_KNOWS}unknown" if "emulator_knows" in flags else ""
        return Answerer(ServiceKind.EMULATOR, knows)
    return Answerer(
        ServiceKind.VERTEX if flags.get("gemini") == ServiceKind.VERTEX else ServiceKind.DEVELOPER
    )
