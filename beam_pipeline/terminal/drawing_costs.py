"""What pictures cost that image models draw, as rows and as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.console import Console
from rich.table import Table

from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.drawing_models import (
    IMAGE_SIZES,
    drawing_models,
    image_output_tokens,
    right_spelling,
)
from tierwise.errors import ModelError
from tierwise.models import Model, all_models
from tierwise.prices.drawn_pictures import alive_and_drawing, image_output_cost
from tierwise.records import ServiceTier

_VOLUMES = (100, 1_000, 10_000)
_TIERS = (ServiceTier.STANDARD, ServiceTier.BATCH)


def drawing_costs(
    size: str, count: int | None, on: date, *, vertex: bool = False
) -> list[dict[str, Any]]:
    """A row per model that draws on that day, size and tier; dollars are decimal strings.

    Args:
        size: one size, or `all`.
        count: how many pictures; the usual volumes when None.
        on: the day.
        vertex: whether Vertex AI draws, where other models are alive.

    Raises:
        ModelError: no model draws that size; the message has the right spelling.
    """
    if size != "all" and size not in IMAGE_SIZES:
        raise ModelError(
            f"--image_output={size}: pictures are {', '.join(IMAGE_SIZES)} or all."
            f"{right_spelling(size)}"
        )
    volumes = (count,) if count else _VOLUMES
    wanted = IMAGE_SIZES if size == "all" else (size,)
    return [
        _row(model, drawn, tier, volumes, on, vertex=vertex)
        for model in alive_and_drawing(on, vertex=vertex)
        for drawn in drawing_models()[model]
        if drawn in wanted
        for tier in _TIERS
    ]


def print_drawing_costs(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print a table per model to standard output, the volumes as columns."""
    say(console, "Pictures drawn, USD without their prompts")
    for model, of_model in groupby(rows, key=itemgetter("model")):
        console.print(_table(model, list(of_model), console.width))
    if unknown := sorted(model.name for model in all_models() if _draws_unknown(model)):
        say(console, f"Tokens per picture are not published for {', '.join(unknown)}.")


def _table(model: str, rows: Sequence[dict[str, Any]], width: int) -> Table:
    columns = (
        Column("size", itemgetter("size"), number=False),
        Column("tier", itemgetter("service_tier"), number=False),
        Column("tokens", lambda row: str(row["tokens"]), 1),
        Column("one", lambda row: f"{Decimal(row['usd_each']):.4f}"),
        *(Column(f"{int(volume):,}", _for(volume)) for volume in rows[0]["usd"]),
    )
    return fitted_table(model, columns, rows, width)


def _for(volume: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: f"{Decimal(row['usd'][volume]):,.2f}"


def _draws_unknown(model: Model) -> bool:
    return model.image_output and model.name not in drawing_models()


def _row(
    model: str, size: str, tier: ServiceTier, volumes: Sequence[int], on: date, *, vertex: bool
) -> dict[str, Any]:
    each = image_output_cost(model, size, tier, on, vertex=vertex)
    return {
        "model": model,
        "size": size,
        "service_tier": str(tier),
        "tokens": image_output_tokens(model, size),
        "usd_each": f"{usd(each):f}",
        "usd": {str(volume): f"{usd(volume * each):f}" for volume in volumes},
    }
