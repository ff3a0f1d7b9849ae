"""What requests cost, could cost, and would have cost the naive way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import ServiceKind
from tierwise.gemini.billing import Billing
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose, output_limit
from tierwise.gemini.reply import read_reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import MediaResolution, ServiceTier, Spent, Usage
from tierwise.tiers import image_tokens, text_tokens
from tierwise.wording import Prompt

DAY = date(2026, 11, 20)
MODEL = "gemini-3.1-flash-lite"
BILLING = Billing(Service(ServiceKind.EMULATOR))


def asked(ask: Ask, text: str) -> Ask:
    return replace(ask, prompt=Prompt(text, text, (), ()))


@given(st.text(max_size=300), st.integers(1, 5))
def test_the_worst_case_is_never_below_what_is_billed(
    ask_of: Callable[..., Ask], text: str, images: int
) -> None:
    asks = [asked(ask_of(number), text) for number in range(images)]
    composed = compose(asks)
    used = Usage(
        input_tokens=sum(map(text_tokens, composed.texts))
        + images * image_tokens(MODEL, MediaResolution.LOW, 64, 48),
        output_tokens=output_limit(asks),
    )
    billed = cost_nano_usd(used, find_price(MODEL, ServiceTier.STANDARD, DAY))
    assert BILLING.worst_case(asks, DAY) >= billed


def test_the_worst_case_counts_bytes_schema_thoughts_and_picture(
    ask_of: Callable[..., Ask],
) -> None:
    def worst(**changed: Any) -> int:
        text = changed.pop("text", "x")
        asks = [asked(ask_of(**changed), text)]
        return BILLING.worst_case(asks, DAY)

    price = 250  # nano-dollars per input token
    assert worst(text="ü" * 100) - worst() == (200 - 1) * price
    assert worst(task="found") > worst(task="named") + 50 * price
    assert worst(media_resolution="high") - worst() == (1120 - 280) * price
    assert worst(model="gemini-3.8-flash") > 1024 * 3750


def test_the_worst_case_of_a_cheaper_tier_is_what_another_tier_would_cost(
    ask_of: Callable[..., Ask],
) -> None:
    flex, standard, priority = (
        BILLING.worst_case([ask_of(tier=tier)], DAY)
        for tier in (ServiceTier.FLEX, ServiceTier.STANDARD, ServiceTier.PRIORITY)
    )
    assert flex == standard < priority


def test_the_worst_case_takes_the_dearer_step_of_long_prompts(ask_of: Callable[..., Ask]) -> None:
    model = "gemini-3.1-pro-preview"
    ask = ask_of(model=model, task="named")
    words = len(f"\n{ask.task.answer.instruction()}")
    ask = asked(ask, "a" * (200_001 - words))
    usage = Usage(input_tokens=200_001, output_tokens=output_limit([ask]))
    dear = find_price(model, ServiceTier.STANDARD, DAY, context_tokens=200_001)
    assert BILLING.worst_case([ask], DAY) == cost_nano_usd(usage, dear)
    assert dear != find_price(model, ServiceTier.STANDARD, DAY)


def test_a_picture_of_unknown_size_has_a_worst_case_and_a_baseline(
    ask_of: Callable[..., Ask],
) -> None:
    ask = ask_of()
    assert ask.picture
    unknown = replace(
        ask,
        picture=replace(ask.picture, width=0, height=0),
        page=replace(ask.page, width=0, height=0),
    )
    composed = compose([unknown])
    assert BILLING.worst_case([unknown], DAY) == BILLING.worst_case([ask], DAY)
    used = [Spent(Usage(300, 266, 0, 1, 0))]
    assert BILLING.baselines([unknown], composed.texts, used, DAY) == BILLING.baselines(
        [ask], composed.texts, used, DAY
    )


@pytest.mark.parametrize(("kind", "location"), [("emulator", "global"), ("vertex", "europe-west1")])
@pytest.mark.parametrize("images", [1, 3])
def test_a_reply_costs_what_the_bill_says_and_at_most_the_worst_case(
    gemini: Any, ask_of: Callable[..., Ask], kind: str, location: str, images: int
) -> None:
    service = Service(ServiceKind(kind), gemini.url, project="p", location=location)
    asks = [ask_of(number) for number in range(images)]
    composed = compose(asks)

    async def cost() -> int:
        client = GeminiClient(service)
        raw = await client.send(MODEL, composed.body, ServiceTier.STANDARD)
        await client.close()
        reply = read_reply(raw.body, raw.headers)
        return Billing(service).spent(MODEL, reply, ServiceTier.STANDARD, date.today()).cost

    billed = asyncio.run(cost())
    assert billed == gemini.billed() > 0
    assert billed <= Billing(service).worst_case(asks, date.today())


def test_the_baseline_is_high_alone_and_standard(ask_of: Callable[..., Ask]) -> None:
    ask = ask_of()
    composed = compose([ask])
    text = text_tokens(composed.texts[0])
    (baseline,) = BILLING.baselines(
        [ask], composed.texts, [Spent(Usage(text + 266, 266, 0, 2, 0))], DAY
    )
    naive = Usage(text + 1064, output_tokens=2)
    assert baseline == cost_nano_usd(naive, find_price(MODEL, ServiceTier.STANDARD, DAY))


def test_the_naive_way_repeats_the_text_for_each_image(ask_of: Callable[..., Ask]) -> None:
    asks = [ask_of(number) for number in range(8)]
    texts = compose(asks).texts
    usage = Usage(sum(map(text_tokens, texts)) + 8 * 266, 8 * 266, 0, 80, 0)
    naive = Usage(text_tokens(asks[0].prompt.whole) + 1064, output_tokens=10)
    price = find_price(MODEL, ServiceTier.STANDARD, DAY)
    assert (
        BILLING.baselines(asks, texts, Spent(usage).shares(8), DAY)
        == [cost_nano_usd(naive, price)] * 8
    )
