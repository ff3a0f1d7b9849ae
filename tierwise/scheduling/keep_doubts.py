"""Tells other processes what this one doubts, and this one what others know.

A thread looks at the marks of `tierwise.journal.doubts` every few seconds. Where the process is
refused it asks the others; where another asks and this one is answered, it says so; and what has
ended for one process ends for all, until one is answered after all.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress

from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Hearing, Phase, Refused
from tierwise.journal.doubts import DOUBT, ENDED, FINE, Doubts, End, Mark, end_mark, topic_of


class KeepDoubts:
    """A thread that lives until `stop`; `call_soon` runs a function on the gate's loop."""

    def __init__(
        self, doubts: Doubts, gate: Gate, look_s: float, call_soon: Callable[..., object]
    ) -> None:
        self._doubts = doubts
        self._gate = gate
        self._look_s = look_s
        self._call_soon = call_soon
        self._mine: dict[str, Mark] = {}  # doubts of this process, by name
        self._seen: dict[Mark, float] = {}  # marks of others, and when they were seen first
        self._ended: set[str] = set()  # names that this process knows to have ended for all
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="tierwise-doubts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after a last look."""
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            over = self._stopped.wait(self._look_s)
            with suppress(OSError):  # else nothing is known of others until the next look
                self.look()
            if over:
                return

    def look(self) -> None:
        """Heed what others have left, and leave what they should know."""
        hearings = dict(self._gate.hearings())
        marks = set(self._doubts.marks())
        now = self._gate.now()
        self._seen = {mark: self._seen.get(mark, now) for mark in marks}
        self._heed_ends(hearings, [mark for mark in marks if mark.kind == ENDED])
        for name, hearing in hearings.items():
            self._ask_others(name, hearing, marks)
            self._answer_others(name, marks)

    def _ask_others(self, name: str, hearing: Hearing, marks: set[Mark]) -> None:
        """Leave a doubt, or take it back; and see whether anybody contradicts."""
        mine = self._mine.get(name)
        if hearing.phase is Phase.DOUBT:
            if mine is None:
                mine = self._mine[name] = Mark(topic_of(name), uuid.uuid4().hex, DOUBT)
                self._doubts.leave(mine)
            if Mark(mine.topic, mine.whose, FINE) in marks:
                self._call_soon(self._gate.hear, name, contradicted=True)
            elif any(mark.topic == mine.topic and mark.kind == DOUBT for mark in marks - {mine}):
                self._call_soon(self._gate.hear, name, shared=True)
            return
        if hearing.phase is Phase.ENDED and hearing.why and end_mark(name) not in marks:
            if name in self._ended:  # another process took it back: it is answered
                self._ended.discard(name)
                self._call_soon(self._gate.hear, name)
            else:
                end = End(name, hearing.why.reason, hearing.why.message)
                self._doubts.leave(end_mark(name), end)
                self._ended.add(name)
        if mine:
            del self._mine[name]
            self._doubts.take_back(mine)
            self._doubts.take_back(Mark(mine.topic, mine.whose, FINE))

    def _answer_others(self, name: str, marks: set[Mark]) -> None:
        """Say that this process is answered where another doubts it."""
        mine = self._mine.get(name)
        for mark in marks:
            if mark.kind == DOUBT and mark.topic == topic_of(name) and mark != mine:
                fine = Mark(mark.topic, mark.whose, FINE)
                if fine not in marks and self._gate.knows_better(name, self._seen[mark]):
                    self._doubts.leave(fine)

    def _heed_ends(self, hearings: dict[str, Hearing], ends: list[Mark]) -> None:
        """End what others have ended, unless it is answered here."""
        told = {end.name: end for mark in ends if (end := self._doubts.end(mark))}
        for name, end in told.items():
            if self._gate.knows_better(name, self._seen[end_mark(name)]):
                self._doubts.take_back(end_mark(name))
            elif name not in hearings or hearings[name].phase is not Phase.ENDED:
                self._ended.add(name)
                self._call_soon(self._gate.hear, name, ended=Refused(end.reason, end.message))
