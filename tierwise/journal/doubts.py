"""What processes tell each other of a service that refuses them, by marks in the journal's folder.

    journal/doubts/<run id>/<of what>.<whose>.doubt     "I am refused; is anybody answered?"
    journal/doubts/<run id>/<of what>.<whose>.fine      "I am"
    journal/doubts/<run id>/<of what>.all.ended         why nothing more is asked, as JSON

`<of what>` is a digest of a name that all processes give the same thing, `<whose>` names one doubt
of one process. No clock is compared: a mark means something to whoever finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from tierwise.records import Reason
from tierwise.storage.files import files_for, join

DOUBT, FINE, ENDED = "doubt", "fine", "ended"
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: of what, whose, and its kind."""

    topic: str
    whose: str
    kind: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.topic}.{self.whose}.{self.kind}"


@dataclass(frozen=True, slots=True)
class End:
    """Why nothing more of some name is asked."""

    name: str
    reason: Reason
    message: str


def topic_of(name: str) -> str:
    """The part of a mark's name that says what it is about."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def end_mark(name: str) -> Mark:
    """The mark that all processes heed."""
    return Mark(topic_of(name), _ALL, ENDED)


@dataclass(frozen=True, slots=True)
class Doubts:
    """The marks of one run; every method may raise OSError."""

    folder: str

    def marks(self) -> Iterator[Mark]:
        """All that are there."""
        for stat in files_for(self.folder).walk(self.folder):
            parts = stat.uri.rpartition("/")[2].split(".")
            if len(parts) == len(("topic", "whose", "kind")):
                yield Mark(*parts)

    def leave(self, mark: Mark, end: End | None = None) -> None:
        """Write a mark."""
        told = {"name": end.name, "reason": end.reason, "message": end.message} if end else None
        data = json.dumps(told).encode() if told else b""
        files_for(self.folder).write(join(self.folder, mark.name), data)

    def take_back(self, mark: Mark) -> None:
        """Delete a mark."""
        files_for(self.folder).delete(join(self.folder, mark.name))

    def end(self, mark: Mark) -> End | None:
        """What an end mark says; None when it is just being taken back."""
        try:
            told = json.loads(files_for(self.folder).read(join(self.folder, mark.name)))
            return End(told["name"], Reason(told["reason"]), told["message"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
