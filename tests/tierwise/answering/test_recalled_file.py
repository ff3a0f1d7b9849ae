"""What the journal knows completely needs no event loop, and comes to the same as if it had one."""

from __future__ import annotations

from typing import Any

from tests.tierwise.scheduling.test_window import TWO_LEVELS
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.recalled_file import recalled_file
from tierwise.records import ImageFile


def test_it_comes_to_what_asking_comes_to(archive: Any) -> None:
    files = archive.pictures(5)
    archive.bundle(TWO_LEVELS).answer(files)
    asked = {one.uri: one for one in archive.bundle(TWO_LEVELS, run="run-2").answer(files)}
    plan = archive.bundle(TWO_LEVELS, run="run-3").engine.plan
    for file in files:
        known = QuestionsAsked(plan.journal.read(file.content_hash[7:][: plan.journal.digits]))
        assert recalled_file(file, file.content_hash, plan, known) == asked[file.uri]


def test_the_first_who_wants_to_know_pays(archive: Any, spent_on: Any) -> None:
    [file] = archive.pictures(1)
    bundle = archive.bundle(pack=1)
    paid = bundle.answer([file])
    plan = bundle.engine.plan
    known = QuestionsAsked(plan.journal.read(file.content_hash[7:][: plan.journal.digits]))
    first, second = (recalled_file(file, name, plan, known) for name in ("a", "b"))
    assert first is not None
    assert second is not None
    assert spent_on([first]) == spent_on(paid)
    assert spent_on([second]).requests == 0


def test_what_is_not_known_is_left_to_asking(archive: Any) -> None:
    known, unknown = archive.pictures(2)
    bundle = archive.bundle(pack=1)
    bundle.answer([known])
    plan = archive.bundle(TWO_LEVELS, run="run-2").engine.plan
    broken = ImageFile("x.jpg", "x.jpg", 0, "", problem="x.jpg: gone")
    for file in (known, unknown, broken):
        recalled = plan.journal.read(file.content_hash[7:][: plan.journal.digits] or "0")
        before = dict(recalled.outcomes)
        assert recalled_file(file, "key", plan, QuestionsAsked(recalled)) is None
        assert recalled.outcomes == before
