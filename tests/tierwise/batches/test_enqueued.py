"""Limits of tokens in batch jobs: of models that are known, and of others."""

from __future__ import annotations

import pytest

from tierwise.batches.enqueued import USAGE_TIERS, EnqueuedLimit, enqueued_limit
from tierwise.models import Model, all_models


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        ("gemini-3.1-flash-lite", (10_000_000, 500_000_000, 1_000_000_000)),
        ("gemini-3.5-flash-lite", (10_000_000, 500_000_000, 1_000_000_000)),
        ("gemini-3.6-flash", (3_000_000, 400_000_000, 1_000_000_000)),
        ("gemini-3.1-pro-preview", (5_000_000, 500_000_000, 1_000_000_000)),
    ],
)
def test_what_was_seen_is_known(model: str, limits: tuple[int, int, int]) -> None:
    found = [enqueued_limit(model, tier) for tier in USAGE_TIERS]
    assert [limit.tokens for limit in found] == list(limits)
    assert all(limit.known for limit in found)
    assert "not known" not in found[0].said


@pytest.mark.parametrize(
    ("model", "tier", "tokens", "whose"),
    [
        ("gemini-3.8-flash", 1, 3_000_000, "of its family"),
        ("gemini-3.7-flash", 2, 400_000_000, "of its family"),
        ("gemini-2.5-flash-lite", 1, 10_000_000, "of its family"),
        ("gemini-2.5-pro", 1, 5_000_000, "of its family"),
        ("gemini-4-neon", 1, 3_000_000, "of all models"),
        ("gemini-3.1-flash-image", 1, 3_000_000, "of all models"),
    ],
)
def test_of_others_the_least_of_their_kin_is_taken_and_said(
    model: str, tier: int, tokens: int, whose: str
) -> None:
    limit = enqueued_limit(model, tier)
    assert limit == EnqueuedLimit(model, tier, tokens, known=False)
    assert f"not known for {model}" in limit.said
    assert whose in limit.said


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.name)
def test_a_higher_usage_tier_never_allows_less(model: Model) -> None:
    tokens = [enqueued_limit(model.name, tier).tokens for tier in USAGE_TIERS]
    assert tokens == sorted(tokens)
    assert tokens[0] > 0


@pytest.mark.parametrize("tier", [0, 4])
def test_there_is_no_batch_at_other_usage_tiers(tier: int) -> None:
    with pytest.raises(ValueError, match="no usage tier"):
        enqueued_limit("gemini-3.1-flash-lite", tier)
