"""The keys of a tasks file; each description is also what an error message says to write."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from tierwise.contact_sheets import MOST_IMAGES
from tierwise.drawing_models import DEFAULT_SIZE
from tierwise.records import MediaResolution, ServiceTier
from tierwise.shown import shown, suggestion
from tierwise.tasks.grouping import Beyond
from tierwise.tasks.yaml_text import Document, Location, read_yaml

Resolution = Annotated[MediaResolution, Field(strict=False)]
Tier = Annotated[ServiceTier, Field(strict=False)]
# What a task may write: auto starts at low and may follow the picture.
AUTO: Literal["auto"] = "auto"
WrittenResolution = Resolution | Literal["auto"]
Profile = Literal["content", "text", "objects", "faces", "aggressive", "conservative"]
PackSize = Annotated[int, Field(ge=1, le=50)]
KINDS = ("labels", "schema", "text", "picture")
ONE_KIND = "Write exactly one of `labels:`, `schema:`, `text:` and `picture:`."
_SEVERAL_KINDS = "several_kinds"
Together = Literal["auto", False] | list[str]
LIST_OF_LABELS = "Write a list, as in [cat, dog], or the name of a file, as in kinds.csv."
_TOGETHER = "Write auto, false, or a list of the tasks that may share its requests."
# YAML takes the word off for false.
Cache = Literal["auto", "off", False]
SheetSize = Annotated[int, Field(ge=1, le=MOST_IMAGES)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SizeKeys(_Keys):
    """`image:` of an escalation, how large the picture is that is sent."""

    profile: Profile | None = Field(default=None, description="Write {options}.")
    max_side: int | None = Field(
        default=None, ge=16, le=8192, description="Write the longest side in px, 16 to 8192."
    )
    quality: int | None = Field(
        default=None, ge=1, le=100, description="Write a whole number, 1 to 100."
    )


class ImageKeys(SizeKeys):
    """`image:`, how a picture is shrunk."""

    format: Literal["jpeg", "webp"] | None = Field(default=None, description="Write {options}.")
    background: str | None = Field(
        default=None,
        pattern="^#[0-9A-Fa-f]{6}$",
        description='Write a colour as "#rrggbb", in quotes.',
    )
    frames: Literal["first", "middle"] | Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="Write first, middle, or how many frames of an animation, 1 to 64.",
    )
    split: Literal["long"] | None = Field(
        default=None, description="Write long to cut very long pictures into parts, or remove it."
    )
    fallback: Literal["original"] | None = Field(
        default=None, description="Write original, or remove it."
    )
    send: Literal["bytes", "reference"] | None = Field(default=None, description="Write {options}.")


class RoutingKeys(_Keys):
    """`routing:`, how the route is adapted to each picture."""

    fit_pixels: bool | None = Field(
        default=None,
        description="Write true to ask pictures with few pixels lower, false never to.",
    )
    detail_above: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Write the fine detail, 0 to 1, above which pictures are asked higher.",
    )
    detail_resolution: Resolution | None = Field(default=None, description="Write {options}.")


class TextKeys(_Keys):
    """`text:`, an answer in free words."""

    max_length: int = Field(
        ge=1, le=8000, description="Write `max_length:` with 1 to 8000 characters."
    )
    slug: bool = Field(default=False, description="Write true for words of a file name.")


class PictureKeys(_Keys):
    """`picture:`, an answer that is drawn."""

    # Checked by `tierwise.tasks.picture_tasks`.
    size: Any = Field(default=DEFAULT_SIZE, description="Write 512, 1K, 2K or 4K.")
    aspect_ratio: str | None = Field(
        default=None, description='Write a ratio in quotes, as in "16:9".'
    )
    format: Literal["png", "jpeg", "webp"] | None = Field(
        default=None, description="Write {options}, or leave it out to keep what comes."
    )
    keep: Literal["input", "none"] = Field(
        default="none", description="Write input to keep the picture that was sent, too, or none."
    )
    why: str | None = Field(
        default=None, max_length=500, description="Write what pictures of 4K are needed for."
    )


class DefaultKeys(_Keys):
    """`defaults:`, for every task that says nothing else."""

    media_resolution: WrittenResolution | None = Field(default=None, description="Write {options}.")
    image: ImageKeys = Field(
        default_factory=ImageKeys, description="Write keys, as in {max_side: 768}."
    )
    images_per_request: PackSize | None = Field(
        default=None, description="Write a whole number of images, 1 to 50."
    )
    images_per_sheet: SheetSize | None = Field(
        default=None, description=f"Write a whole number of images, 1 (none) to {MOST_IMAGES}."
    )
    routing: RoutingKeys = Field(
        default_factory=RoutingKeys, description="Write keys, as in {fit_pixels: false}."
    )
    together: Together | None = Field(default=None, description=_TOGETHER)
    cache: Cache | None = Field(
        default=None, description="Write auto to have long prompts cached where it pays, or off."
    )


class EscalateKeys(_Keys):
    """`escalate:`, the route by which doubtful images are asked again."""

    when: str = Field(
        description="Write a condition on this task's answer or others': category == 'unsure'."
    )
    model: str | None = Field(default=None, description="Write the name of a pinned model.")
    media_resolution: Resolution | None = Field(default=None, description="Write {options}.")
    image: SizeKeys = Field(
        default_factory=SizeKeys, description="Write keys, as in {max_side: 768}."
    )
    images_per_request: PackSize | None = Field(
        default=None, description="Write a whole number of images, 1 to 50."
    )
    images_per_sheet: SheetSize | None = Field(
        default=None, description=f"Write a whole number of images, 1 (none) to {MOST_IMAGES}."
    )


class RefusalKeys(_Keys):
    """`on_refusal:`, the route by which pictures are asked that Gemini declined."""

    model: str | None = Field(default=None, description="Write the name of a pinned model.")
    media_resolution: Resolution | None = Field(default=None, description="Write {options}.")
    image: SizeKeys = Field(
        default_factory=SizeKeys, description="Write keys, as in {max_side: 768}."
    )


class LocalKeys(_Keys):
    """`local:`, on what terms a local model answers; a share alone is its `differ`."""

    differ: float = Field(
        ge=0,
        le=0.5,
        description="Write the share of the pictures that may be answered otherwise than by "
        "Gemini, 0.001 to 0.5; 0 for none.",
    )
    confidence: float = Field(
        default=0.95,
        ge=0.5,
        lt=1,
        description="Write in what share of draws of the exam that holds, 0.5 to 0.999.",
    )
    always_ask: list[str] = Field(
        default_factory=list, description="Write a list of labels that Gemini alone may give."
    )
    sample_tier: Tier | None = Field(default=None, description="Write {options}.")

    @model_validator(mode="before")
    @classmethod
    def _of_a_share(cls, value: Any) -> Any:
        is_share = isinstance(value, int | float) and not isinstance(value, bool)
        return {"differ": float(value)} if is_share else value


class TaskKeys(DefaultKeys):
    """One task."""

    prompt: str = Field(
        min_length=1, max_length=100_000, description="Write `prompt:` with the question, as text."
    )
    # Checked by `tierwise.tasks.label_lists`.
    labels: Any = Field(default=None, description=LIST_OF_LABELS)
    back_off: bool = Field(
        default=False, description="Write true where a label that others lie below may be given."
    )
    top_down: Literal["auto", True, False] = Field(
        default="auto", description="Write auto, true or false: a tree in two questions."
    )
    max_labels: int | None = Field(
        default=None, ge=1, le=50, description="Write how many labels may come back, 1 to 50."
    )
    multiple: bool = Field(default=False, description="Write true where several labels may fit.")
    answer_schema: dict[str, Any] | None = Field(
        default=None, alias="schema", description="Write a JSON Schema with `type: object`."
    )
    text: TextKeys | None = Field(default=None, description="Write {max_length: 60}, for example.")
    picture: PictureKeys | None = Field(default=None, description="Write {size: 1K}, for example.")
    when: str | None = Field(default=None, description="Write a condition as text: detail == 'x'.")
    escalate: EscalateKeys | None = Field(
        default=None,
        description="Write {when: a condition, media_resolution: high}, for example.",
    )
    examples: str | None = Field(
        default=None, min_length=1, description="Write the name of a folder with one per label."
    )
    on_refusal: RefusalKeys | None = Field(
        default=None, description="Write a route, as in {model: gemini-3.5-flash-lite}."
    )
    local: LocalKeys | None = Field(
        default=None, description="Write a share, as in 0.02, or keys, as in {differ: 0.02}."
    )
    input: Literal["image", "text"] = Field(default="image", description="Write {options}.")
    variables: dict[str, str] = Field(
        default_factory=dict, description="Write names with text, as in {language: German}."
    )
    model: str | None = Field(default=None, description="Write the name of a pinned model.")
    service_tier: Tier | None = Field(default=None, description="Write {options}.")
    max_output_tokens: int | None = Field(
        default=None, ge=1, le=8192, description="Write a whole number of tokens, 1 to 8192."
    )
    per: str | None = Field(
        default=None,
        min_length=1,
        description="Write folder, or a column of the manifest: one answer for each group.",
    )
    max_per_group: PackSize | None = Field(
        default=None, description="Write a whole number of images, 1 to 50."
    )
    beyond: Annotated[Beyond, Field(strict=False)] | None = Field(
        default=None, description="Write {options}: what becomes of more than `max_per_group`."
    )

    @model_validator(mode="before")
    @classmethod
    def _of_one_kind(cls, value: Any) -> Any:
        """Before the keys of a kind are read: they are no use beside another kind."""
        given = [kind for kind in KINDS if isinstance(value, dict) and value.get(kind) is not None]
        if len(given) > 1:
            raise PydanticCustomError(
                _SEVERAL_KINDS, f"{' and '.join(given)} given; one is needed. {ONE_KIND}"
            )
        return value


class FileKeys(_Keys):
    """The whole file."""

    model: str = Field(description="Write `model:` with the name of a pinned model.")
    service_tier: Tier | None = Field(default=None, description="Write {options}.")
    together: Together | None = Field(default=None, description=_TOGETHER)
    defaults: DefaultKeys = Field(
        default_factory=DefaultKeys,
        description="Write keys, as in {media_resolution: low}.",
    )
    tasks: dict[str, TaskKeys] = Field(
        min_length=1, description="Write `tasks:` with at least one named task below it."
    )


def read_tasks_file(text: str, *, path: str) -> tuple[FileKeys, Document]:
    """The keys of a file, each of its right type; raises `TasksError` for the first that is not."""
    document = read_yaml(text, path=path)
    try:
        return FileKeys.model_validate(document.value), document
    except ValidationError as error:
        _refuse(document, error)


def _refuse(document: Document, error: ValidationError) -> NoReturn:
    """Raise for the first of pydantic's findings, in words that fit the file."""
    first = _telling(error.errors(include_url=False))
    kind, value = first["type"], first["input"]
    location, keys = _placed(first["loc"])
    if kind == "extra_forbidden":
        fields = keys.model_fields.items()
        known = [field.alias or name for name, field in fields]
        problem = f"this key is not known. {suggestion(location[-1], known, 'keys')}"
    elif kind == _SEVERAL_KINDS:
        problem = first["msg"]
    elif kind == "missing":
        problem = f"this key is missing. {_remedy(keys, location, first)}"
    elif kind == "string_too_long":
        limit = first["ctx"]["max_length"]
        problem = f"the text has {len(value)} characters, the limit is {limit}. Shorten it."
    elif kind == "string_type" and _is_other_word(value):
        problem = quote_it(document, first["loc"], value)
    else:
        problem = f"the value is {shown(value)}. {_remedy(keys, location, first)}"
    raise document.error(location, problem) from error


