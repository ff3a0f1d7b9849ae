"""The flags that `--help` shows of verbs that have many; `--help_all` shows all of them."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import CALIBRATE, MEASURE, PLAN, RUN

_WHO = ("gemini", "gemini_project")
MAIN = {
    RUN: {
        *("input", "output", "tasks", "first", "exclude", "labels", "calibration", "corrections"),
        *(*_WHO, "service_tier", "max_cost_usd"),
    },
    PLAN: {
        *("input", "output", "tasks", "compare", "all", "within", "first", "prices_on"),
        *("calibration", *_WHO, "service_tier", "max_cost_usd"),
    },
    CALIBRATE: {
        *("input", "output", "tasks", "labels", "routes", "margin", "confidence", "sample"),
        *(*_WHO, "service_tier", "max_cost_usd"),
    },
    MEASURE: {"input", "output", "tasks", "models", "also", "sample", *_WHO, "max_cost_usd"},
}


def is_main(verb: str, name: str) -> bool:
    """Whether the help of a verb shows a flag; of a verb with few flags it shows all."""
    return verb not in MAIN or name in MAIN[verb]
