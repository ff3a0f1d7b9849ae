"""Tasks that could be answered locally, but whose picture is sent for another task anyway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.terminal.forecast_tables import short
from tierwise.forecast.rates import Rates
from tierwise.gemini.service import Service
from tierwise.local.who_can import why_asked
from tierwise.prices.prices import cost_nano_usd
from tierwise.questions import Questions
from tierwise.records import Route, Usage

_PICTURES = 1_000
# A photograph, as forecasts take one whose size they do not know.
_SIZE = (4000, 3000)


def half_local_warnings(questions: Questions, service: Service, on: date) -> Iterator[str]:
    """Why each is asked all the same, what its pictures cost, and what to do about it."""
    rates = Rates(on, service.vertex, service.regional, service.prices)
    by_other: dict[str, list[str]] = {}
    for name, other in questions.half_local:
        by_other.setdefault(other, []).append(repr(name))
    for other, names in by_other.items():
        task, one = questions.task(other), len(names) == 1
        dollars = short(usd(_cost_of_pictures(task.route, rates)))
        remedy = f"Give {other!r} `local` as well, or write `together: false` in it."
        if why := why_asked(task, questions.tasks):
            remedy = (
                f"{other!r} cannot be answered locally ({why}). With `together: false` in it the "
                "others can be, and each of its own questions costs a picture more."
            )
        yield (
            f"{'task' if one else 'tasks'} {', '.join(names)} {'is' if one else 'are'} asked, and "
            f"not answered locally: the picture is sent for {other!r} anyway, which costs "
            f"${dollars} for {_PICTURES:,} photographs. {remedy}"
        )


def _cost_of_pictures(route: Route, rates: Rates) -> int:
    """Nano-dollars for the tokens of photographs alone, without words and replies."""
    tokens = _PICTURES * rates.picture(route, *_SIZE)
    price = rates.price(route.model, route.service_tier)
    return cost_nano_usd(Usage(input_tokens=tokens, image_tokens=tokens), price)
