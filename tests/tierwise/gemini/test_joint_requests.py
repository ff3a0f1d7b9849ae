"""Several questions about several pictures in a request: each ends once, and pays its part."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import ServiceKind
from tierwise.answering.question import question
from tierwise.answers.forms import Layout, label_names
from tierwise.answers.joint import FORMS, Joint
from tierwise.gemini.billing import Billing
from tierwise.gemini.compose import compose
from tierwise.gemini.reply import Reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import (
    Ask,
    Exchange,
    answers_of,
    by_image,
    form_of,
    is_checked,
    is_joint,
    numbers_of,
    settle,
)
from tierwise.images.picture import Picture
from tierwise.questions import as_written
from tierwise.records import (
    Answer,
    ImageFile,
    MediaResolution,
    Outcome,
    Page,
    ServiceTier,
    Spent,
    Usage,
)
from tierwise.routing import Decision
from tierwise.tasks import load_tasks

DAY = date(2026, 11, 21)
BILLING = Billing(Service(ServiceKind.EMULATOR))
TASKS = """
model: gemini-3.1-flash-lite
defaults: {images_per_request: 9}
tasks:
  colours: {prompt: "Which colours?", labels: [red, green, blue], multiple: true}
  name: {prompt: "Is {filename} a good name?", labels: ["yes", "no"]}
  shade: {prompt: "How light?", labels: [dark, bright]}
  thing:
    prompt: "What is there?"
    schema: {type: object, properties: {thing: {type: string, maxLength: 40}}, required: [thing]}
  title: {prompt: "A title?", text: {max_length: 40}}
