"""What the journal is told of a request before it is sent, and once it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask, Settled
from tierwise.journal.intents import Intent, Sums
from tierwise.prices.price_day import price_day


def intent_of(asks: Sequence[Ask], billing: Billing) -> Intent:
    """A request that is to be sent, at its worst case."""
    now = datetime.now(UTC)
    return Intent(
        worst=billing.at_most(asks, price_day(now)),
        task=asks[0].task.name,
        model=asks[0].route.model,
        at=now.isoformat(timespec="seconds"),
        asked=tuple((ask.content_hash, ask.request_id) for ask in asks),
    )


def paid_by(settled: Settled) -> Sums:
    """What one exchange came to, useless or not."""
    spent = [outcome.spent for outcome in settled.outcomes]
    return Sums.of([*spent, *(wasted for _, wasted in settled.wasted)])
