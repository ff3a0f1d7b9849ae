"""The bill is arithmetic: integers, rounded once per request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator.bill import Bill, billed_usd
from tierwise.records import Usage

COUNT = st.integers(0, 10**6)
LINES = st.lists(
    st.tuples(st.sampled_from("abc"), COUNT, st.builds(Usage, *[COUNT] * 5), COUNT), max_size=20
)


@given(LINES)
def test_totals_are_the_sum_of_the_models(lines: list[tuple[str, int, Usage, int]]) -> None:
    bill = Bill()
    for line in lines:
        bill.add(*line)
    document = bill.document()
    assert document["requests"] == len(lines)
    assert document["images"] == sum(images for _, images, _, _ in lines)
    assert document["thought_tokens"] == sum(usage.thought_tokens for _, _, usage, _ in lines)
    assert Decimal(document["total_usd"]) * 10**9 == sum(cost for *_, cost in lines)
    parts = document["models"].values()
    assert sum(Decimal(part["usd"]) for part in parts) == Decimal(document["total_usd"])


@given(st.integers(0, 10**15))
def test_dollars_keep_every_nano_dollar(nano_usd: int) -> None:
    text = billed_usd(nano_usd)
    assert Decimal(text) * 10**9 == nano_usd
    assert len(text.rsplit(".", 1)[1]) == 9


# Standard and flex list prices of 2026-11-20, USD per million tokens in and out.
@pytest.mark.parametrize(
    ("model", "tier", "price_in", "price_out"),
    [
        ("gemini-3.1-flash-lite", "standard", "0.25", "1.50"),
        ("gemini-3.1-flash-lite", "flex", "0.125", "0.75"),
        ("gemini-3.1-flash-lite", "priority", "0.45", "2.70"),
        ("gemini-3.8-flash", "standard", "0.75", "3.75"),
        ("gemini-2.5-flash-lite", "standard", "0.10", "0.40"),
    ],
)
def test_one_request_costs_what_the_list_says(
    emulator: Any, model: str, tier: str, price_in: str, price_out: str
) -> None:
    body = {"contents": [{"parts": [{"text": "Hello there, how are you?"}]}], "serviceTier": tier}
    status, reply = emulator.ask(body, model)
    assert status == 200
    usage = reply["usageMetadata"]
    written = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    cost = usage["promptTokenCount"] * Decimal(price_in) + written * Decimal(price_out)
    bill = emulator.bill()
    assert Decimal(bill["total_usd"]) * 10**6 == cost
    assert bill["models"][model]["output_tokens"] == usage["candidatesTokenCount"]


def test_a_regional_endpoint_costs_a_tenth_more(emulator: Any) -> None:
    bills = []
    for location in ("global", "europe-west4"):
        emulator.send("/emulator/reset", b"")
        client = emulator.vertex(location)
        client.models.generate_content(model="gemini-3.1-flash-lite", contents="Hello")
        bills.append(Decimal(emulator.bill()["total_usd"]))
    assert bills[1] == bills[0] * Decimal("1.1")


def test_the_log_adds_up_to_the_bill(emulator: Any) -> None:
    emulator.faults({"kind": "unavailable", "rate": 0.3}, {"kind": "blocked_prompt", "rate": 0.3})
    for number in range(40):
        emulator.ask({"contents": [{"parts": [{"text": f"Number {number}" * number + "?"}]}]})
    log, bill = emulator.log(), emulator.bill()
    assert sum(Decimal(line["usd"]) for line in log) == Decimal(bill["total_usd"])
    assert sum(line["status"] == 200 for line in log) == bill["requests"] < 40
    assert sum(line["tokens"]["input_tokens"] for line in log) == bill["input_tokens"]
