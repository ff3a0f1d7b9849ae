"""`picture:` of a task, checked: what is drawn, at which sizes, and what does not go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.drawn_picture import DrawnPicture
from tierwise.drawing_models import (
    DEFAULT_SIZE,
    EXCEPTION,
    IMAGE_SIZES,
    drawing_models,
    image_output_tokens,
    most_references,
    ratios_of,
    right_spelling,
)
from tierwise.errors import ModelError, TasksError
from tierwise.models import find_model, tier_refusal
from tierwise.records import MediaResolution, Route, ServiceTier
from tierwise.shown import shown
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.grouping import Grouping
from tierwise.tasks.keys import FileKeys, PictureKeys, TaskKeys
from tierwise.tasks.routes import image_settings
from tierwise.tasks.sizes_of_pictures import SizeRule
from tierwise.tasks.yaml_text import Document

COLUMN, OTHERWISE = "column", "otherwise"

# What drawing models are shown is one picture, at the one media resolution that they have: Gemini 3
# sees it as `high` (ai.google.dev/gemini-api/docs/media-resolution).
_RESOLUTION = MediaResolution.HIGH
# None of them knows these, or a drawn picture has no use for them.
_NOT_BESIDE = {
    "media_resolution": "models that draw have one media resolution.",
    "routing": "models that draw have one media resolution.",
    "images_per_request": "each picture is drawn in a request of its own.",
    "images_per_sheet": "each picture is drawn in a request of its own.",
    "together": "each picture is drawn in a request of its own.",
    "escalate": "nothing says whether a picture is in doubt.",
    "examples": "examples are labelled pictures, and this task has no labels.",
    "on_refusal": "what was declined is not drawn by another model.",
    "cache": "models that draw take no caches.",
}


def read_picture(document: Document, name: str, keys: PictureKeys) -> DrawnPicture:
    """What is drawn, at the largest size that the keys name; raises `TasksError`."""
    if keys.why is not None and not keys.why.strip():
        place = ("tasks", name, "picture", "why")
        raise document.error(place, "it is empty. Write what a picture of 4K is needed for.")
    with document.at("tasks", name, "picture", "size"):
        size = _largest(keys)
    return DrawnPicture(
        size=size,
        aspect_ratio=keys.aspect_ratio or "",
        file_format=keys.format or "",
        why=" ".join((keys.why or "").split()),
        keeps_input=keys.keep == "input",
    )


def size_rule_of(
    document: Document, name: str, keys: TaskKeys, answers: Mapping[str, AnswerType]
) -> SizeRule | None:
    """What the size of each picture follows from, None where all have the same.

    Raises:
        TasksError: a condition names what is not there, or the rule stands beside `per`.
    """
    if keys.picture is None or not isinstance(keys.picture.size, Mapping):
        return None
    written, place = keys.picture.size, ("tasks", name, "picture", "size")
    if keys.per:
        raise document.error(
            place, "a group has no column and no answers of its own. Write one size, or drop `per`."
        )
    rules = []
    for size, text in written.items():
        if size not in (COLUMN, OTHERWISE):
            with document.at(*place, size):
                condition = load_condition(text, answers)
                if name in condition.tasks:
                    raise TasksError(f"{name} is this task's own answer. Compare another task's.")
                rules.append((_word(size), condition))
    return SizeRule(
        largest=_largest(keys.picture),
        otherwise=_word(written.get(OTHERWISE, DEFAULT_SIZE)),
        column=written.get(COLUMN, ""),
        rules=tuple(rules),
    )


def drawing_route(document: Document, file: FileKeys, name: str) -> Route:
    """How a picture is asked for; raises `TasksError`."""
    keys = file.tasks[name]
    _check_alone(document, name, keys)
    picture = keys.picture or PictureKeys()
    model = keys.model or file.model
    with document.at(*(("tasks", name) if keys.model else ()), "model"):
        _check_draws(model)
    with document.at("tasks", name, "picture", "size"):
        for size in _sizes(picture):
            image_output_tokens(model, size)
        if EXCEPTION in _sizes(picture) and not picture.why:
            raise TasksError(
                f"{EXCEPTION} is the exception, and the file says what it is for: write "
                f"`why:` beside it, or 2K."
            )
    with document.at("tasks", name, "picture", "aspect_ratio"):
        if picture.aspect_ratio and picture.aspect_ratio not in ratios_of(model):
            there = ", ".join(ratios_of(model))
            raise TasksError(f'"{model}" draws {there}, not {shown(picture.aspect_ratio)}.')
    tier = keys.service_tier or file.service_tier or ServiceTier.STANDARD
    with document.at(*(("tasks", name) if keys.service_tier else ()), "service_tier"):
        if refusal := tier_refusal(find_model(model), tier):
            raise TasksError(refusal)
    image = image_settings(file.defaults.image, keys.image, model, _RESOLUTION)
    return Route(
        model=model,
        media_resolution=_RESOLUTION,
        # What is sent is always our own small copy, which has nothing of the file's metadata.
        image=replace(image, by_reference=False, fallback_original=False),
        service_tier=tier,
    )


def drawing_group(
    document: Document, name: str, keys: TaskKeys, route: Route, grouping: Grouping | None
) -> Grouping | None:
    """A group with no more pictures than a model draws by; raises `TasksError`."""
    most = most_references(route.model)
    if grouping is None or grouping.most <= most:
        return grouping
    if keys.max_per_group:
        raise document.error(
            ("tasks", name, "max_per_group"),
            f"{keys.max_per_group}: {route.model} draws by at most {most} pictures. Lower it.",
        )
    return replace(grouping, most=most)


def _check_alone(document: Document, name: str, keys: TaskKeys) -> None:
    for key, why in _NOT_BESIDE.items():
        if key in keys.model_fields_set:
            raise document.error(("tasks", name, key), f"no use beside `picture`: {why} Remove it.")
    for key, value in (("send", "reference"), ("fallback", "original")):
        if getattr(keys.image, key) == value:
            raise document.error(
                ("tasks", name, "image", key),
                f"{value}: the file's own bytes would be sent, with its metadata, and models that "
                "draw are shown a small copy alone. Remove it.",
            )


def _check_draws(model: str) -> None:
    drawing = ", ".join(f'"{name}"' for name in drawing_models())
    try:
        found = find_model(model)
    except ModelError as error:
        raise ModelError(f"{error} Models that draw: {drawing}.") from error
    if not found.image_output:
        raise ModelError(f'model "{model}" answers in words. Pin one that draws: {drawing}.')


def _largest(picture: PictureKeys) -> str:
    """The largest size that may come; of a column, what a reason allows."""
    if isinstance(picture.size, Mapping) and COLUMN in picture.size:
        return EXCEPTION if picture.why else IMAGE_SIZES[IMAGE_SIZES.index(EXCEPTION) - 1]
    return max(_sizes(picture), key=IMAGE_SIZES.index)


def _sizes(picture: PictureKeys) -> Sequence[str]:
    """The sizes that the keys name, each once; raises `TasksError` for a word that is none."""
    if not isinstance(picture.size, Mapping):
        return (_word(picture.size),)
    written = picture.size
    if COLUMN in written:
        _check_column(written)
    elif not set(written) - {OTHERWISE}:
        raise TasksError('no rule. Write one, as in {2K: crop == "yes"}, or a size alone.')
    words = [size for size in written if size not in (COLUMN, OTHERWISE)]
    for size in words:
        if not isinstance(written[size], str):
            raise TasksError(f"{size}: {shown(written[size])} is no condition. Write one as text.")
    return tuple(dict.fromkeys(map(_word, (*words, written.get(OTHERWISE, DEFAULT_SIZE)))))


def _check_column(written: Mapping[str, Any]) -> None:
    column = written[COLUMN]
    if not isinstance(column, str) or not column:
        raise TasksError(f"column: {shown(column)} is no name. Write that of a column.")
    if beside := sorted(set(written) - {COLUMN, OTHERWISE}):
        raise TasksError(f"{beside[0]}: a column says it all. Remove one of the two.")


def _word(written: Any) -> str:
    """A size as it is sent; YAML takes 512 for a number."""
    word = str(written) if isinstance(written, int | str) else ""
    if word not in IMAGE_SIZES or isinstance(written, bool):
        sizes = ", ".join(IMAGE_SIZES)
        raise TasksError(
            f"{shown(written)} is no size. Pictures are {sizes}.{right_spelling(word)}"
        )
    return word
