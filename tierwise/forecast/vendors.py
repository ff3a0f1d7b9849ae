"""What other vendors' models would charge, by their documented rules: for orientation only."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from math import ceil, sqrt
from typing import Any

from tierwise.prices import nano_usd
from tierwise.records import Usage

_PATCH_PX = 32
_TILE_PX = 512
_TILED_BOX_PX = 2048
_TILED_SHORT_SIDE_PX = 768


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
            return int(numbers["base"] + numbers["each"] * _tiles(width, height))
        if self.rule == "patches":
            patches = _patches(width, height, numbers["most"])
            return ceil(patches * Decimal(numbers["multiplier"]))
        factor = min(1.0, numbers["longest_side_px"] / max(width, height))
        pixels = width * factor * height * factor
        return int(min(ceil(pixels / numbers["pixels_per_token"]), numbers["most"]))

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
    [rule] = {"tiles", "patches", "area"} & row.keys()
    return VendorModel(
        name=row["name"],
        vendor=row["vendor"],
        input_usd_per_mtok=Decimal(row["input_usd_per_mtok"]),
        output_usd_per_mtok=Decimal(row["output_usd_per_mtok"]),
        rule=rule,
        numbers=tuple(row[rule].items()),
        source=row["source"],
    )


def _tiles(width: int, height: int) -> int:
    """Squares of 512 px of a picture that was scaled down twice.

    >>> _tiles(1024, 1024), _tiles(2048, 4096), _tiles(512, 512)
    (4, 6, 1)
    """
    factor = min(1.0, _TILED_BOX_PX / max(width, height))
    factor *= min(1.0, _TILED_SHORT_SIDE_PX / (min(width, height) * factor))
    # A thousandth of a pixel is no further square.
    across, down = (ceil(side * factor / _TILE_PX - 1e-6) for side in (width, height))
    return across * down


def _patches(width: int, height: int, most: int) -> int:
    """Squares of 32 px, fewer when the picture must be scaled down.

    >>> _patches(1024, 1024, 1536), _patches(1800, 2400, 1536)
    (1024, 1452)
    """
    if ceil(width / _PATCH_PX) * ceil(height / _PATCH_PX) <= most:
        return ceil(width / _PATCH_PX) * ceil(height / _PATCH_PX)
    factor = sqrt(_PATCH_PX**2 * most / (width * height))
    across, down = (side * factor / _PATCH_PX for side in (width, height))
    factor *= min(int(across) / across, int(down) / down)
    across, down = (ceil(side * factor / _PATCH_PX - 1e-6) for side in (width, height))
    return int(across * down)