def _telling(found: list[ErrorDetails]) -> ErrorDetails:
    """The first finding; but for a missing key, the unknown one beside it that it may be."""
    first = found[0]
    if first["type"] != "missing":
        return first
    beside = (
        one
        for one in found
        if one["type"] == "extra_forbidden" and one["loc"][:-1] == first["loc"][:-1]
    )
    return next(beside, first)


def _placed(found: Location) -> tuple[Location, type[_Keys]]:
    """The location in the file of pydantic's, and the keys among which its last key stands."""
    keys: type[_Keys] = FileKeys
    depth = 0
    if found[:1] == ("tasks",) and len(found) > 2:
        keys, depth = TaskKeys, 2
    elif found[:1] == ("defaults",) and len(found) > 1:
        keys, depth = DefaultKeys, 1
    while len(found) > depth + 1 and (below := _BELOW.get((keys, found[depth]))):
        keys, depth = below, depth + 1
    items = found[depth:][:1] in (("variables",), ("tasks",))
    return found[: depth + 1 + items], keys


def _remedy(keys: type[_Keys], location: Location, first: ErrorDetails) -> str:
    if not location:
        return "Write `model:` and `tasks:` with what belongs to them below."
    if len(location) == 2 and location[0] == "tasks":
        return (
            "Write `prompt:` and one of `labels:`, `schema:`, `text:` or `picture:` below the "
            "task's name."
        )
    named = {field.alias or name: field for name, field in keys.model_fields.items()}
    key = next(step for step in reversed(location) if step in named)
    options = str(first.get("ctx", {}).get("expected", "")).replace("'", "")
    return str(named[str(key)].description).replace("{options}", f"one of {options}")


