"""Which requests a fault can do anything to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from tierwise.emulator.batches.batch_faults import BATCH_FAULTS
from tierwise.emulator.cache_faults import OF_CACHE_CALLS
from tierwise.emulator.faults import Fault
from tierwise.emulator.packs import number_field
from tierwise.emulator.request import GeminiRequest
from tierwise.emulator.schemas import ResponseSchema
from tierwise.records import ServiceTier
from tierwise.tiers import text_tokens

# Faults of a connection, a caller or the interactive quotas: a row of a batch has none of these.
_INTERACTIVE = frozenset(
    {
        *("latency", "hang", "drop", "cut_body", "redirect", "null_details"),
        *("latin1", "bad_charset", "not_json", "huge_body"),
        *("rate_limited", "retry_info_long", "daily_quota", "spend_limit", "prepaid_depleted"),
        *("quota", "unauthorized", "forbidden", "one403", "model_gone", "refuse_all"),
    }
)


def can_strike(fault: Fault, asked: GeminiRequest) -> bool:
    """Whether the fault makes a difference to this request.

    Those that spoil packs need a pack, a limit of enums needs an enum above it, and so on; all
    others can strike any request. A row of a batch takes those of the model itself.
    """
    if fault.kind in BATCH_FAULTS or fault.kind in OF_CACHE_CALLS:
        return False
    if asked.service_tier is ServiceTier.BATCH and fault.kind in _INTERACTIVE:
        return False
    needs = _NEEDS.get(fault.kind)
    return needs is None or needs(fault, asked)


def _is_pack(_: Fault, asked: GeminiRequest) -> bool:
    if asked.joint:
        return bool(asked.joint.number_field)
    return number_field(asked.settings.schema) is not None


def _is_true_pack(fault: Fault, asked: GeminiRequest) -> bool:
    images = sum(len(picture.numbers) for picture in asked.pictures)
    return images > 1 and _is_pack(fault, asked)


def _is_joint(_: Fault, asked: GeminiRequest) -> bool:
    return asked.joint is not None


def _names_cache(_: Fault, asked: GeminiRequest) -> bool:
    return bool(asked.cache)


def _may_be_remembered(_: Fault, asked: GeminiRequest) -> bool:
    least = asked.model.implicit_cache_tokens
    return least is not None and not asked.cache and text_tokens(asked.opening) >= least


def _has_question(fault: Fault, asked: GeminiRequest) -> bool:
    which: str = fault.settings["question"]
    return not which or (asked.joint is not None and bool(asked.joint.called(which)))


def _lists_labels(_: Fault, asked: GeminiRequest) -> bool:
    if asked.joint:
        return any(one.options and one.schema["type"] == "array" for one in asked.joint.questions)
    return any(node.get("type") == "array" and _enum(node.get("items")) for node in _nodes(asked))


def _above_limit(fault: Fault, asked: GeminiRequest) -> bool:
    if not asked.settings.dialect:  # told in the prompt, a schema is words
        return False
    enums = [_enum(node) for node in _nodes(asked)]
    values = max(map(len, enums), default=0)
    characters = sum(len(str(value)) for value in chain.from_iterable(enums))
    limits = ((fault.settings["values"], values), (fault.settings["characters"], characters))
    return any(0 < most < has for most, has in limits)


def _holds_refused(fault: Fault, asked: GeminiRequest) -> bool:
    settings = asked.settings
    if not settings.dialect:
        return False
    found = {"schema", settings.dialect, "text/x.enum" if settings.bare_enum else ""}
    found.update(*_nodes(asked))
    return not found.isdisjoint(frozenset[str](fault.settings["refuses"]))


def _nodes(asked: GeminiRequest) -> Iterator[ResponseSchema]:
    waiting: list[Any] = [asked.settings.schema]
    while waiting:
        node = waiting.pop()
        if node:
            yield node
            waiting += [node.get("items"), *(node.get("properties") or {}).values()]
            waiting += node.get("prefixItems") or ()


def _enum(node: ResponseSchema | None) -> list[Any]:
    return list((node or {}).get("enum") or [])


def _draws(_: Fault, asked: GeminiRequest) -> bool:
    return bool(asked.settings.drawn_size)


_NEEDS: dict[str, Callable[[Fault, GeminiRequest], bool]] = {
    "wrong_items": _is_pack,
    "zero_based": _is_pack,
    "shifted": _is_true_pack,
    "swapped": _is_true_pack,
    "short_row": _is_joint,
    "cache_gone": _names_cache,
    "implicit_cache": _may_be_remembered,
    "outside_labels": _has_question,
    "repeated_label": _lists_labels,
    "enum_limit": _above_limit,
    "schema_limit": _holds_refused,
    "text_only": _draws,
    "several_pictures": _draws,
    "thought_pictures": _draws,
    "wrong_mime": _draws,
    "broken_picture": _draws,
    "untold_picture": _draws,
}
