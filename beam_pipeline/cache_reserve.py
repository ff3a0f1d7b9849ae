"""What is set aside for caches under a cap."""

from __future__ import annotations

from tierwise.beam_pipeline.inquiry import Inquiry
from tierwise.forecast.cached_prompts import held_for_caches
from tierwise.forecast.rates import Rates


def cache_reserve(inquiry: Inquiry) -> int | None:
    """What the caches of a run may cost at most, in nano-dollars; None without a cap."""
    if inquiry.cap is None:
        return None
    service = inquiry.service
    rates = Rates(
        inquiry.on, vertex=service.vertex, regional=service.regional, prices=service.prices
    )
    return held_for_caches(inquiry.questions.tasks, rates, inquiry.cap)
