"""The Gemini models, what each offers, and whether it is still there on a given day.

The rows stand in `facts/models.toml`, each with its source and the date on which it was checked.
Vertex AI offers the same models, but some end on other days there, or lack a service tier.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from tierwise.errors import ModelError
from tierwise.records import MediaResolution, ServiceTier
from tierwise.shown import counted

Generation = Literal["2.5", "3", "4"]

# A run over a large archive takes days; two months leave time to calibrate on another model.
_WARN_BEFORE_SHUTDOWN = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Model:
    """One pinned model.

    Sequences run from least to most. `thinking_budget_off` is the budget that switches thinking
    off, None where no budget does. `shutdown` is the first day without the model. `version` is what
    the replies of this model carry as `modelVersion`. `may_end_from` is the day up to which it is
    promised. Dates that no source gives are None. `vertex` says that this holds on Vertex AI.
    `implicit_cache_tokens` and `explicit_cache_tokens` are the shortest beginnings of prompts that
    the service remembers by itself, and in caches that are made; None where it does not.
    """

    name: str
    generation: Generation
    media_resolutions: tuple[MediaResolution, ...]
    per_part_media_resolution: bool
    thinking_levels: tuple[str, ...]
    default_thinking: str
    thinking_budget_off: int | None
    service_tiers: tuple[ServiceTier, ...]
    available_from: date | None
    shutdown: date | None
    forwards_to: str | None
    forwards_from: date | None
    note: str
    image_output: bool
    context_tokens: int
    max_output_tokens: int
    version: str
    may_end_from: date | None
    vertex: bool
    implicit_cache_tokens: int | None = None
    explicit_cache_tokens: int | None = None

    @property
    def caches_pictures(self) -> bool:
        """Whether a cache can hold pictures at the media resolution of the requests that name it.

        It has no setting of that beside each picture's own, which not every model takes
        (`CreateCachedContentConfig` and `Part` of google-genai 3.6.1, read 2026-12-01).
        """
        return self.per_part_media_resolution


def find_model(name: str, *, vertex: bool = False) -> Model:
    """The model of exactly this name, on the Developer API or on Vertex AI.

    Raises ModelError for aliases and unknown names.
    """
    if model := _models(vertex).get(name):
        return model
    if name in _aliases() or name == "latest" or name.endswith("-latest"):
        stands_for = _aliases().get(name)
        remedy = (
            f'"{stands_for}", which it stood for lately' if stands_for else _among(_models(vertex))
        )
        raise ModelError(
            f'model "{name}" is an alias: it moves to other answers and prices without notice. '
            f"Pin a model instead: {remedy}."
        )
    raise ModelError(f'model "{name}" is not known. Write one of: {_among(_offered(name))}.')


def all_models(*, vertex: bool = False) -> tuple[Model, ...]:
    """Every known model, those that have been shut down included."""
    return tuple(_models(vertex).values())


def answering_model(pinned: str, version: str) -> str:
    """The model that a reply comes from, by its `modelVersion`: the pinned one, or another.

    Google forwards requests for models that it retires, and bills the model that answers. A number
    behind the name is a version of the pinned model; what is not a known model says nothing.
    """
    return version if version in _models(False) else pinned


def other_model(pinned: str, version: str) -> str:
    """The model other than the pinned one that a reply names by its `modelVersion`, "" if none.

    It need not be known here. What begins with the pinned name is a version of it.
    """
    models = _models(False)
    if version in models:
        return "" if version == pinned else version
    own = models[pinned].version if pinned in models else pinned
    return "" if version.startswith((pinned, own)) else version


def forwarded(model: Model, on: date) -> Model:
    """The model that answers requests for this one on that day."""
    if model.forwards_to is None or model.forwards_from is None or on < model.forwards_from:
        return model
    return find_model(model.forwards_to, vertex=model.vertex)


def check_alive(model: Model, on: date) -> str | None:
    """A warning about this model's life on that day, or None; raises ModelError once it is over."""
    if model.shutdown and on >= model.shutdown:
        raise ModelError(_over(model))
    warnings = [
        *_upcoming_shutdown(model, on),
        *_forwarded(model, on),
        *([f"{model.name} is {model.note}."] if model.note else []),
    ]
    return " ".join(warnings) or None


