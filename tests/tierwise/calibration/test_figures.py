"""The figures of a task at a route, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.calibration.figures import Confused, FieldFigures, Observation, figures_of
from tierwise.records import Reason, Spent, Usage


def seen(truth: object, value: object, cost: int = 0, latency: int = 0) -> Observation:
    reason = Reason.INVALID_ANSWER if value is None else None
    return Observation(truth, value, reason, Spent(Usage(300, 260, 0, 4, 2), cost, 1), latency, "m")


def test_one_label() -> None:
    found = figures_of(
        OneLabel(("cat", "dog", "eel")),
        [
            seen("cat", "cat", 100, 10),
            seen("cat", "dog", 101, 20),
            seen("cat", None, 50, 999),
            seen("dog", "dog", 100, 30),
        ],
    )
    assert (found.images, found.score) == (4, 0.5)
    assert 0.05 < found.low < 0.5 < found.high < 0.95
    assert found.no_answer == {"invalid_answer": 1}
    cat, dog, eel = found.labels
    assert (cat.images, cat.answered, cat.right) == (3, 1, 1)
    assert (cat.recall, cat.precision, cat.f1) == pytest.approx((1 / 3, 1, 0.5))
    assert (dog.recall, dog.precision, eel.f1) == (1, 0.5, 0)
    assert found.confusion == (
        Confused("cat", "", 1),
        Confused("cat", "cat", 1),
        Confused("cat", "dog", 1),
        Confused("dog", "dog", 1),
    )
    # 351 nano-dollars for four images.
    assert found.usd_per_1000_images == Decimal("0.000087750")
    assert (found.input_tokens, found.image_tokens) == (300, 260)
    assert (found.output_tokens, found.thought_tokens) == (4, 2)
    assert (found.latency_ms, found.slow_latency_ms) == (20, 30)
    assert found.model_versions == ("m",)


def test_several_labels_have_a_score_each() -> None:
    kind = SeveralLabels(("sea", "sun"))
    found = figures_of(kind, [seen(("sea", "sun"), ("sea",)), seen((), ("sun",)), seen((), ())])
    assert found.score == pytest.approx((2 / 3 + 0 + 1) / 3)
    sea, sun = found.labels
    assert (sea.f1, sun.f1) == (1, 0)
    assert found.confusion == ()


def test_structs_are_judged_property_by_property() -> None:
    kind = Struct(
        read_schema(
            {
                "type": "object",
                "properties": {"shop": {"type": "string"}, "total": {"type": "number"}},
            }
        )
    )
    found = figures_of(
        kind,
        [
            seen({"shop": "Big Al", "total": 2}, {"shop": "big al", "total": 2.0}),
            seen({"shop": "Big Al"}, {"shop": "Al"}),
            seen({"shop": "Big Al"}, None),
        ],
    )
    assert found.score == pytest.approx((1 + 0 + 0) / 3)
    shop, total = found.fields
    assert (shop.name, shop.images) == ("shop", 3)
    assert (shop.exact, shop.word_f1) == pytest.approx((1 / 3, (1 + 2 / 3) / 3))
    assert total == FieldFigures("total", 1, 1, 1)


def test_texts_have_words_in_common() -> None:
    found = figures_of(Text(60), [seen("a red rose", "red rose"), seen("Tulip", "tulip")])
    (text,) = found.fields
    assert (text.name, text.images, text.exact) == ("text", 2, 0.5)
    assert text.word_f1 == pytest.approx(0.9)
    assert found.score == pytest.approx(0.9)


def test_the_interval_holds_the_score_and_the_mean_over_units() -> None:
    """Thirty pages of one file are wrong, ten files of one page are right."""
    pages = [replace(seen("cat", "dog"), unit="file")] * 30
    found = figures_of(OneLabel(("cat", "dog")), [*pages, *[seen("cat", "cat")] * 10])
    assert found.low <= found.score == 1 / 4
    assert found.high >= 10 / 11
    alone = figures_of(OneLabel(("cat", "dog")), [*[seen("cat", "dog")] * 30, *pages[:0]])
    assert alone.high < 0.2