"""
QUESTIONS = as_written(load_tasks(TASKS, path="tasks.yaml"))
VALUES: dict[str, Any] = {
    "colours": ("red", "blue"),
    "name": "no",
    "shade": "bright",
    "thing": {"thing": "a boat"},
    "title": "Boats",
}
Grid = Callable[..., tuple[Ask, ...]]


@pytest.fixture(scope="module")
def grid(draw: Callable[..., bytes]) -> Grid:
    """Questions about pictures, as a request has them."""
    data = draw(1)

    def build(images: int, names: Sequence[str], levels: Sequence[str] = ()) -> tuple[Ask, ...]:
        asks = list[Ask]()
        for number in range(images):
            size = 64 + 16 * number, 48
            picture = Picture(
                data,
                "image/jpeg",
                *size,
                *size,
                "jpeg",
                len(data),
                False,
                True,
                False,
                False,
                0,
                None,
            )
            file = ImageFile(f"{number}.jpg", "", 9, f"sha256:{number:064x}")
            for name in names:
                ask = question(QUESTIONS.task(name), file, Page(1, 1, *size, "jpeg"), {})
                if levels:
                    level = MediaResolution(levels[number % len(levels)])
                    route = replace(ask.route, media_resolution=level)
                    ask = replace(ask, decision=Decision(route, ""))
                asks.append(replace(ask, picture=picture))
        return tuple(asks)

    return build


def cells(asks: Sequence[Ask], image: int) -> list[Any]:
    """What a right reply says of one image."""
    answers = answers_of(asks)
    assert isinstance(answers, Joint)
    said = []
    for (name, answer), form in zip(answers.parts, answers.part_forms(form_of(asks)), strict=True):
        names: Sequence[Any] = label_names(answer.options(), form.labels, form.first_number)
        if form.layout is Layout.ROWS:
            names = [int(one) for one in names]
        called = dict(zip(answer.options(), names, strict=True))
        value = VALUES[name]
        if isinstance(value, tuple):
            said.append([called[one] for one in value])
        else:
            said.append(called[value] if called else value)
    del image
    return said


def text_of(asks: Sequence[Ask], kind: str) -> str:
    """A reply in the form of a request, spoilt in one way."""
    if not is_joint(asks):
        return _text_of_one_question(asks, kind)
    names = [ask.task.row_of for ask in by_image(asks)[0]]
    rows, form = [cells(asks, image) for image in range(len(by_image(asks)))], form_of(asks)
    if kind == "bad cell":
        rows[-1][-1] = {"none": 1}
    if kind == "short row":
        rows[0].pop()
        names = names[: len(rows[0])] if form.layout is Layout.NAMED else names
    if kind == "long row":
        rows[0].append(1)
    numbers = list(numbers_of(asks))
    if kind == "mixed numbers" and numbers:
        numbers[0] = numbers[-1]
    if form.layout is Layout.ROWS:
        whole: list[Any] = [[*numbers[place : place + 1], *row] for place, row in enumerate(rows)]
    else:
        whole = [dict(zip(names, row, strict=False)) for row in rows]
        if numbers:
            whole = [one | {"image": number} for one, number in zip(whole, numbers, strict=True)]
    if kind == "missing row" and numbers:
        whole = whole[1:]
    return json.dumps(whole if numbers else whole[0])


def _text_of_one_question(asks: Sequence[Ask], kind: str) -> str:
    value = VALUES[asks[0].task.name]
    value = list(value) if isinstance(value, tuple) else value
    spoilt = kind in ("bad cell", "short row", "long row")
    if len(asks) == 1:
        value = {"none": 1} if spoilt else value
        if isinstance(value, str):
            return value
        return "x" * 99 if spoilt and asks[0].task.name == "title" else json.dumps(value)
    items = [{"image": number, "answer": value} for number in range(1, len(asks) + 1)]
    if spoilt:
        items[0]["answer"] = {"none": 1}
    if kind == "missing row":
        items = items[1:]
    if kind == "mixed numbers":
        items[0]["image"] = len(asks)
    return json.dumps(items)


def exchange(asks: Sequence[Ask], kind: str, usage: Usage) -> Exchange:
    finish = kind if kind.isupper() else "STOP"
    block = "SAFETY" if kind == "blocked" else ""
    text = {"garbage": "[" * 60, "empty": ""}.get(kind) if kind in ("garbage", "empty") else None
    text = text_of(asks, kind) if text is None else text
    if kind == "MAX_TOKENS":
        text = text[: len(text) // 2]
    reply = Reply(text, finish, block, usage, "m-001", None)
    spent = BILLING.spent(asks[0].route.model, reply, ServiceTier.STANDARD, DAY)
    composed = compose(asks)
    shares = BILLING.shares(asks, composed.texts, reply, spent, tier=ServiceTier.STANDARD, on=DAY)
    return Exchange(
        reply=reply,
        shares=shares,
        service_tier=ServiceTier.STANDARD,
        latency_ms=5,
        asked_at="2026-11-21T12:00:00+00:00",
        baselines=BILLING.baselines(asks, composed.texts, shares, DAY),
        sent_bytes=composed.sent_bytes,
    )


KINDS = st.sampled_from(
    [
        *("good", "good", "bad cell", "short row", "long row", "missing row", "mixed numbers"),
        *("garbage", "empty", "blocked", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"),
    ]
)
NAMES = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5, unique=True).map(sorted)
USAGES = st.builds(
    lambda text, image, cached, output, thoughts: Usage(
        text + image, image, (text + image) * cached // 100, output, thoughts
    ),
    st.integers(0, 3000),
    st.integers(0, 9000),
    st.integers(0, 100),
    st.integers(0, 500),
    st.integers(0, 70),
)


@given(st.integers(1, 6), NAMES, st.sampled_from(FORMS), st.data())
def test_every_question_ends_once_and_all_money_is_accounted(
    grid: Grid, images: int, names: list[str], form: Any, data: st.DataObject
) -> None:
    first = grid(images, names)
    if len(names) > 1:
        first = tuple(replace(ask, form=replace(form, checked=images > 1)) for ask in first)
    waiting = [first]
    wanted = sorted(ask.request_id for ask in first)
    paid, wasted, ended = Spent(), Spent(), list[Outcome]()
    rounds = 0
    while waiting:
        rounds += 1
        asks = waiting.pop()
        found = exchange(asks, data.draw(KINDS), data.draw(USAGES))
        settled = settle(asks, found)
        paid = sum(found.shares, paid)
        wasted = sum((spent for _, spent in settled.wasted), wasted)
        waiting += settled.again
        ended += settled.outcomes
        for again in settled.again:
            assert all(len(one) == len(by_image(again)[0]) for one in by_image(again))
    # Halving asks each image twice at most, then each question by itself, at most three times.
    assert rounds <= 2 * images + 4 * images * len(names)
    assert sorted(outcome.request_id for outcome in ended) == wanted
    total = sum((o.spent + o.wasted for o in ended), Spent())
    mixed_up = sum(o.wasted.mixed_up for o in ended)
    assert replace(total, mixed_up=0, checked=0) == replace(paid, mixed_up=0, checked=0)
    assert replace(wasted, mixed_up=0) == replace(
        sum((o.wasted for o in ended), Spent()), mixed_up=0
    )
    assert wasted.mixed_up == mixed_up
    for outcome in ended:
        if isinstance(outcome, Answer):
            assert outcome.value == VALUES[outcome.task]
            assert set(outcome.asked_with) <= set(names) - {outcome.task}


@pytest.mark.parametrize(
    ("kind", "kept", "again"),
    [
        ("good", 9, []),
        ("bad cell", 8, [1]),
        ("short row", 6, [3]),
        ("long row", 6, [3]),
        ("missing row", 6, [3]),
        ("mixed numbers", 0, [6, 3]),
        ("garbage", 0, [6, 3]),
        ("MAX_TOKENS", 0, [6, 3]),
        ("RECITATION", 0, [6, 3]),
        ("SAFETY", 0, [6, 3]),
        ("blocked", 0, [6, 3]),
        ("empty", 0, [6, 3]),
    ],
)
def test_a_pack_of_questions_is_narrowed_by_its_pictures(
    grid: Grid, kind: str, kept: int, again: list[int]
) -> None:
    asks = grid(3, ["name", "shade", "title"])
    settled = settle(asks, exchange(asks, kind, Usage(900, 700, 0, 60)))
    assert len(settled.outcomes) == kept
    assert [len(one) for one in settled.again] == again
    assert all(ask.form is None for one in settled.again if len(one) == 1 for ask in one)


@pytest.mark.parametrize("kind", ["garbage", "MAX_TOKENS", "RECITATION", "SAFETY", "empty"])
def test_one_picture_is_then_asked_question_by_question(grid: Grid, kind: str) -> None:
    asks = tuple(replace(ask, form=FORMS[1]) for ask in grid(1, ["name", "shade", "title"]))
    settled = settle(asks, exchange(asks, kind, Usage(900, 700, 0, 60)))
    assert settled.outcomes == ()
    assert [[ask.task.name for ask in one] for one in settled.again] == [
        ["name"],
        ["shade"],
        ["title"],
    ]
    for (ask,) in settled.again:
        assert (ask.form, ask.asked_again, ask.limit_raised) == (None, False, False)
        last = settle([ask], exchange([ask], "SAFETY", Usage(90, 70, 0, 6)))
        assert len(last.outcomes) == 1


def test_what_asks_one_picture_is_not_counted_as_a_checked_pack(grid: Grid) -> None:
    form = replace(FORMS[0], checked=True)
    several = tuple(replace(ask, form=form) for ask in grid(2, ["name", "shade"]))
    assert is_checked(several)
    assert not is_checked(several[:2])


def test_two_names_of_one_content_are_two_images(grid: Grid) -> None:
    first, second = grid(2, ["name"])
    twins = (first, replace(second, content_hash=first.content_hash))
    assert not is_joint(twins)
    assert [len(one) for one in by_image(twins)] == [1, 1]
    settled = settle(twins, exchange(twins, "good", Usage(900, 700, 0, 60)))
    assert len(settled.outcomes) == 2
    pairs = grid(3, ["name", "shade"])
    asks = tuple(replace(ask, content_hash=first.content_hash) for ask in pairs)
    assert [len(one) for one in by_image(asks)] == [2, 2, 2]
    assert len(set(numbers_of(asks))) == 3
    settled = settle(asks, exchange(asks, "good", Usage(900, 700, 0, 60)))
    assert len(settled.outcomes) == 6


FIELDS = ("input_tokens", "image_tokens", "cached_tokens", "output_tokens", "thought_tokens")
LEVELS = st.sampled_from([(), ("low", "high"), ("low", "medium", "high"), ("high",)])


def shares_of(asks: Sequence[Ask], kind: str, usage: Usage, *, known: bool) -> tuple[Spent, ...]:
    text = "" if kind == "empty" else text_of(asks, kind)
    reply = Reply(text, "STOP", "", usage, "m-001", None)
    spent = (
        BILLING.spent(asks[0].route.model, reply, ServiceTier.STANDARD, DAY)
        if known
        else Spent(usage, maybe_billed=123_457, requests=1, checked=1)
    )
    texts = compose(asks).texts
    shares = BILLING.shares(asks, texts, reply, spent, tier=ServiceTier.STANDARD, on=DAY)
    assert sum(shares, Spent()) == spent
    return shares


@given(
    st.integers(1, 6),
    NAMES.filter(lambda names: len(names) > 1),
    LEVELS,
    st.sampled_from(["good", "bad cell", "short row", "empty", "mixed numbers"]),
    USAGES,
    st.booleans(),
    st.data(),
)
def test_parts_add_up_and_do_not_depend_on_the_order(
    grid: Grid,
    images: int,
    names: list[str],
    levels: tuple[str, ...],
    kind: str,
    usage: Usage,
    known: bool,
    data: st.DataObject,
) -> None:
    asks = grid(images, names, levels)
    usage = usage if known else Usage()
    shares = shares_of(asks, kind, usage, known=known)
    for share in shares:
        assert min(getattr(share.usage, name) for name in FIELDS) >= 0
        assert min(share.cost, share.maybe_billed, share.requests, share.checked) >= 0
        assert share.usage.cached_tokens <= share.usage.input_tokens
        assert share.usage.image_tokens <= share.usage.input_tokens
    mixed = data.draw(st.permutations(by_image(asks)))
    others = tuple(ask for one in mixed for ask in one)
    if kind in ("good", "empty"):  # the other kinds spoil a certain place
        again = shares_of(others, kind, usage, known=known)
        by_id = {ask.request_id: share for ask, share in zip(others, again, strict=True)}
        assert [by_id[ask.request_id] for ask in asks] == list(shares)


@given(st.integers(1, 5), NAMES.filter(lambda names: len(names) > 1), USAGES)
def test_a_picture_is_paid_by_its_questions_in_equal_parts(
    grid: Grid, images: int, names: list[str], usage: Usage
) -> None:
    shares = shares_of(grid(images, names), "good", usage, known=True)
    parts = [share.usage.image_tokens for share in shares]
    assert max(parts) - min(parts) <= 2
    for start in range(0, len(parts), len(names)):
        of_picture = parts[start : start + len(names)]
        assert max(of_picture) - min(of_picture) <= 1


def test_unequal_pictures_are_told_apart_by_the_documented_rule(grid: Grid) -> None:
    shares = shares_of(
        grid(2, ["name", "shade"], ("low", "high")), "good", Usage(1500, 1400, 0, 9), known=True
    )
    tokens = [share.usage.image_tokens for share in shares]
    low, high = sum(tokens[:2]), sum(tokens[2:])
    assert low + high == 1400
    assert 3.5 < high / low < 4.5


def test_longer_answers_and_questions_pay_more(grid: Grid) -> None:
    asks = grid(1, ["shade", "thing"])
    shade, thing = shares_of(asks, "good", Usage(400, 260, 0, 30), known=True)
    assert shade.usage.output_tokens < thing.usage.output_tokens
    assert shade.usage.input_tokens > thing.usage.input_tokens  # which has no labels to list


@given(st.integers(1, 6), NAMES, st.sampled_from(FORMS), LEVELS)
def test_what_a_request_may_cost_is_no_less_than_its_parts_would_come_to(
    grid: Grid, images: int, names: list[str], form: Any, levels: tuple[str, ...]
) -> None:
    asks = grid(images, names, levels)
    if len(names) > 1:
        asks = tuple(replace(ask, form=replace(form, checked=True)) for ask in asks)
    body = compose(asks).body
    limit = body["generationConfig"]["maxOutputTokens"]
    text = sum(len(p["text"].encode()) for p in body["contents"][0]["parts"] if "text" in p)
    budgets = {"low": 280, "medium": 560, "high": 1120}
    pictures = sum(budgets[str(one[0].route.media_resolution)] for one in by_image(asks))
    worst = Usage(text + pictures, pictures, 0, limit)
    reply = Reply("", "STOP", "", worst, "", None)
    cost = BILLING.spent(asks[0].route.model, reply, ServiceTier.STANDARD, DAY).cost
    assert BILLING.worst_case(asks, DAY) >= cost
    # The longest right reply ends within the limit.
    if len(names) > 1:
        assert len(text_of(asks, "good")) // 4 <= limit
