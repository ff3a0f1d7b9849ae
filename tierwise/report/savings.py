"""From what the naive way would have cost to what was paid, lever by lever.

The naive way is that of `tierwise.accounts.naive_way`. Each lever is the difference of two prices
of the same run, one with it and one without, taken one after the other, so that the levers add up
to baseline less cost, to the nano-dollar, whatever the tables hold:

    lever        | with the naive way             | with this run
    -------------|--------------------------------|-------------------------------------------
    twins        | every name is asked            | names of pictures that were asked under
                 |                                | another one cost nothing
    looks        | image tokens at `high`, one    | image tokens at `high`, one look for each
                 | look for all first questions   | request that a picture was in: a loss where
                 | and one for each later one     | first questions were asked apart
    resolution   | image tokens at `high`         | image tokens as billed
    prompts      | the words of each question,    | prompt tokens as billed: words shared by a
                 | for each picture               | pack, words around several questions
    cache        | all input at its full price    | cached input at its own, and what caches cost
    tier         | the standard tier              | the tier that served
    other prices | list prices of the pinned      | as billed: another model answered, or a long
                 | model on the day of the run    | prompt had a dearer step
    second looks | one answer                     | first answers that were in doubt, a loss
    waste        | refusals, and no request twice | failed and repeated requests, a loss
    audits       | none                           | what they cost
    local        | every picture is asked         | some are answered by a local model
    people       | every picture is asked         | some are answered by people

Image tokens of the naive way are counted by the documented rule from the sizes in the tables, as
the account does; what the account has besides them and the replies is the prompt. So an error of
the rule moves money between resolution and prompts, never out of the sum.

That replies are short, because labels and schemas bound them, is a saving too. It is not counted:
nobody knows how long a naive reply would be, so the naive way is given ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from tierwise.accounts.costs import ANSWERED, CACHE, ESCALATED, FIRST_QUESTION, HUMAN, LOCAL, REUSED
from tierwise.prices.prices import nano_usd
from tierwise.records import ServiceTier, Usage
from tierwise.report.cost_lines import CostLine, added, cost_groups
from tierwise.report.task_facts import AskedPrice


class Lever(StrEnum):
    """What makes this run cheaper, or dearer, than the naive way."""

    TWINS = "twins"
    LOOKS = "looks"
    RESOLUTION = "resolution"
    PROMPTS = "prompts"
    CACHE = "cache"
    TIER = "tier"
    OTHER_PRICES = "other_prices"
    SECOND_LOOKS = "second_looks"
    WASTE = "waste"
    AUDITS = "audits"
    LOCAL = "local"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Naive:
    """Tokens at `high` of the pictures that one task was answered about by one model.

    `image_tokens` are its part of the looks of the naive way, `looked_tokens` its part of the looks
    that there were.
    """

    image_tokens: Fraction = Fraction(0)
    looked_tokens: Fraction = Fraction(0)

    def __add__(self, other: Naive) -> Naive:
        return Naive(
            self.image_tokens + other.image_tokens, self.looked_tokens + other.looked_tokens
        )


@dataclass(frozen=True, slots=True)
class Savings:
    """What each lever saved, in nano-dollars, negative where it cost; all of them, in order."""

    baseline: int
    cost: int
    levers: Mapping[Lever, int]


def savings(
    lines: Iterable[CostLine],
    naive: Mapping[tuple[str, str], Naive],
    prices: Iterable[AskedPrice],
    audits: Collection[str] = (),
) -> Savings:
    """Take the levers apart.

    Args:
        lines: the rows of `costs`.
        naive: by task and model.
        prices: of the day of the run. Where one is not known, what it would have explained
            stands under other prices.
        audits: the tasks that audit others.
    """
    lines = list(lines)
    by_tier = {(price.model, price.service_tier): price for price in prices}
    levers = dict.fromkeys(Lever, 0)
    answered = []
    for line in lines:
        if lever := _lever_of(line, audits):
            levers[lever] += line.baseline - line.cost
        else:
            answered.append(line)
    for key, some in cost_groups(answered, lambda line: (line.task, line.model)).items():
        task, model = key
        for lever, saved in _of_answers(some, naive.get((task, model), Naive()), by_tier).items():
            levers[lever] += saved
    total = added(lines)
    return Savings(total.baseline, total.cost, levers)


def _lever_of(line: CostLine, audits: Collection[str]) -> Lever | None:
    """The one lever that all of a row is for; answers that were asked for have several."""
    if line.task in audits:
        return Lever.AUDITS
    levers = {
        REUSED: Lever.TWINS,
        LOCAL: Lever.LOCAL,
        HUMAN: Lever.PEOPLE,
        ESCALATED: Lever.SECOND_LOOKS,
        CACHE: Lever.CACHE,
    }
    if line.outcome in (ANSWERED, FIRST_QUESTION):
        return None
    return levers.get(line.outcome, Lever.WASTE)


def _of_answers(
    lines: list[CostLine], naive: Naive, prices: Mapping[tuple[str, str], AskedPrice]
) -> dict[Lever, int]:
    """The levers of what one task asked one model for."""
    total = added(lines)
    standard = prices.get((lines[0].model, ServiceTier.STANDARD))
    if standard is None:
        return {Lever.OTHER_PRICES: total.baseline - total.cost}
    usage = total.usage
    # The naive way looks once where a tree is asked in two questions.
    looks = sum(line.usage.image_tokens for line in lines if line.outcome == FIRST_QUESTION)
    second_looks = _input(looks, standard)
    image = _input(usage.image_tokens, standard)
    text = _input(usage.input_tokens - usage.image_tokens, standard)
    reply = nano_usd(_reply(usage, standard))
    naive_image = _input(naive.image_tokens, standard)
    looked = _input(naive.looked_tokens, standard)
    at_standard = [_cost(line.usage, standard) for line in lines]
    at_tier = [
        _cost(line.usage, prices.get((line.model, line.service_tier), standard)) for line in lines
    ]
    return {
        Lever.LOOKS: naive_image - looked,
        Lever.RESOLUTION: looked - (image - second_looks),
        Lever.SECOND_LOOKS: -second_looks,
        Lever.PROMPTS: total.baseline - naive_image - reply - text,
        Lever.CACHE: image + text + reply - sum(at_standard),
        Lever.TIER: sum(at_standard) - sum(at_tier),
        Lever.OTHER_PRICES: sum(at_tier) - total.cost,
    }


def _input(tokens: int | Fraction, price: AskedPrice) -> int:
    return round(tokens * Fraction(price.input_usd_per_mtok) * 1000)


def _reply(usage: Usage, price: AskedPrice) -> Decimal:
    """Tokens times dollars per million of words, thoughts and pictures that were drawn."""
    drawn = price.image_output_usd_per_mtok or price.output_usd_per_mtok
    words = usage.output_tokens - usage.drawn_tokens + usage.thought_tokens
    return words * price.output_usd_per_mtok + usage.drawn_tokens * drawn


def _cost(usage: Usage, price: AskedPrice) -> int:
    return nano_usd(
        (usage.input_tokens - usage.cached_tokens) * price.input_usd_per_mtok
        + usage.cached_tokens * price.cached_input_usd_per_mtok
        + _reply(usage, price)
    )
