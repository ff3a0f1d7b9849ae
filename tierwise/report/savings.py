"""From what the naive way would have cost to what was paid, lever by lever.

The naive way is that of `baseline_cost_usd`: the same pictures at flat `high`, one per request, at
the standard tier, with the same short replies. Each lever is the difference of two prices of the
same run, one with it and one without, taken one after the other, so that the levers add up to
baseline less cost, to the nano-dollar, whatever the tables hold:

    lever        | with the naive way            | with this run
    -------------|-------------------------------|--------------------------------------------
    reuse        | every name is asked           | identical pictures and answers of earlier
                 |                               | runs cost nothing
    resolution   | image tokens at `high`        | image tokens as billed
    packing      | one prompt for each picture   | prompt tokens as billed, shared by a request
    outputs      | one reply for each picture    | reply tokens as billed: fewer for groups alone
    cache        | all input at its full price   | cached input at its own
    tier         | the standard tier             | the tier that served
    other prices | list prices of the pinned     | as billed: another model answered, or a long
                 | model on the day of the run   | prompt had a dearer step
    waste        | every request brings an answer| failed and repeated requests, a loss

Image tokens of the naive way are counted by the documented rule from the sizes in the tables, as
the account does; what the account has besides them is the prompt. So an error of the rule moves
money between resolution and packing, never out of the sum.

That replies are short, because labels and schemas bound them, is a saving too. It is not counted:
nobody knows how long a naive reply would be, so the naive way is given ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tierwise.accounts.costs import ANSWERED, REUSED
from tierwise.prices.prices import nano_usd
from tierwise.records import ServiceTier, Usage
from tierwise.report.cost_lines import CostLine, added, cost_groups
from tierwise.report.task_facts import AskedPrice


class Lever(StrEnum):
    """What makes this run cheaper, or dearer, than the naive way."""

    REUSE = "reuse"
    RESOLUTION = "resolution"
    PACKING = "packing"
    OUTPUTS = "outputs"
    CACHE = "cache"
    TIER = "tier"
    OTHER_PRICES = "other_prices"
    WASTE = "waste"


@dataclass(frozen=True, slots=True)
class Naive:
    """Tokens that the answered pictures of one task would have taken the naive way."""

    image_tokens: int = 0
    reply_tokens: int = 0

    def __add__(self, other: Naive) -> Naive:
        return Naive(self.image_tokens + other.image_tokens, self.reply_tokens + other.reply_tokens)


@dataclass(frozen=True, slots=True)
class Savings:
    """What each lever saved, in nano-dollars, negative where it cost; all of them, in order."""

    baseline: int
    cost: int
    levers: Mapping[Lever, int]


def savings(
    lines: Iterable[CostLine], naive: Mapping[str, Naive], prices: Iterable[AskedPrice]
) -> Savings:
    """Take the levers apart.

    Args:
        lines: the rows of `costs`.
        naive: by task.
        prices: of the day of the run. Where one is not known, what it would have explained
            stands under other prices.
    """
    lines = list(lines)
    by_tier = {(price.model, price.service_tier): price for price in prices}
    levers = dict.fromkeys(Lever, 0)
    for line in lines:
        if line.outcome == REUSED:
            levers[Lever.REUSE] += line.baseline - line.cost
        elif line.is_waste:
            levers[Lever.WASTE] += line.baseline - line.cost
    answered = [line for line in lines if line.outcome == ANSWERED]
    for (task, _), some in cost_groups(answered, lambda line: (line.task, line.model)).items():
        for lever, saved in _of_answers(some, naive.get(task, Naive()), by_tier).items():
            levers[lever] += saved
    total = added(lines)
    return Savings(total.baseline, total.cost, levers)


def _of_answers(
    lines: list[CostLine], naive: Naive, prices: Mapping[tuple[str, str], AskedPrice]
) -> dict[Lever, int]:
    """The levers of what one task asked one model for."""
    total = added(lines)
    standard = prices.get((lines[0].model, ServiceTier.STANDARD))
    if standard is None:
        return {Lever.OTHER_PRICES: total.baseline - total.cost}
    usage = total.usage
    replies = usage.output_tokens + usage.thought_tokens
    image = _input(usage.image_tokens, standard)
    text = _input(usage.input_tokens - usage.image_tokens, standard)
    reply = _output(replies, standard)
    naive_image = _input(naive.image_tokens, standard)
    naive_reply = _output(naive.reply_tokens, standard)
    at_standard = [_cost(line.usage, standard) for line in lines]
    at_tier = [
        _cost(line.usage, prices.get((line.model, line.service_tier), standard)) for line in lines
    ]
    return {
        Lever.RESOLUTION: naive_image - image,
        Lever.PACKING: total.baseline - naive_image - naive_reply - text,
        Lever.OUTPUTS: naive_reply - reply,
        Lever.CACHE: image + text + reply - sum(at_standard),
        Lever.TIER: sum(at_standard) - sum(at_tier),
        Lever.OTHER_PRICES: sum(at_tier) - total.cost,
    }


def _input(tokens: int, price: AskedPrice) -> int:
    return nano_usd(Decimal(tokens) * price.input_usd_per_mtok)


def _output(tokens: int, price: AskedPrice) -> int:
    return nano_usd(Decimal(tokens) * price.output_usd_per_mtok)


def _cost(usage: Usage, price: AskedPrice) -> int:
    return nano_usd(
        (usage.input_tokens - usage.cached_tokens) * price.input_usd_per_mtok
        + usage.cached_tokens * price.cached_input_usd_per_mtok
        + (usage.output_tokens + usage.thought_tokens) * price.output_usd_per_mtok
    )
