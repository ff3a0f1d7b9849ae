"""What local answers leave to ask, for people, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tierwise.beam_pipeline.terminal.forecast_tables import short


def local_forecast_lines(row: dict[str, Any]) -> Iterator[str]:
    """Sentences about `local` in a forecast's row; none without."""
    if not (found := row.get("local")):
        return
    if "rest" in found:
        yield _parts(found, found["rest"])
    for task, why in found.get("why_not", {}).items():
        yield (
            f"{task}: nothing will be answered locally: {why}. Let more differ, or leave `local` "
            "out: here it is not worth it."
        )
    for task, curve in found.get("curves", {}).items():
        points = ", ".join(
            f"{_percent(one['differ'])} {_percent(one['asked_share'])}" for one in curve["points"]
        )
        yield (
            f"{task}: asked by how much may differ, as the exam of the last run has it: {points}. "
            "These are estimates, each held at a fifth of the error so that any may be chosen; the "
            f"last run promised {_percent(curve['promised'])} at the whole."
        )
    if found.get("batch_rounds"):
        yield "In batch that takes two rounds: what learns and examines, then the rest."


def _parts(found: dict[str, Any], rest: dict[str, Any]) -> str:
    twice = f", {found['asked_twice']:,} of them twice" if found["asked_twice"] else ""
    return (
        f"Local answers: asked in any case {found['asked_in_any_case']:,} pictures "
        f"({found['learnt']:,} to learn from, {found['examined']:,} for the exam, one picture a "
        f"request{twice}), ${short(found['in_any_case_usd'])}; of the other "
        f"{rest['pictures']:,} nobody knows before: all ${short(rest['all_usd'])}, "
        f"a third ${short(rest['third_usd'])}, "
        "none $0. The forecast above is that of all."
    )


def _percent(share: float) -> str:
    """A share, such as 0.5 %."""
    return f"{round(100 * share, 1):g} %"
