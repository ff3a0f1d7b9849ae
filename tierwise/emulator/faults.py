"""The faults document: what is to go wrong, and for which requests.

    {"seed": 7, "faults": [
      {"kind": "unavailable", "rate": 0.02},
      {"kind": "rate_limited", "count": 5, "retry_after_s": 1},
      {"kind": "blocked_prompt", "sha256": ["6ca13d52..."]}]}

Selectors: `rate` (0 to 1, decided afresh for each request), `count` (only the first so many
requests that the others select), `after` (not the first so many of them), `model`, and `sha256` (a
request that carries one of these pictures). Without a selector every request is hit. One request
takes at most one fault, the first of the document that selects it; latencies add to it. Those of
batch jobs are described in `batches/batch_faults.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tierwise.emulator.batches.batch_faults import BATCH_FAULTS, CALLS, ORDERS
from tierwise.emulator.cache_faults import CACHE_CALLS, CACHE_FAULTS, WAYS
from tierwise.emulator.fault_words import (
    BREAKS,
    DETAILS,
    NULLS,
    REFUSABLE,
    STATUSES,
    TOO_MANY_STATES,
)
from tierwise.errors import InputError
from tierwise.json_text import read_json_text
from tierwise.storage.local_files import LocalFiles

# What may be set for each kind, with its default; the default's type is the type.
_SETTINGS: dict[str, dict[str, Any]] = {
    # How long replies take, and whether there are any.
    "latency": {"ms": 100.0, "sigma": 0.0},
    "hang": {"billed": True},
    "drop": {"billed": True},
    "cut_body": {"billed": True},
    "black_hole": {},
    # Refusals.
    "rate_limited": {"retry_after_s": 1.0, "retry_after_header": False},
    "retry_info_long": {"retry_after_s": 40_000.0},
    "daily_quota": {},
    "spend_limit": {"retry_after_s": 180.0, "usd": 0.0, "window_s": 600.0},
    "prepaid_depleted": {},
    "quota": {"requests_per_second": 10.0},
    "internal": {},
    "unavailable": {},
    "deadline": {},
    "unauthorized": {},
    "forbidden": {},
    "one403": {},
    "model_gone": {},
    "bad_image": {},
    "refuse_all": {"status": 400, "message": "Request contains an invalid argument."},
    "enum_limit": {"values": 60, "characters": 700, "message": TOO_MANY_STATES},
    "schema_limit": {"refuses": ["minimum", "maximum"], "message": TOO_MANY_STATES},
    "null_details": {"status": 503, "details": "null"},
    "redirect": {"status": 307, "location": "http://127.0.0.1:9/"},
    # Replies of a form that nobody expects, billed as any other.
    "no_usage": {},
    "null_candidate": {"where": "candidate"},
    "string_counts": {},
    "latin1": {},
    "bad_charset": {"charset": "undefined"},
    "not_json": {"status": 200},
    "huge_body": {"megabytes": 64},
    # What the model makes of the question.
    "blocked_prompt": {"block_reason": "SAFETY"},
    "blocked_answer": {"finish_reason": "SAFETY"},
    "empty_stop": {},
    "truncated_json": {},
    "max_tokens": {},
    "repeated_label": {},
    "wrong_items": {"how": "missing"},
    "zero_based": {},
    "shifted": {},
    "swapped": {},
    "outside_labels": {"question": ""},
    "short_row": {},
    "other_version": {"version": "gemini-unknown"},
    "implicit_cache": {},
    # What the model draws.
    "text_only": {"text": "I cannot draw that. Shall I draw something else?"},
    "several_pictures": {"count": 3},
    "thought_pictures": {"count": 2},
    "wrong_mime": {"mime_type": "image/gif"},
    "broken_picture": {"how": "cut"},
    "untold_picture": {},
    **CACHE_FAULTS,
    **BATCH_FAULTS,
}
# Of these, the request is not read, so that nothing in it can select it.
UNREAD = frozenset({"black_hole"})
# How many requests a kind strikes where the document says nothing.
_COUNTS = {"one403": 1}
_SELECTORS: dict[str, Any] = {"rate": 1.0, "count": 0, "after": 0, "model": "", "sha256": []}
_CHOICES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("wrong_items", "how"): ("missing", "extra", "repeated", "reordered"),
    ("null_candidate", "where"): NULLS,
    ("null_details", "details"): tuple(DETAILS),
    ("null_details", "status"): STATUSES,
    ("refuse_all", "status"): STATUSES,
    ("redirect", "status"): (301, 302, 303, 307, 308),
    ("not_json", "status"): (200, *STATUSES),
    ("schema_limit", "refuses"): REFUSABLE,
    ("broken_picture", "how"): BREAKS,
    ("cache_refused", "call"): CACHE_CALLS,
    ("cache_refused", "status"): STATUSES,
    ("cache_reply_lost", "call"): CACHE_CALLS,
    ("cache_gone", "how"): WAYS,
    ("batch_refused", "call"): CALLS,
    ("batch_refused", "status"): STATUSES,
    ("batch_reply_lost", "call"): CALLS,
    ("batch_stuck", "state"): ("PENDING", "RUNNING"),
    ("batch_order", "how"): ORDERS,
    ("batch_row_error", "status"): STATUSES,
    ("batch_row_error", "under"): ("error", "status"),
}
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `count` None is without limit; `model` "" is every model."""

    kind: str
    rate: float = 1.0
    count: int | None = None
    after: int = 0
    model: str = ""
    sha256: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Faults:
    """A whole document; `seed` decides which requests a `rate` picks."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0


def read_faults_file(path: Path) -> Faults:
    """The faults of a JSON file.

    Raises:
      InputError: the file cannot be read, or `read_faults` refuses what it holds.
    """
    try:
        document = read_json_text(LocalFiles().read(str(path)))
    except (OSError, ValueError) as error:
        raise InputError(f"faults file {path}: {error}. Give a JSON document of faults.") from error
    return read_faults(document, f"faults file {path}")


def read_faults(document: Any, source: str) -> Faults:
    """The faults of a decoded JSON document; `source` opens the message of an error.

    Raises:
      InputError: a key, kind or value does not exist or is out of range.
    """
    if not isinstance(document, dict) or not isinstance(document.get("faults"), list):
        raise InputError(f'{source}: not {{"faults": [...]}}. See the kinds: {_among(_SETTINGS)}.')
    unknown = set(document) - {"faults", "seed"}
    if unknown:
        raise InputError(f'{source}: unknown key {_among(unknown)}. Write "faults" and "seed".')
    seed = _typed(document.get("seed", 0), 0, f"{source}: seed")
    entries = enumerate(document["faults"])
    return Faults(tuple(_read(entry, f"{source}: faults[{i}]") for i, entry in entries), seed)


def _read(entry: Any, where: str) -> Fault:
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind not in _SETTINGS:
        raise InputError(
            f"{where}.kind: {kind!r} is not a kind of fault. One of: {_among(_SETTINGS)}."
        )
    selectors = {k: v for k, v in _SELECTORS.items() if not (kind in UNREAD and k == "sha256")}
    allowed = {**selectors, **_SETTINGS[kind]}
    unknown = set(entry) - set(allowed) - {"kind"}
    if unknown:
        raise InputError(
            f"{where}: {kind} knows no {_among(unknown)}. It knows: {_among(allowed)}."
        )
    values = {
        name: _typed(_given(entry, name, default), default, f"{where}.{name}")
        for name, default in allowed.items()
    }
    _check_ranges(values, where)
    _check_choices(kind, values, where)
    return Fault(
        kind=kind,
        rate=values["rate"],
        count=values["count"] if "count" in entry else _COUNTS.get(kind),
        after=values["after"],
        model=values["model"],
        sha256=frozenset(_digest(value, where) for value in values.get("sha256", ())),
        settings={name: values[name] for name in _SETTINGS[kind]},
    )


def _given(entry: Mapping[str, Any], name: str, default: Any) -> Any:
    """What an entry says of a setting; a question may be called by its number."""
    value = entry.get(name, default)
    is_number = name == "question" and isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, list) and isinstance(value, str):
        return [value]
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise InputError(f"{where}: {value!r} is not like {default!r}. Give a value of that type.")
    return value


def _check_ranges(values: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
        if isinstance(value, int | float) and value < 0:
            raise InputError(f"{where}.{name}: {value} is below 0. Give 0 or more.")
    for name in ("rate", "share", "answered"):
        if values.get(name, 0) > 1:
            raise InputError(
                f"{where}.{name}: {values[name]} is above 1. Give a share of the requests."
            )
    if values.get("requests_per_second") == 0:
        raise InputError(f"{where}.requests_per_second: 0 lets nothing through. Give more.")


def _check_choices(kind: str, values: Mapping[str, Any], where: str) -> None:
    for name in _SETTINGS[kind]:
        choices = _CHOICES.get((kind, name))
        if choices is None:
            continue
        given = values[name] if isinstance(values[name], list) else [values[name]]
        for value in given:
            if value not in choices:
                among = ", ".join(f"{choice!r}" for choice in choices)
                raise InputError(f"{where}.{name}: {value!r}. Write one of: {among}.")


def _digest(value: Any, where: str) -> str:
    digits = value.lower() if isinstance(value, str) else ""
    if len(digits) != _SHA256_DIGITS or set(digits) - set("0123456789abcdef"):
        raise InputError(
            f"{where}.sha256: {value!r} is not the 64 hex digits of a picture's bytes."
        )
    return digits


def _among(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))
