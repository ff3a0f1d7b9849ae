"""What a request is charged with: what its reply says, or else the worst that it can cost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from tierwise.errors import InputError
from tierwise.gemini.billing import Billing
from tierwise.gemini.compose import RequestParts
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.reply import Reply, read_reply
from tierwise.gemini.retry import MAX_UNANSWERED
from tierwise.gemini.settle import Ask, Exchange, Settled, can_split, fail, halves, is_checked
from tierwise.records import Reason, ServiceTier, Spent


def answered(
    billing: Billing,
    asks: tuple[Ask, ...],
    composed: RequestParts,
    raw: RawReply,
    *,
    tier: ServiceTier,
    on: date,
    asked_at: str,
    names_cache: bool = False,
) -> Exchange:
    """A request that was answered with a 200, and what that cost at the prices of a day.

    At the batch tier it matters whether it `names_cache`.
    """
    reply = read_reply(raw.body, raw.headers)
    # What a reply says of its traffic knows no batch, and a job's rows are billed as one.
    served = tier if tier is ServiceTier.BATCH else reply.service_tier or tier
    shares = _shares(
        billing, asks, composed.texts, reply, served=served, on=on, names_cache=names_cache
    )
    return Exchange(
        reply=reply,
        shares=shares,
        service_tier=served,
        latency_ms=raw.latency_ms,
        asked_at=asked_at,
        baselines=billing.baselines(asks, composed.texts, shares, on),
        sent_bytes=composed.sent_bytes,
        answerer=billing.service.answerer_of(raw.headers),
    )


def unanswered(asks: tuple[Ask, ...], reason: Reason, message: str, worst: int) -> Settled:
    """A request that was sent and never answered may be billed, at the worst as a whole.

    A pack is split after the second, for one of its pictures may be what the service dies of; each
    alone has two tries again.
    """
    shares = Spent(maybe_billed=worst, requests=1).shares(len(asks))
    charged = tuple(
        replace(ask, wasted=ask.wasted + share, unanswered=ask.unanswered + 1)
        for ask, share in zip(asks, shares, strict=True)
    )
    wasted = tuple(zip(asks, shares, strict=True))
    if charged[0].unanswered < MAX_UNANSWERED:
        return Settled((), wasted, (charged,))
    if can_split(asks):
        return Settled((), wasted, tuple(map(_as_first_try, halves(charged))))
    message = f"{message} (requests without a reply: {MAX_UNANSWERED})"
    return Settled(tuple(fail(ask, reason, message) for ask in charged), wasted, ())


def _shares(
    billing: Billing,
    asks: tuple[Ask, ...],
    texts: Sequence[str],
    reply: Reply,
    *,
    served: ServiceTier,
    on: date,
    names_cache: bool,
) -> tuple[Spent, ...]:
    """What each question of a reply cost, at the worst where that is not to be known.

    A reply that is paid must reach the journal, whatever it says of its tokens, tier or model.
    """
    checked = int(is_checked(asks))
    if reply.tells_usage:
        with suppress(InputError):  # no price is known for what was served
            model = asks[0].route.model
            spent = billing.spent(model, reply, served, on, names_cache=names_cache)
            spent = replace(spent, checked=checked)
            return billing.shares(
                asks, texts, reply, spent, tier=served, on=on, names_cache=names_cache
            )
    worst = billing.worst_case(asks, on)
    spent = Spent(reply.usage, maybe_billed=worst, requests=1, checked=checked)
    return billing.shares(asks, texts, reply, spent, tier=served, on=on)


def _as_first_try(half: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """A half whose next loss splits it again, or an image by itself that may be lost once more."""
    lost = MAX_UNANSWERED - 1 if can_split(half) else 0
    return tuple(replace(ask, unanswered=lost) for ask in half)
