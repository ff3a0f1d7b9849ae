"""What the journal is told of a request before it is sent, and once it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask, Settled, by_image
from tierwise.journal.intents import Intent, Sums
from tierwise.prices.price_day import price_day


def intent_of(asks: Sequence[Ask], billing: Billing) -> Intent:
    """A request that is to be sent, at its worst case."""
    now = datetime.now(UTC)
    return Intent(
        worst=billing.at_most(asks, price_day(now)),
        task=names_of(asks),
        model=asks[0].route.model,
        at=now.isoformat(timespec="seconds"),
        asked=tuple((ask.content_hash, ask.request_id) for ask in asks),
    )


def names_of(asks: Sequence[Ask]) -> str:
    """The tasks of a request, as one word for people and for whoever tells questions apart."""
    return ", ".join(ask.task.name for ask in by_image(asks)[0])


def paid_by(settled: Settled) -> Sums:
    """What one exchange came to, useless or not."""
    spent = [outcome.spent for outcome in settled.outcomes]
    return Sums.of([*spent, *(wasted for _, wasted in settled.wasted)])
