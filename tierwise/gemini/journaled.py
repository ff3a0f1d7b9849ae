"""What a settled reply leaves in the journal."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.answerer import Answerer
from tierwise.gemini.settle import Ask, Settled
from tierwise.journal.lines import Entry
from tierwise.records import Answer


def entries_of(
    asks: Sequence[Ask], settled: Settled, run_id: str, answerer: Answerer
) -> list[Entry]:
    """An entry for each outcome, and for each question whose part of the reply was wasted."""
    contents = {ask.request_id: ask.content_hash for ask in asks}
    limits = {ask.request_id: ask.max_output_tokens for ask in asks if settled.cut_off}
    entries = [
        Entry(
            run_id,
            contents[outcome.request_id],
            outcome.request_id,
            answer=outcome if isinstance(outcome, Answer) else None,
            failure=None if isinstance(outcome, Answer) else outcome,
            answerer=answerer,
            cut_off_at=limits.get(outcome.request_id, 0),
        )
        for outcome in settled.outcomes
    ]
    wasted = [
        Entry(
            run_id,
            ask.content_hash,
            ask.request_id,
            wasted=spent,
            answerer=answerer,
            cut_off_at=limits.get(ask.request_id, 0),
        )
        for ask, spent in settled.wasted
    ]
    return entries + wasted
