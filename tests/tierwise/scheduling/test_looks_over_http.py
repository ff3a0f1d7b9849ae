"""Several questions about a picture in one request, asked of a server that knows none of our code.

Whatever it replies, every question of every picture ends once, with the answer that it would have
by itself or with a failure, and the journal holds to the nano-dollar what the server has billed.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.strict_gemini import Seen, StrictGemini, foretold, painted, strict_gemini
from tests.tierwise.scheduling.shard_desk import ShardDesk
from tierwise.accounts.admission import Purse
from tierwise.answering.answer_file import answer_file
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.recalled_file import recalled_file
from tierwise.gemini.billing import Billing
from tierwise.records import Answer, Answered, Failure, ImageFile, Outcome, Reason, Spent
from tierwise.scheduling.answer_shard import Waiting, answer_shard
from tierwise.scheduling.window import Window
from tierwise.scheduling.worst_cases import WorstCases

SHADE = {"enum": ["dark", "bright", "grey"]}
COLOURS = {"type": "array", "items": {"enum": ["red", "green", "blue"]}}
SIZE = {"enum": ["1", "2", "3", "4", "5", "6", "7", "8"]}
FACTS = {
    "type": "object",
    "properties": {"moves": {"type": "boolean"}, "what": {"type": "string"}},
}
TITLE = {"type": "string"}
ANSWERS: Mapping[str, Any] = {
    "shade": SHADE,
    "colours": COLOURS,
    "size": SIZE,
    "facts": FACTS,
    "title": TITLE,
}
WRITTEN = {
    "shade": "{prompt: '<shade> How light?', labels: [dark, bright, grey]MORE}",
    "colours": "{prompt: '<colours> Which?', labels: [red, green, blue], multiple: trueMORE}",
    "size": "{prompt: '<size> How large?', labels: ['1', '2', '3', '4', '5', '6', '7', '8']MORE}",
    "facts": (
        "{prompt: '<facts> What is so?', schema: {type: object, properties: "
        "{moves: {type: boolean}, what: {type: string, maxLength: 20}}, required: [moves]}MORE}"
    ),
    "title": "{prompt: '<title> A title?', text: {max_length: 30}MORE}",
}
ALL = tuple(WRITTEN)


def tasks(*names: str, pack: int = 1, top: str = "", **more: str) -> str:
    """A tasks file with these; `more` has further keys of one of them."""
    lines = ["model: gemini-3.1-flash-lite", top, f"defaults: {{images_per_request: {pack}}}"]
    lines.append("tasks:")
    for name in names or ALL:
        extra = f", {more[name]}" if name in more else ""
        lines.append(f"  {name}: {WRITTEN[name].replace('MORE', extra)}")
    return "\n".join(filter(None, lines))


class Desk(ShardDesk):
    """Answers one shard, with a window or within a purse."""

    def answer(
        self,
        written: str,
        files: Sequence[ImageFile],
        run: str = "run-1",
        *,
        purse: int | None = None,
        **plan: Any,
    ) -> list[Answered]:
        with self.engine(written, run, **plan) as engine:
            asked = QuestionsAsked(engine.plan.journal.read(""))
            if purse is None:
                found = [
                    recalled_file(file, file.content_hash, engine.plan, asked) for file in files
                ]
                window = Window[Answered](engine, engine.rooms.images)
                done = [one for one in found if one]
                for file, known in zip(files, found, strict=True):
                    if known is None:
                        life = answer_file(file, file.content_hash, window.session, asked)
                        done += window.add(life, file.uri)
                return [*done, *window.drain()]
            today = datetime.now(UTC).date()
            worst = WorstCases(engine.plan.questions, Billing(engine.plan.service), today)
            waves = engine.waves(Purse(max(0, purse - asked.recalled.paid)))
            waiting = [
                Waiting(
                    file.uri,
                    partial(answer_file, file, file.content_hash, waves, asked),
                    worst.of_file(file, asked.recalled),
                )
                for file in sorted(files, key=lambda file: file.content_hash)
            ]
            return engine.submit(answer_shard(waiting, [], waves)).result(timeout=60).files


@pytest.fixture(scope="module")
def serving() -> Iterator[StrictGemini]:
    with strict_gemini() as gemini:
        yield gemini


@pytest.fixture
def strict(serving: StrictGemini) -> StrictGemini:
    serving.forget()
    return serving


@pytest.fixture
def desk(tmp_path: Path, strict: StrictGemini) -> Desk:
    return Desk(tmp_path / "journal", strict.url)


def file_of(folder: Path, number: int, name: str = "", **columns: Any) -> ImageFile:
    name = name or f"{number}.jpg"
    path, data = folder / name, painted(number)
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return ImageFile(name, str(path), len(data), f"sha256:{digest}", columns)


@pytest.fixture
def pictures(tmp_path: Path) -> Any:
    return lambda count, first=0: [
        file_of(tmp_path, 5 + 37 * n) for n in range(first, first + count)
    ]


def number_of(uri: str) -> int:
    return int(uri.partition(".")[0].partition("-")[0])


def outcomes(done: Sequence[Answered]) -> dict[tuple[str, str, int], Outcome]:
    found: dict[tuple[str, str, int], Outcome] = {}
    for one in done:
        for outcome in one.outcomes:
            key = one.uri, outcome.task, outcome.page.number
            assert key not in found
            found[key] = outcome
    return found


def check(done: Sequence[Answered], files: Sequence[ImageFile], names: Sequence[str]) -> int:
    """Every question has one outcome, and each answer is the one foretold; how many there are."""
    found = outcomes(done)
    assert set(found) == {(file.uri, name, 1) for file in files for name in names}
    answers = 0
    for (uri, name, _), outcome in found.items():
        if isinstance(outcome, Answer):
            answers += 1
            value = list(outcome.value) if isinstance(outcome.value, tuple) else outcome.value
            assert value == foretold(number_of(uri), name, ANSWERS[name])
    return answers


def spent_on(done: Sequence[Answered]) -> Spent:
    """All that was paid, for first asks of those in doubt too."""
    every = list(outcomes(done).values())
    every += [outcome.first for outcome in every if outcome.first]
    return sum((o.spent + o.wasted for o in every), Spent())


def check_money(desk: Desk, strict: StrictGemini, done: Sequence[Answered]) -> None:
    spent = spent_on(done)
    assert strict.broken == []
    assert spent.cost == strict.billed
    assert desk.paid() == spent.cost_at_worst
    silent = ("no usage", "drop")
    assert spent.requests == sum(one.status == 200 or one.fault == "drop" for one in strict.seen)
    assert bool(spent.maybe_billed) == any(one.fault in silent for one in strict.seen)


@pytest.mark.parametrize("purse", [None, 10**9])
@pytest.mark.parametrize(
    ("count", "pack", "requests"), [(1, 1, 1), (3, 1, 3), (3, 3, 1), (7, 3, 3), (40, 20, 2)]
)
def test_all_questions_about_a_picture_or_a_pack_are_one_request(
    desk: Desk,
    strict: StrictGemini,
    pictures: Any,
    count: int,
    pack: int,
    requests: int,
    purse: int | None,
) -> None:
    files, written = pictures(count), tasks(pack=pack)
    done = desk.answer(written, files, purse=purse)
    assert check(done, files, ALL) == count * len(ALL)
    check_money(desk, strict, done)
    assert len(strict.seen) == requests
    assert all(sorted(one.questions) == sorted(ALL) for one in strict.seen)
    for outcome in outcomes(done).values():
        assert isinstance(outcome, Answer)
        assert set(outcome.asked_with) == set(ALL) - {outcome.task}
        assert outcome.images_in_request <= pack
    again = desk.answer(written, files, "run-2", purse=purse)
    assert check(again, files, ALL) == count * len(ALL)
    assert len(strict.seen) == requests
    assert spent_on(again) == Spent()


SPOILT = ["bad cell", "short", "long", "swap", "missing", "stranger", "twice", "shifted", "garbage"]
WHOLE = ["RECITATION", "OTHER", "block OTHER", "empty", "cut"]


@pytest.mark.parametrize("purse", [None, 10**9])
@pytest.mark.parametrize("pack", [1, 4])
@pytest.mark.parametrize("fault", [*SPOILT, *WHOLE])
def test_what_spoils_joint_replies_costs_no_answer(
    desk: Desk, strict: StrictGemini, pictures: Any, fault: str, pack: int, purse: int | None
) -> None:
    files = pictures(5)
    strict.fault = lambda seen: fault if seen.joint else ""
    done = desk.answer(tasks(pack=pack), files, purse=purse)
    check_money(desk, strict, done)
    assert check(done, files, ALL) == 5 * len(ALL)
    asked = len(strict.seen)
    # What is asked again because its own answer was amiss is asked alone.
    apart = [o for o in outcomes(done).values() if isinstance(o, Answer) and not o.asked_with]
    # What is amiss with a whole row, or a whole pack, is asked again as a whole.
    only_of_packs = fault in ("stranger", "shifted", "twice", "missing")
    assert bool(apart) == (not only_of_packs)
    assert len(desk.answer(tasks(pack=pack), files, "run-2", purse=purse)) == 5
    assert len(strict.seen) == asked


def test_one_spoilt_cell_is_asked_alone_and_the_rest_kept(
    desk: Desk, strict: StrictGemini, pictures: Any
) -> None:
    files = pictures(4)
    strict.fault = lambda seen: "bad cell" if seen.joint else ""
    done = desk.answer(tasks(pack=4), files)
    assert check(done, files, ALL) == 4 * len(ALL)
    assert [len(one.questions) for one in strict.seen] == [5, 1]
    assert [len(one.pictures) for one in strict.seen] == [4, 1]
    alone = [o for o in outcomes(done).values() if isinstance(o, Answer) and not o.asked_with]
    assert len(alone) == 1
    check_money(desk, strict, done)


def test_a_refusal_of_everything_is_asked_apart_and_then_fails(
    desk: Desk, strict: StrictGemini, pictures: Any
) -> None:
    files = pictures(2)
    strict.fault = lambda _: "SAFETY"
    done = desk.answer(tasks("shade", "size", pack=2), files)
    reasons = {o.reason for o in outcomes(done).values() if isinstance(o, Failure)}
    assert reasons == {Reason.BLOCKED_ANSWER}
    assert Counter((len(one.pictures), len(one.questions)) for one in strict.seen) == {
        (2, 2): 1,
        (1, 2): 2,
        (1, 1): 4,
    }
    check_money(desk, strict, done)
    desk.answer(tasks("shade", "size", pack=2), files, "run-2")
    assert len(strict.seen) == 7  # it was a verdict


@pytest.mark.parametrize("purse", [None, 10**9])
@pytest.mark.parametrize("pack", [1, 4])
@pytest.mark.parametrize(
    "refuses",
    [
        {"prefixItems"},
        {"prefixItems", "responseJsonSchema"},
        {"responseJsonSchema", "responseSchema"},
    ],
)
def test_the_ladder_of_forms_ends_in_words(
    desk: Desk,
    strict: StrictGemini,
    pictures: Any,
    refuses: set[str],
    pack: int,
    purse: int | None,
) -> None:
    strict.refuses = refuses
    files = pictures(9)
    done = desk.answer(tasks(pack=pack), files, purse=purse, requests_in_flight=1)
    assert check(done, files, ALL) == 9 * len(ALL)
    check_money(desk, strict, done)
    assert len(strict.answered) == -(-9 // pack)
    # A refusal costs nothing; what was on its way already is refused as well.
    rungs = 3 if "responseSchema" in refuses else len(refuses)
    assert rungs <= len(strict.seen) - len(strict.answered) <= rungs * len(strict.answered)
    assert {one.dialect for one in strict.answered} == {
        ("responseJsonSchema", "responseSchema", "words")[rungs - 1]
    }


def test_where_no_form_is_taken_questions_are_asked_apart(
    desk: Desk, strict: StrictGemini, pictures: Any
) -> None:
    strict.fault = lambda seen: "schema" if seen.joint else ""
    files = pictures(8)
    done = desk.answer(tasks(pack=4), files)
    assert check(done, files, ALL) == 8 * len(ALL)
    check_money(desk, strict, done)
    assert not any(seen.joint for seen in strict.answered)
    assert len(strict.answered) == len(ALL) * 8 // 4  # each by itself, in packs as before


def drawn_fault(kinds: Sequence[str], rate: float, seed: int) -> Callable[[Seen], str]:
    """The same fault for the same request the first time, and another one when it comes again."""
    times = Counter[object]()

    def fault(seen: Seen) -> str:
        key = seen.pictures, seen.questions
        times[key] += 1
        drawn = random.Random(f"{seed} {key} {times[key]}")
        return drawn.choice(kinds) if kinds and drawn.random() < rate else ""

    return fault


KINDS = [*SPOILT, *WHOLE, "SAFETY", "drop", "no usage", "schema", "image", "busy", "thoughts"]


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink what fails takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    names=st.lists(st.sampled_from(ALL), min_size=1, unique=True),
    kinds=st.lists(st.sampled_from(KINDS), max_size=4, unique=True),
    rate=st.sampled_from([0.2, 0.6]),
    seed=st.integers(0, 10**6),
    pack=st.sampled_from([1, 2, 5]),
    count=st.integers(1, 6),
    purse=st.sampled_from([None, 10**9, 500_000, 1_500_000]),
    refuses=st.sampled_from([set(), {"prefixItems"}, {"responseJsonSchema", "responseSchema"}]),
    apart=st.sampled_from(["", "shade", "title"]),
)
def test_whatever_comes_back_every_question_ends_once_and_the_bill_is_the_journals(
    desk: Desk,
    strict: StrictGemini,
    pictures: Any,
    names: list[str],
    kinds: list[str],
    rate: float,
    seed: int,
    pack: int,
    count: int,
    purse: int | None,
    refuses: set[str],
    apart: str,
) -> None:
    desk.forget()
    strict.forget()
    files = pictures(count)
    written = tasks(*names, pack=pack, **({apart: "together: false"} if apart else {}))
    strict.fault, strict.refuses = drawn_fault(kinds, rate, seed), refuses
    done = desk.answer(written, files, purse=purse)
    check(done, files, names)
    check_money(desk, strict, done)
    if purse is not None:
        assert strict.billed <= spent_on(done).cost_at_worst <= purse
    left = sum(isinstance(o, Failure) for o in outcomes(done).values())
    before = len(strict.seen)
    strict.fault = lambda _: ""
    again = desk.answer(written, files, "run-2")
    verdicts = {Reason.BLOCKED_ANSWER, Reason.BLOCKED_PROMPT, Reason.REJECTED}
    verdicts |= {Reason.INVALID_ANSWER, Reason.TRUNCATED}
    for key, outcome in outcomes(again).items():
        assert isinstance(outcome, Answer) or outcome.reason in verdicts
        known = outcomes(done)[key]
        if isinstance(known, Answer):
            assert isinstance(outcome, Answer)
            assert (outcome.value, outcome.reused) == (known.value, True)
    assert check(again, files, names) >= count * len(names) - left
    if not left:
        assert len(strict.seen) == before
    third = len(strict.seen)
    desk.answer(written, files, "run-3")
    assert len(strict.seen) == third
