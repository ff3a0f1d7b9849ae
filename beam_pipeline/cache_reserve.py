"""What is set aside for caches under a cap."""

from __future__ import annotations

from tierwise.beam_pipeline.inquiry import Inquiry
from tierwise.forecast.cached_prompts import held_for_caches
from tierwise.surveying.forecasting import rates_of


def cache_reserve(inquiry: Inquiry) -> int | None:
    """What the caches of a run may cost at most, in nano-dollars; None without a cap."""
    if inquiry.cap is None:
        return None
    rates = rates_of(inquiry.service, inquiry.on)
    return held_for_caches(inquiry.questions.tasks, rates, inquiry.cap)
