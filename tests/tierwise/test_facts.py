"""Every fact names where it is from and when that was checked; money is never a float."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tierwise.models import all_models
from tierwise.prices.prices import find_price, published_prices

FACTS = Path(__file__).parents[2] / "tierwise" / "facts"
FILES = sorted(FACTS.glob("*.toml"))
SOURCE = re.compile(r"https://\S+|[a-z][a-z-]* \d+\.\d+\.\d+")


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for number, row in enumerate(value if isinstance(value, list) else [value], start=1):
            yield f"{path.name} {name} {number}", row


ROWS = [pytest.param(row, id=name) for path in FILES for name, row in rows(path)]


def values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from values(item)
    else:
        yield value


def test_there_are_facts() -> None:
    assert [path.name for path in FILES] == [
        *("drawing.toml", "image_tokens.toml", "left_aside.toml", "models.toml"),
        *("prices.toml", "quotas.toml"),
    ]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_sources_and_a_date(row: dict[str, Any]) -> None:
    assert all(SOURCE.fullmatch(source) for source in row["source"].split(", ")), row["source"]
    assert date(2026, 11, 20) <= row["checked"]


@pytest.mark.parametrize("row", ROWS)
def test_no_row_holds_a_float(row: dict[str, Any]) -> None:
    assert not [value for value in values(row) if isinstance(value, float)]


def test_priced_models_are_known_models() -> None:
    known = {model.name for model in all_models()}
    assert {price.model for price in published_prices()} <= known


@pytest.mark.parametrize("vertex", [False, True])
def test_every_living_model_has_a_price_for_each_tier_it_offers(vertex: bool) -> None:
    day = date(2026, 11, 29)
    for model in all_models(vertex=vertex):
        alive = model.shutdown is None or day < model.shutdown
        for tier in model.service_tiers if alive else ():
            assert find_price(model.name, tier, day, vertex=vertex).service_tier == tier


@pytest.mark.parametrize("row", [row for row in ROWS if "vertex" in str(row.values[0])])
def test_what_is_otherwise_on_vertex_ai_has_a_source_of_its_own(row: dict[str, Any]) -> None:
    if isinstance(row.get("vertex"), dict):
        test_every_row_has_sources_and_a_date(row["vertex"])
