"""Contact sheets over the wire: what is sent, what is billed, and who is to blame."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tierwise.gemini.test_asker import Desk, check_account
from tierwise.answerer import ServiceKind
from tierwise.contact_sheets import layout_of
from tierwise.gemini.billing import Billing
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose, may_share
from tierwise.gemini.reply import read_reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.gemini.sheets import by_picture, draw_sheets
from tierwise.records import Answer, Failure, MediaResolution, Reason, ServiceTier
from tierwise.tiers import image_tokens
from tierwise.wording import request_id

MODEL = "gemini-3.1-flash-lite"
TODAY = datetime.now(UTC).date()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sheet_of(asks: Sequence[Ask]) -> str:
    """The hash of the picture that these images are sent as."""
    if len(asks) == 1:
        return sha256(asks[0].picture.data if asks[0].picture else b"")
    (sheet,) = draw_sheets(asks)
    return sha256(sheet.data)


def test_four_images_on_a_sheet_are_one_picture_of_its_tokens(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number, sheet=4, pack=4) for number in range(4)]
    outcomes = Desk(gemini.url).ask(asks, pack=4)
    (request,) = gemini.requests()
    (sheet,) = draw_sheets(asks)
    assert request["images"] == [sha256(sheet.data)]
    tokens = image_tokens(MODEL, MediaResolution.LOW, *layout_of([(64, 48)] * 4).size)
    usages = [outcome.spent.usage for outcome in outcomes if isinstance(outcome, Answer)]
    assert sum(usage.image_tokens for usage in usages) == tokens <= 280
    assert {outcome.images_in_request for outcome in outcomes if isinstance(outcome, Answer)} == {4}
    sent = [outcome.sent for outcome in outcomes if isinstance(outcome, Answer)]
    assert {(one.width, one.height) for one in sent} == {(64, 48)}
    assert sum(one.bytes for one in sent) == len(sheet.data)
    check_account(gemini, asks, outcomes)


def test_images_are_told_apart_as_they_are_alone(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    alone = Desk(gemini.url).ask([ask_of(number) for number in range(16)])
    asks = [ask_of(number, sheet=8, pack=16) for number in range(16)]
    gemini.reset()
    packed = {one.request_id: one for one in Desk(gemini.url).ask(asks, pack=16)}
    (request,) = gemini.requests()
    assert len(request["images"]) == 2
    values = [packed[ask.request_id] for ask in asks]
    labels = {one.request_id: one.value for one in alone if isinstance(one, Answer)}
    wanted = [labels[ask_of(number).request_id] for number in range(16)]
    assert [one.value for one in values if isinstance(one, Answer)] == wanted
    assert len(set(wanted)) == 2


def test_the_words_say_where_each_image_is(ask_of: Callable[..., Ask]) -> None:
    asks = [ask_of(number, sheet=4, pack=8) for number in range(7)]
    body = compose(asks, draw_sheets(asks)).body
    texts = [part["text"] for part in body["contents"][0]["parts"] if "text" in part]
    assert texts[-2].splitlines() == [
        "Images 1 to 4 on one sheet: 2 rows and 2 columns, each image below its number.",
        *(f'Image {number}: filename: "{number - 1}.jpg"' for number in range(1, 5)),
    ]
    assert texts[-1].startswith("Images 5 to 7 on one sheet: 2 rows and 2 columns")
    assert "sheet" not in "".join(compose(asks[:1]).texts)


@pytest.mark.parametrize("kind", ["blocked_prompt", "blocked_answer", "bad_image", "max_tokens"])
def test_the_image_to_blame_is_found_and_alone_it_is_no_sheet(
    gemini: Any, ask_of: Callable[..., Ask], kind: str
) -> None:
    asks = [ask_of(number, sheet=8) for number in range(8)]
    # Whatever the fifth is on: sheets of 8, 4 and 2, and itself.
    on = [asks, asks[4:], asks[4:6], asks[5:6]]
    if kind == "bad_image":  # a first question is then asked of one alone, and the rest
        on = [asks, asks[1:], asks[5:], asks[5:7], asks[5:6]]
    gemini.faults({"kind": kind, "sha256": [sheet_of(some) for some in on]})
    outcomes = {one.request_id: one for one in Desk(gemini.url).ask(asks, pack=8)}
    failed = [n for n, ask in enumerate(asks) if isinstance(outcomes[ask.request_id], Failure)]
    assert failed == [5]
    check_account(gemini, asks, list(outcomes.values()))
    # A single image that is cut off is asked once more.
    more = {"max_tokens": 1, "bad_image": 2}
    assert len(gemini.requests()) == 7 + more.get(kind, 0)


def test_an_answer_outside_its_labels_is_asked_again_alone(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number, sheet=4, pack=4) for number in range(4)]
    gemini.faults({"kind": "wrong_items", "how": "missing", "count": 1})
    outcomes = Desk(gemini.url).ask(asks, pack=4)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    first, second = gemini.requests()
    assert first["images"] == [sheet_of(asks)]
    assert second["images"][0] in [sheet_of([ask]) for ask in asks]
    check_account(gemini, asks, outcomes)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_goes_wrong_nothing_is_lost(
    gemini: Any, ask_of: Callable[..., Ask], seed: int
) -> None:
    kinds = ["bad_image", "blocked_answer", "blocked_prompt", "max_tokens", "outside_labels"]
    kinds += ["truncated_json", "unavailable", "wrong_items", "internal", "drop"]
    gemini.faults(*({"kind": kind, "rate": 0.08} for kind in kinds), seed=seed)
    sheet, pack = ((4, 4), (3, 9), (16, 16))[seed]
    asks = [ask_of(number, sheet=sheet, pack=pack) for number in range(30)]
    outcomes = Desk(gemini.url).ask(asks, pack=pack)
    check_account(gemini, asks, outcomes)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) > 10


def test_a_picture_that_cannot_be_drawn_costs_its_neighbours_nothing(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number, sheet=4, pack=4) for number in range(3)]
    asks.append(ask_of(3, sheet=4, pack=4, data=b"no picture"))
    outcomes = {one.request_id: one for one in Desk(gemini.url).ask(asks, pack=4)}
    failures = [one for one in outcomes.values() if isinstance(one, Failure)]
    assert [(one.request_id, one.reason) for one in failures] == [
        (asks[3].request_id, Reason.REJECTED)
    ]
    assert [len(line["images"]) for line in gemini.requests()] == [1, 1, 1]
    check_account(gemini, asks, list(outcomes.values()))


@pytest.mark.parametrize(
    ("kind", "location", "model"),
    [
        ("emulator", "global", MODEL),
        ("vertex", "europe-west1", MODEL),
        ("emulator", "global", "gemini-2.5-flash-lite"),
    ],
)
def test_a_reply_costs_what_the_bill_says_and_at_most_the_worst_case(
    gemini: Any, ask_of: Callable[..., Ask], kind: str, location: str, model: str
) -> None:
    service = Service(ServiceKind(kind), gemini.url, project="p", location=location)
    asks = [ask_of(n, sheet=9, pack=18, model=model, media_resolution="high") for n in range(18)]

    async def cost() -> int:
        client = GeminiClient(service)
        body = compose(asks, draw_sheets(asks)).body
        raw = await client.send(model, body, ServiceTier.STANDARD)
        await client.close()
        reply = read_reply(raw.body, raw.headers)
        return Billing(service).spent(model, reply, ServiceTier.STANDARD, TODAY).cost

    worst = Billing(service).worst_case(asks, TODAY)
    assert 0 < asyncio.run(cost()) == gemini.billed() <= worst
    assert worst < sum(Billing(service).worst_case([ask], TODAY) for ask in asks)


def test_a_sheet_has_one_media_resolution_and_no_unopened_file(ask_of: Callable[..., Ask]) -> None:
    one, other = ask_of(1, sheet=4, pack=4), ask_of(2, sheet=4, pack=4)
    assert may_share(one, other)
    assert not may_share(one, ask_of(2, sheet=4, pack=4, media_resolution="high"))
    assert other.picture
    unopened = replace(other, picture=replace(other.picture, fallback=True))
    assert not may_share(one, unopened)
    assert not may_share(unopened, one)


def test_the_size_of_sheets_is_part_of_what_was_asked_and_neighbours_are_not(
    ask_of: Callable[..., Ask],
) -> None:
    def identity(ask: Ask) -> str:
        return request_id(
            content_hash="sha256:1", page=1, task=ask.task, prompt=ask.prompt, route=ask.route
        )

    ids = {sheet: identity(ask_of(1, sheet=sheet, pack=8)) for sheet in (1, 2, 4, 8)}
    assert len(set(ids.values())) == 4
    asks = [ask_of(n, sheet=4) for n in range(7)]
    assert [len(some) for some in by_picture(asks)] == [4, 3]
