"""What ends for one process, seen by several: marks in a real folder, looks by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tierwise.errors import RefusedAloneError, RunEndedError
from tierwise.gemini.gate import Gate, Scope
from tierwise.gemini.hearing import Phase, Refused, Rule
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.journal.doubts import Doubts
from tierwise.records import Reason, ServiceTier
from tierwise.scheduling.keep_doubts import KeepDoubts

SCOPE = Scope("kind", "gemini-3.1-flash-lite", ServiceTier.STANDARD)
WHY = Refused(Reason.UNAUTHORIZED, "401 UNAUTHENTICATED: key revoked")
BAD = Refused(Reason.REJECTED, "400 INVALID_ARGUMENT: no such field")
RULE = Rule(patience_s=300.0, meets_s=20.0)


class Process:
    """A gate with a clock of its own, and a look now and then."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0 * id(self) % 7919  # no two clocks agree
        limiter = Limiter(
            requests_in_flight=8, requests_per_minute=None, clock=Clock(lambda: self.now)
        )
        self.gate = Gate(limiter, RULE)
        self.keeper = KeepDoubts(
            Doubts(str(folder)),
            self.gate,
            1000.0,
            lambda call, *args, **named: call(*args, **named),
        )
        self.asked = 0

    def ask(self, *, refused: bool, why: Refused = WHY) -> None:
        for _ in range(100):
            if self.gate.ready(SCOPE):
                break
            self.now += 1
        passed = self.gate.enter(SCOPE)
        self.asked += 1
        if refused and why is BAD:
            self.gate.rejection(passed, [str(self.asked)], why)
        elif refused:
            self.gate.refusal(passed, str(self.asked), why, certain=False)
        else:
            self.gate.success(passed)
        self.gate.leave(passed)

    def phases(self) -> set[Phase]:
        return {hearing.phase for _, hearing in self.gate.hearings()}

    def look(self) -> None:
        self.now += 5
        self.keeper.look()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    processes = Process(tmp_path / "doubts"), Process(tmp_path / "doubts")
    yield processes
    for process in processes:
        process.keeper.stop()


def test_who_is_refused_alone_gives_its_work_back(two: tuple[Process, Process]) -> None:
    sick, healthy = two
    with pytest.raises(RefusedAloneError, match="while others were answered: 401"):
        for _ in range(200):
            sick.ask(refused=True)
            healthy.ask(refused=False)
            for process in two:
                process.look()
    assert Phase.ENDED not in sick.phases() | healthy.phases()
    healthy.ask(refused=False)


def test_a_sick_process_that_recovers_leaves_no_mark(
    two: tuple[Process, Process], tmp_path: Path
) -> None:
    sick, healthy = two
    for _ in range(8):
        sick.ask(refused=True)
        healthy.ask(refused=False)
        for process in two:
            process.look()
    assert Phase.DOUBT in sick.phases()
    sick.ask(refused=False)
    sick.look()
    healthy.look()
    assert sick.phases() == {Phase.OPEN}
    assert list((tmp_path / "doubts").iterdir()) == []


def test_what_ends_for_one_ends_for_all(two: tuple[Process, Process]) -> None:
    first, second = two
    second.ask(refused=False)  # long ago
    with pytest.raises(RunEndedError, match="key revoked"):
        for _ in range(50):
            first.ask(refused=True)
            first.look()
            second.look()
    first.look()
    second.look()
    with pytest.raises(RunEndedError, match="key revoked") as caught:
        second.gate.ready(SCOPE)
    assert caught.value.reason is Reason.UNAUTHORIZED


def test_an_end_that_was_a_mistake_is_taken_back(two: tuple[Process, Process]) -> None:
    first, second = two
    with pytest.raises(RunEndedError):
        for _ in range(50):
            first.ask(refused=True)
            first.look()
    first.look()
    passed = second.gate.enter(SCOPE)  # sent before anybody knew, and slow
    second.look()
    second.now += 1
    second.gate.success(passed)
    second.gate.leave(passed)
    second.look()
    first.look()
    assert first.gate.ready(SCOPE)
    first.ask(refused=False)


def test_a_question_that_others_are_answered_is_not_to_blame(
    two: tuple[Process, Process],
) -> None:
    unlucky, other = two
    other.ask(refused=False)
    for _ in range(5):
        unlucky.ask(refused=True, why=BAD)
    assert not unlucky.gate.ready(SCOPE)
    for process in (unlucky, other, unlucky):
        process.look()
    assert unlucky.gate.ready(SCOPE)
    assert unlucky.gate.proven(SCOPE)


def test_a_question_that_nobody_is_answered_ends_for_all(two: tuple[Process, Process]) -> None:
    first, second = two
    for _ in range(5):
        first.ask(refused=True, why=BAD)
    for _ in range(6):
        first.look()
        second.look()
    for process in two:
        with pytest.raises(RunEndedError, match="no such field"):
            process.gate.ready(SCOPE)
        for one in two:
            one.look()


def test_a_folder_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "doubts").write_text("no folder")
    process = Process(tmp_path / "doubts")
    process.ask(refused=False)
    process.keeper.stop()
    assert process.gate.ready(SCOPE)
