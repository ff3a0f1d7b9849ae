"""The headings under which help lists flags; whatever is not named here stands first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from tierwise.beam_pipeline.flags.flag import Flag

_FIRST = "what to do"
GROUPS = {
    _FIRST: (),
    "who answers": (
        *("gemini", "gemini_endpoint", "gemini_project", "gemini_location", "api_key_secret"),
        *("service_tier", "flex_fallback"),
    ),
    "money": (
        *("max_cost_usd", "prices", "near_duplicates", "near_duplicates_audit", "cost_by"),
        *("local", "embedder", "order_by", "ask_again", "take_unsigned", "check_packs"),
    ),
    "speed, and what fails": (
        *("requests_in_flight", "requests_per_minute", "usd_per_minute"),
        *("request_timeout_s", "give_up_after_s"),
        *("max_pages", "accept_truncated", "log_requests", "rehash"),
    ),
    "the batch tier, and a day to be done by": (
        *("batch_wait", "batch_deadline", "batch_fallback", "batch_echo"),
        *("usage_tier", "finish_by"),
    ),
    "what comes out": (
        *("corrections", "counts_by", "only_new", "json", "no_thumbnails", "column_names"),
    ),
    "the embedded emulator": (
        *("emulator_knows", "emulator_sees", "emulator_errors_at_random"),
        *("emulator_errors_where_unclear", "emulator_interference"),
        *("emulator_faults", "emulator_latency_ms"),
    ),
}
_HEADING = {name: heading for heading, names in GROUPS.items() for name in names}
_ORDER = list(GROUPS)


def grouped(flags: Sequence[Flag]) -> Iterator[tuple[str, list[Flag]]]:
    """Flags by heading; within one, required ones first, else in their order."""
    ordered = sorted(flags, key=lambda flag: (_ORDER.index(_heading(flag)), not flag.required))
    for heading, some in groupby(ordered, key=_heading):
        yield heading, list(some)


def _heading(flag: Flag) -> str:
    return _HEADING.get(flag.name, _FIRST)
