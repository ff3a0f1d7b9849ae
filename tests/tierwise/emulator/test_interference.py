"""What questions lose by being asked together, where the emulator is told to let them lose some."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from PIL import Image

from tests.tierwise.emulator.conftest import Desk
from tests.tierwise.emulator.joint_requests import (
    CATEGORY,
    COLOURS,
    FACTS,
    TEXT,
    TITLE,
    Question,
    apart,
    ask,
    named,
    read_named,
    read_short,
    short,
)
from tierwise.answerer import Answerer, ServiceKind
from tierwise.emulated import HEADER
from tierwise.emulator import EmulatorConfig, running_emulator
from tierwise.version import VERSION

SHARE = 0.1
QUESTIONS = (CATEGORY, COLOURS, TITLE, TEXT, FACTS)
OF_LABELS = [place for place, one in enumerate(QUESTIONS) if one.answer.options()]


@pytest.fixture(scope="module")
def disturbed() -> Iterator[Desk]:
    with running_emulator(EmulatorConfig(interference=SHARE)) as url:
        yield Desk(url)


@pytest.fixture(scope="module")
def noises() -> list[bytes]:
    """Three hundred pictures."""
    drawn = random.Random(1)
    found = []
    for _ in range(300):
        image = Image.frombytes("RGB", (4, 4), drawn.randbytes(48)).resize((32, 32))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG")
        found.append(buffer.getvalue())
    return found


def together(
    emulator: Any, questions: Sequence[Question], pictures: Sequence[bytes]
) -> list[list[Any]]:
    """The values of each picture, from packs of a hundred."""
    found = []
    for start in range(0, len(pictures), 100):
        pack = dict(enumerate(pictures[start : start + 100], start=700))
        rows = ask(emulator, short(questions, pack))
        found += [read_short(questions, row[1:]) for row in rows]
    return found


def test_the_share_that_is_replaced(disturbed: Desk, emulator: Desk, noises: list[bytes]) -> None:
    quiet, loud = (together(desk, QUESTIONS, noises) for desk in (emulator, disturbed))
    expected = SHARE * (len(QUESTIONS) - 1)
    # Five standard deviations of a binomial.
    slack = 5 * (expected * (1 - expected) * len(noises)) ** 0.5
    for place in range(len(QUESTIONS)):
        replaced = sum(one[place] != other[place] for one, other in zip(quiet, loud, strict=True))
        wanted = expected * len(noises) if place in OF_LABELS else 0
        assert abs(replaced - wanted) <= (slack if place in OF_LABELS else 0), place
    assert loud == together(disturbed, QUESTIONS, noises)
    several = [(one[1], other[1]) for one, other in zip(quiet, loud, strict=True)]
    assert all(len(set(one) - set(other)) <= 1 for one, other in several)


def test_the_same_question_is_spoilt_in_whatever_form_and_company_it_is_asked(
    disturbed: Desk, noises: list[bytes]
) -> None:
    loud = together(disturbed, QUESTIONS, noises[:40])
    backwards = together(disturbed, QUESTIONS[::-1], noises[39::-1])
    assert [row[::-1] for row in backwards[::-1]] == loud
    for dialect, rung in (("responseSchema", 0), ("responseJsonSchema", 1), ("words", 3)):
        pack = dict(enumerate(noises[:40], start=200))
        rows = ask(disturbed, named(QUESTIONS, pack, rung=rung, dialect=dialect))
        found = [read_named(QUESTIONS, row, rung) for row in rows]
        assert [[row[i] for i in OF_LABELS] for row in found] == [
            [row[i] for i in OF_LABELS] for row in loud
        ]
    alone = [read_short(QUESTIONS, ask(disturbed, short(QUESTIONS, one))) for one in noises[:40]]
    assert [[row[i] for i in OF_LABELS] for row in alone] == [
        [row[i] for i in OF_LABELS] for row in loud
    ]


def test_questions_that_are_asked_alone_are_never_spoilt(
    disturbed: Desk, emulator: Desk, noises: list[bytes]
) -> None:
    for one in QUESTIONS:
        quiet = together(emulator, [one], noises)
        assert together(disturbed, [one], noises) == quiet
        assert [[value] for value in apart(disturbed, one, noises)] == quiet


def test_all_that_can_be_is_spoilt_at_most(emulator: Desk, noises: list[bytes]) -> None:
    with running_emulator(EmulatorConfig(interference=1)) as url:
        loud = together(Desk(url), QUESTIONS, noises[:100])
        header = Desk(url).send("/v1/models", method="GET")[2][HEADER]
    quiet = together(emulator, QUESTIONS, noises[:100])
    for one, other in zip(quiet, loud, strict=True):
        assert [a != b for a, b in zip(one, other, strict=True)] == [
            place in OF_LABELS for place in range(len(QUESTIONS))
        ]
    assert header == f"tierwise/{VERSION}; interference=1.0"


def test_other_interference_is_another_emulator(disturbed: Desk, emulator: Desk) -> None:
    headers = [desk.send("/emulator", method="GET")[2][HEADER] for desk in (emulator, disturbed)]
    assert headers == [f"tierwise/{VERSION}", f"tierwise/{VERSION}; interference=0.1"]
    assert disturbed.send("/emulator", method="GET")[1]["interference"] == SHARE
    plain, loud, unnamed = (Answerer(ServiceKind.EMULATOR, said) for said in (*headers, ""))
    assert plain.takes(unnamed)
    assert not loud.takes(unnamed)
    assert not loud.takes(plain)
    assert not plain.takes(loud)
    assert loud.takes(loud)
