"""What other vendors' models would charge, by their documented rules: for orientation only."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from tierwise.forecast.vendor_pictures import cells, patches, tiles
from tierwise.prices.prices import nano_usd
from tierwise.records import Usage


@dataclass(frozen=True, slots=True)
class VendorModel:
    """One model: prices in USD per million tokens, and its rule for pictures as the fact has it."""

    name: str
    vendor: str
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    rule: str
    numbers: tuple[tuple[str, Any], ...]
    source: str

    def image_tokens(self, width: int, height: int) -> int:
        """Input tokens of one picture of so many px."""
        numbers = dict(self.numbers)
        if self.rule == "tiles":
            return int(numbers["base"] + numbers["each"] * tiles(width, height))
        if self.rule == "patches":
            exact = patches(width, height, numbers["most"]) * Decimal(numbers["multiplier"])
            return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return cells(width, height, numbers["longest_side_px"], numbers["most"])

    def cost(self, usage: Usage) -> int:
        """Nano-dollars of a usage at the standard list price."""
        return nano_usd(
            usage.input_tokens * self.input_usd_per_mtok
            + (usage.output_tokens + usage.thought_tokens) * self.output_usd_per_mtok
        )


@cache
def vendor_models() -> tuple[VendorModel, ...]:
    """All that are known."""
    text = (files("tierwise") / "facts" / "other_vendors.toml").read_text(encoding="utf-8")
    return tuple(_model(row) for row in tomllib.loads(text)["models"])


def _model(row: dict[str, Any]) -> VendorModel:
    [rule] = {"tiles", "patches", "cells"} & row.keys()
    return VendorModel(
        name=row["name"],
        vendor=row["vendor"],
        input_usd_per_mtok=Decimal(row["input_usd_per_mtok"]),
        output_usd_per_mtok=Decimal(row["output_usd_per_mtok"]),
        rule=rule,
        numbers=tuple(row[rule].items()),
        source=row["source"],
    )