def _is_other_word(value: Any) -> bool:
    """Whether YAML has made something else of a word; of a key without a value it has not."""
    return not isinstance(value, list | dict | None)


def quote_it(document: Document, found: Location, value: Any) -> str:
    """What to say of something that YAML took for no text."""
    written = document.written(found)
    if not written:
        return "there is nothing here. Write it, or remove the line."
    kind = _YAML_TYPES.get(type(value), "a date")
    return f'YAML takes {written} for {kind} where text is expected. Quote it: "{written}".'


_BELOW: dict[tuple[type[_Keys], object], type[_Keys]] = {
    (DefaultKeys, "image"): ImageKeys,
    (TaskKeys, "image"): ImageKeys,
    (DefaultKeys, "routing"): RoutingKeys,
    (TaskKeys, "routing"): RoutingKeys,
    (TaskKeys, "text"): TextKeys,
    (TaskKeys, "picture"): PictureKeys,
    (TaskKeys, "escalate"): EscalateKeys,
    (EscalateKeys, "image"): SizeKeys,
    (TaskKeys, "on_refusal"): RefusalKeys,
    (TaskKeys, "local"): LocalKeys,
    (RefusalKeys, "image"): SizeKeys,
}
_YAML_TYPES = {type(None): "nothing", bool: "true or false", int: "a number", float: "a number"}
