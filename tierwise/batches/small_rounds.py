"""Whether what a round has left is worth a job of its own, which may take a day again.

After the first round come questions with `when`, second looks, halves and second tries. Often they
are few, and waiting another day for them saves next to nothing.
"""

from __future__ import annotations

from tierwise.records import ServiceTier

MOST_REQUESTS = 1_000
# What asking at once may cost more than in a job: a part of what was paid, or so much in any case.
MOST_EXTRA_PERCENT = 2
MOST_EXTRA_NANO_USD = 10_000_000  # one cent


def asked_at_once(
    requests: int, extra_nano_usd: int, paid_nano_usd: int, fallback: ServiceTier | None
) -> bool:
    """Whether the requests of a later round are asked at `--batch_fallback`, and not as a job.

    At flex, which is no dearer, up to 1,000 requests are; at standard they are where that also
    costs at most 2 % more of what the run has paid, or at most a cent. Never the first round.

    >>> asked_at_once(400, 0, 5_000_000_000, ServiceTier.FLEX)
    True
    >>> asked_at_once(400, 90_000_000, 5_000_000_000, ServiceTier.STANDARD)  # 9 cents of 5 dollars
    True
    >>> asked_at_once(400, 200_000_000, 5_000_000_000, ServiceTier.STANDARD)
    False
    >>> asked_at_once(1_001, 0, 5_000_000_000, ServiceTier.FLEX)
    False
    >>> asked_at_once(1, 0, 5_000_000_000, None)
    False

    Args:
        requests: how many the round has.
        extra_nano_usd: what they cost at the fallback beyond batch; 0 or less where it is no
            dearer.
        paid_nano_usd: what the run has paid so far.
        fallback: the tier to ask them at, None for `--batch_fallback=none`.
    """
    if fallback is None or requests > MOST_REQUESTS:
        return False
    allowed = max(MOST_EXTRA_NANO_USD, paid_nano_usd * MOST_EXTRA_PERCENT // 100)
    return extra_nano_usd <= 0 or extra_nano_usd <= allowed