def tier_refusal(model: Model, tier: ServiceTier) -> str:
    """Why a model is not asked at a service tier, empty where it is."""
    if tier in model.service_tiers:
        return ""
    if model.image_output and tier is ServiceTier.FLEX:
        return (
            f"{model.name} is not asked at flex: no price is known for pictures drawn there. "
            "Batch costs half, too."
        )
    where = " on Vertex AI" if model.vertex else ""
    offered = ", ".join(model.service_tiers)
    return f"{model.name} has no service tier {tier}{where}; it has: {offered}."


def _over(model: Model) -> str:
    if model.forwards_to is None:
        where = " on Vertex AI" if model.vertex else ""
        return f'model "{model.name}" was shut down{where} on {model.shutdown}. Pin another model.'
    return (
        f'model "{model.name}" was shut down on {model.shutdown}: {model.forwards_to} answers in '
        f'its place, at its own price. Pin "{model.forwards_to}" and calibrate again.'
    )


def _upcoming_shutdown(model: Model, on: date) -> list[str]:
    may_end = model.may_end_from
    if may_end and on >= may_end - _WARN_BEFORE_SHUTDOWN:
        return [f"{model.name} is promised until {may_end}, and may be shut down from then on."]
    if model.shutdown is None or on < model.shutdown - _WARN_BEFORE_SHUTDOWN:
        return []
    days = (model.shutdown - on).days
    return [f"{model.name} will be shut down on {model.shutdown}, in {counted(days, 'day')}."]


def _forwarded(model: Model, on: date) -> list[str]:
    other = forwarded(model, on)
    if other is model:
        return []
    return [
        f"Requests for {model.name} are answered by {other.name}: answers and price are "
        f'that model\'s. Pin "{other.name}" to know what you get.'
    ]


def _offered(name: str) -> list[str]:
    """The nearest known names, then every model that answers questions and is there to stay."""
    nearest = get_close_matches(name, _models(False), n=3, cutoff=0.5)
    # The latest day that the facts know of, for nobody here asks what day it is.
    latest = max(model.available_from for model in all_models() if model.available_from)
    staying = [
        model.name
        for model in all_models()
        if not (model.image_output or model.forwards_to)
        and (model.shutdown is None or model.shutdown > latest)
    ]
    return list(dict.fromkeys([*nearest, *staying]))


def _among(names: Mapping[str, Any] | list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@cache
def _facts() -> Mapping[str, list[dict[str, Any]]]:
    return tomllib.loads((files("tierwise") / "facts" / "models.toml").read_text(encoding="utf-8"))


@cache
def _models(vertex: bool) -> Mapping[str, Model]:
    rows = _facts()["models"]
    if vertex:
        rows = [row | row.get("vertex", {}) for row in rows]
    return {row["name"]: _model(row, vertex=vertex) for row in rows}


@cache
def _aliases() -> Mapping[str, str]:
    return {row["name"]: row["today"] for row in _facts()["aliases"]}


def _model(row: Mapping[str, Any], *, vertex: bool) -> Model:
    return Model(
        name=row["name"],
        generation=row["generation"],
        media_resolutions=tuple(MediaResolution(value) for value in row["media_resolutions"]),
        per_part_media_resolution=row["per_part_media_resolution"],
        thinking_levels=tuple(row["thinking_levels"]),
        default_thinking=row["default_thinking"],
        thinking_budget_off=row.get("thinking_budget_off"),
        service_tiers=tuple(ServiceTier(value) for value in row["service_tiers"]),
        available_from=row.get("available_from"),
        shutdown=row.get("shutdown") or None,
        forwards_to=row.get("forwards_to") or None,
        forwards_from=row.get("forwards_from") or None,
        note=row.get("note", ""),
        image_output=row["image_output"],
        context_tokens=row["context_tokens"],
        max_output_tokens=row["max_output_tokens"],
        version=row.get("version", row["name"]),
        may_end_from=row.get("may_end_from"),
        vertex=vertex,
        implicit_cache_tokens=row.get("implicit_cache_tokens"),
        explicit_cache_tokens=row.get("explicit_cache_tokens"),
    )
