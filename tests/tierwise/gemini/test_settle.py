"""What a reply means for each image: no image lost, no nano-dollar lost, and an end in sight."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.reply import Reply
from tierwise.gemini.settle import Ask, Exchange, Settled, checks_of, form_of, settle
from tierwise.journal.lines import Entry
from tierwise.journal.recalled import recall
from tierwise.records import Answer, Failure, Outcome, Reason, ServiceTier, Spent, Usage


def exchange(
    images: int, text: str = "", *, finish: str = "STOP", block: str = "", cost: int = 1000
) -> Exchange:
    usage = Usage(100 * images + 7, 90 * images, 0, 11, 3)
    return Exchange(
        reply=Reply(text, finish, block, usage, "m-001", None),
        shares=Spent(usage, cost, requests=1).shares(images),
        service_tier=ServiceTier.STANDARD,
        latency_ms=5,
        asked_at="2026-11-20T12:00:00+00:00",
        baselines=[2000] * images,
        sent_bytes=[500] * images,
    )


def items(answers: dict[int, Any]) -> str:
    return json.dumps([{"image": image, "answer": value} for image, value in answers.items()])


def ends(settled: Settled) -> list[str]:
    return [o.value if isinstance(o, Answer) else str(o.reason) for o in settled.outcomes]


def sizes(settled: Settled) -> list[int]:
    return [len(again) for again in settled.again]


SINGLE = [
    ("bright", "STOP", "", ["bright"], []),
    ("bright", "", "", ["bright"], []),
    ("green", "STOP", "", [], [1]),
    ("", "STOP", "", [], [1]),
    ("", "OTHER", "", [], [1]),
    ("", "", "OTHER", [], [1]),
    ("bri", "MAX_TOKENS", "", [], [1]),
    ("", "SAFETY", "", ["blocked_answer"], []),
    ("bright", "SOMETHING_NEW", "", [], [1]),
    ("", "", "PROHIBITED_CONTENT", ["blocked_prompt"], []),
]
PACK = [
    (items({1: "dark", 2: "bright", 3: "dark"}), "STOP", "", ["dark", "bright", "dark"], []),
    (items({3: "dark", 1: "bright", 2: "dark"}), "STOP", "", ["bright", "dark", "dark"], []),
    (items({1: "dark", 3: "dark"}), "STOP", "", ["dark", "dark"], [1]),
    (items({1: "dark", 2: "green", 3: "dark"}), "STOP", "", ["dark", "dark"], [1]),
    (items({1: "dark", 2: "dark", 3: "dark", 4: "dark"}), "STOP", "", [], [2, 1]),
    (items({0: "dark", 1: "dark", 2: "dark"}), "STOP", "", [], [2, 1]),
    (items({1: "dark"})[:-4], "STOP", "", [], [2, 1]),
    ("[]", "STOP", "", [], [1, 1, 1]),
    (items({1: "dark"}), "MAX_TOKENS", "", [], [2, 1]),
    ("", "RECITATION", "", [], [2, 1]),
    ("", "", "IMAGE_SAFETY", [], [2, 1]),
]


@pytest.mark.parametrize(
    ("images", "text", "finish", "block", "outcomes", "again"),
    [*((1, *case) for case in SINGLE), *((3, *case) for case in PACK)],
)
def test_each_reply_settles_what_it_says(
    ask_of: Callable[..., Ask],
    images: int,
    text: str,
    finish: str,
    block: str,
    outcomes: list[str],
    again: list[int],
) -> None:
    asks = [ask_of(number) for number in range(images)]
    settled = settle(asks, exchange(images, text, finish=finish, block=block))
    assert (ends(settled), sizes(settled)) == (outcomes, again)


def test_an_item_twice_makes_the_reply_unusable(ask_of: Callable[..., Ask]) -> None:
    text = json.dumps([{"image": 1, "answer": "dark"}] * 2 + [{"image": 2, "answer": "bright"}])
    settled = settle([ask_of(0), ask_of(1)], exchange(2, text))
    assert (ends(settled), sizes(settled)) == ([], [1, 1])


@pytest.mark.parametrize("mixed_up", [False, True])
def test_a_checked_pack_is_taken_when_its_items_repeat_their_words(
    ask_of: Callable[..., Ask], *, mixed_up: bool
) -> None:
    asks = [ask_of(number) for number in range(3)]
    form = replace(form_of(asks), checked=True)
    asks = [replace(ask, form=form) for ask in asks]
    words = [*checks_of(asks)]
    told = [*words[1:], words[0]] if mixed_up else words
    reply = [
        {"image": number, "check": word, "answer": "dark"}
        for number, word in enumerate(told, start=1)
    ]
    settled = settle(asks, exchange(3, json.dumps(reply)))
    assert (ends(settled), sizes(settled)) == (([], [2, 1]) if mixed_up else (["dark"] * 3, []))
    wasted = sum((spent for _, spent in settled.wasted), Spent())
    assert (wasted.mixed_up, wasted.cost) == ((1, 1000) if mixed_up else (0, 0))
    assert sum(ask.wasted.mixed_up for again in settled.again for ask in again) == int(mixed_up)


def test_only_the_second_invalid_answer_is_final(ask_of: Callable[..., Ask]) -> None:
    first = settle([ask_of()], exchange(1, "green"))
    ((again,),) = first.again
    assert again.asked_again
    second = settle([again], exchange(1, "green"))
    (failure,) = second.outcomes
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.INVALID_ANSWER
    assert "green" in failure.message
    assert (failure.spent.cost, failure.wasted.cost) == (1000, 1000)


@pytest.mark.parametrize(
    ("finish", "block", "reason"),
    [
        ("OTHER", "", Reason.BLOCKED_ANSWER),
        ("RECITATION", "", Reason.BLOCKED_ANSWER),
        ("", "OTHER", Reason.BLOCKED_PROMPT),
        ("STOP", "", Reason.INVALID_ANSWER),
    ],
)
def test_what_is_no_verdict_is_asked_once_more_and_left_to_the_next_run(
    ask_of: Callable[..., Ask], finish: str, block: str, reason: Reason
) -> None:
    ((again,),) = settle([ask_of()], exchange(1, "", finish=finish, block=block)).again
    (failure,) = settle([again], exchange(1, "", finish=finish, block=block)).outcomes
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.may_pass) == (reason, True)
    assert "the next run asks again" in failure.message
    content = again.content_hash
    told = recall([Entry("earlier", content, again.request_id, failure=failure)], run_id="now")
    assert told.outcomes == {}


def test_a_verdict_about_the_picture_is_final(ask_of: Callable[..., Ask]) -> None:
    ask = ask_of()
    (failure,) = settle([ask], exchange(1, "", finish="PROHIBITED_CONTENT")).outcomes
    assert isinstance(failure, Failure)
    entries = [Entry("earlier", ask.content_hash, ask.request_id, failure=failure)]
    assert ask.request_id in recall(entries, run_id="now").outcomes


def test_a_cut_answer_gets_more_room_once(ask_of: Callable[..., Ask]) -> None:
    ask = ask_of()
    ((again,),) = settle([ask], exchange(1, "bri", finish="MAX_TOKENS")).again
    assert again.max_output_tokens == 4 * ask.max_output_tokens
    (failure,) = settle([again], exchange(1, "bri", finish="MAX_TOKENS")).outcomes
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TRUNCATED
    assert "max_output_tokens" in failure.message


def test_an_answer_says_where_it_comes_from(ask_of: Callable[..., Ask]) -> None:
    ask = ask_of(attempts=2, wasted=Spent(cost=5, requests=1))
    (answer,) = settle([ask], exchange(1, "dark")).outcomes
    assert isinstance(answer, Answer)
    assert (answer.value, answer.model_version, answer.attempts) == ("dark", "m-001", 2)
    assert (answer.spent.cost, answer.wasted.cost, answer.baseline) == (1000, 5, 2000)
    assert (answer.sent.width, answer.sent.height, answer.images_in_request) == (64, 48, 1)
    assert answer.spent == exchange(1).shares[0]


REPLIES = st.sampled_from(
    ["good", "bad item", "missing", "garbage", "MAX_TOKENS", "SAFETY", "OTHER", "block"]
)


def reply_to(kind: str, asks: Sequence[Ask], cost: int) -> Exchange:
    count = len(asks)
    finish = kind if kind.isupper() else "STOP"
    block = "SAFETY" if kind == "block" else ""
    if count == 1:
        text = {"good": "dark"}.get(kind, "?")
    else:
        answers = dict.fromkeys(range(1, count + 1), "dark")
        if kind == "bad item":
            answers[count] = "green"
        if kind == "missing":
            del answers[1]
        text = "[{" if kind == "garbage" else items(answers)
    return exchange(count, text, finish=finish, block=block, cost=cost)


@given(st.integers(1, 9), st.data())
def test_every_image_ends_once_and_all_money_is_accounted(
    ask_of: Callable[..., Ask], images: int, data: st.DataObject
) -> None:
    waiting: list[tuple[Ask, ...]] = [tuple(ask_of(number) for number in range(images))]
    wanted = sorted(ask.request_id for ask in waiting[0])
    paid, wasted, ended = Spent(), Spent(), list[Outcome]()
    rounds = 0
    while waiting:
        rounds += 1
        asks = waiting.pop()
        found = reply_to(data.draw(REPLIES), asks, cost=data.draw(st.integers(0, 10_000)))
        settled = settle(asks, found)
        paid = sum(found.shares, paid)
        wasted = sum((spent for _, spent in settled.wasted), wasted)
        waiting += settled.again
        ended += settled.outcomes
    # Halving takes 2n - 1 requests; an image alone is asked at most twice more.
    assert rounds <= 4 * images
    assert sorted(outcome.request_id for outcome in ended) == wanted
    assert sum((o.spent + o.wasted for o in ended), Spent()) == paid
    # The journal hears of each waste on its own, and it is the waste that the outcomes carry.
    assert sum((o.wasted for o in ended), Spent()) == wasted
