"""`examples:` of a task: labelled pictures that are shown before those that are asked about.

A folder holds one below it for each label. The pictures are shrunk as the task's own are, once,
where the tasks file is read; they travel with the task and stand in the shared part of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import NoReturn
from unicodedata import normalize

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.json_schemas import MismatchError
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.errors import ImageError, TasksError
from tierwise.records import ImageSettings, MediaResolution, Route
from tierwise.shown import counted, shown, suggestion
from tierwise.tasks.keys import TaskKeys
from tierwise.tasks.yaml_text import Document
from tierwise.tiers import image_tokens, most_image_tokens

# Each is paid with every request; all of them travel in the plan of the job.
MOST_EXAMPLES, _MOST_BYTES = 50, 4_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture as it is sent; `width` and `height` are in px.

    `contents` are the hashes of the file's bytes, in the forms in which stores give them. `data` is
    empty where nothing is sent any more.
    """

    label: str
    contents: tuple[str, ...]
    width: int
    height: int
    mime_type: str
    data: bytes = field(default=b"", repr=False)

    @property
    def caption(self) -> str:
        """What stands before it.

        >>> Example("hat", (), 1, 1, "image/jpeg").caption
        'Example of "hat":'
        """
        return f'Example of "{self.label}":'


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture of a folder of examples, as it is sent; `path` is its name below that folder."""

    path: str
    example: Example


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """A picture that a label names; `place` says where, for messages."""

    label: str
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class ExamplePictures:
    """Gives pictures that a tasks file names, shrunk so: all `below` a folder, or just `one`.

    Both raise OSError and ImageError.
    """

    below: Callable[[str, ImageSettings], Sequence[FoundPicture]]
    one: Callable[[str, ImageSettings], Example]


def _nowhere(name: str, settings: ImageSettings) -> NoReturn:
    del settings
    raise FileNotFoundError(2, "this tasks file lies in no folder", name)


# For texts that lie nowhere.
NO_PICTURES = ExamplePictures(_nowhere, _nowhere)


def examples_of(
    document: Document,
    name: str,
    keys: TaskKeys,
    own: Route,
    *,
    answer: AnswerType,
    pictures: ExamplePictures,
    named: Sequence[NamedPicture],
) -> tuple[Example, ...]:
    """The examples of a task in the order of its labels; raises `TasksError`.

    They lie in its folder of examples, or are `named` by its labels.
    """
    found, key = list[Example](), "labels"
    if keys.examples is not None:
        key = "examples"
        with document.at("tasks", name, key):
            _check_task(keys, answer)
            found += _read(keys.examples, own.image, answer, pictures)
    # A place in the tasks file says itself where that is.
    with document.at("tasks", name, "labels") if isinstance(keys.labels, str) else nullcontext():
        for one in named:
            found.append(_read_named(one, keys, own.image, answer, pictures))
    places = {label: place for place, label in enumerate(answer.options())}
    with document.at("tasks", name, key):
        _check_size(found)
    return tuple(sorted(found, key=lambda one: places[one.label]))


def _check_size(found: Sequence[Example]) -> None:
    if len(found) > MOST_EXAMPLES:
        raise TasksError(
            f"{counted(len(found), 'example')}, the limit is {MOST_EXAMPLES}, "
            "for each is paid with every request. Remove some."
        )
    size = sum(len(one.data) for one in found)
    if size > _MOST_BYTES:
        raise TasksError(
            f"the examples have {size} bytes as they are sent, the limit is "
            f"{_MOST_BYTES}. Remove some, or write a smaller `image: {{max_side: ...}}`."
        )


def _read_named(
    one: NamedPicture,
    keys: TaskKeys,
    settings: ImageSettings,
    answer: AnswerType,
    pictures: ExamplePictures,
) -> Example:
    """A picture that a label names, by the same rules."""
    where = f"{one.place}: the example {shown(one.name)} of {shown(one.label)}"
    if keys.per or keys.input == "text":
        what = "a group is" if keys.per else "tasks that read text are"
        raise TasksError(f"{where}: {what} shown no examples. Remove it.")
    if one.label not in answer.options():
        raise TasksError(
            f"{where}: others lie below that label, so that it is no answer. Name it at one of "
            "these, or write `back_off: true`."
        )
    try:
        found = pictures.one(one.name, _plain(settings))
    except OSError as error:
        reason = error.strerror or str(error)
        raise TasksError(
            f"{where} cannot be read: {reason}. Write its path as seen from the file that names "
            "it, or a gs:// address; call the column otherwise where it holds no pictures."
        ) from error
    except ImageError as error:
        raise TasksError(f"{where}: {error.message.rstrip('.')}. Replace or remove it.") from error
    return replace(found, label=one.label)


def _plain(settings: ImageSettings) -> ImageSettings:
    return replace(settings, fallback_original=False, by_reference=False)


def example_tokens(
    examples: Sequence[Example], model: str, resolution: MediaResolution, *, vertex: bool
) -> int:
    """About the tokens that they add to a request."""
    sizes = ((one.width, one.height) for one in examples)
    return sum(image_tokens(model, resolution, *size, vertex=vertex) for size in sizes)


def most_example_tokens(
    examples: Sequence[Example], model: str, resolution: MediaResolution, *, vertex: bool
) -> int:
    """The most tokens that they add to a request."""
    sizes = ((one.width, one.height) for one in examples)
    return sum(most_image_tokens(model, resolution, *size, vertex=vertex) for size in sizes)


def _check_task(keys: TaskKeys, answer: AnswerType) -> None:
    if keys.per:
        raise TasksError("a group is shown no examples. Remove it, or `per`.")
    if keys.input == "text":
        raise TasksError("it has no effect with `input: text`. Remove it.")
    if not answer.options():
        raise TasksError("examples are of labels, and this task has none. Remove it.")


def _read(
    folder: str, settings: ImageSettings, answer: AnswerType, pictures: ExamplePictures
) -> Iterator[Example]:
    try:
        found = pictures.below(folder, _plain(settings))
    except OSError as error:
        raise TasksError(f"{folder}: cannot be read: {error.strerror or error}.") from error
    except ImageError as error:
        raise TasksError(f"{error.message.rstrip('.')}. Replace or remove this picture.") from error
    if not found:
        raise TasksError(
            f"{folder}: is not there, or holds no pictures. Put some into a folder for each label."
        )
    places = {normalize("NFC", label): place for place, label in enumerate(answer.options())}
    by_label = [(_label_of(one, folder, answer), one) for one in found]
    for label, one in sorted(by_label, key=lambda pair: (places[pair[0]], pair[1].path)):
        yield replace(one.example, label=answer.options()[places[label]])


def _label_of(one: FoundPicture, folder: str, answer: AnswerType) -> str:
    """The label that a folder is called by, as people write it: by another name, too."""
    label, slash, _ = one.path.partition("/")
    label, labels = normalize("NFC", label), [normalize("NFC", each) for each in answer.options()]
    if not slash:
        raise TasksError(
            f"{folder}: {one.path} lies in no folder of a label. Put it into one, such as "
            f"{labels[0]}/{one.path}."
        )
    if label not in labels and isinstance(answer, OneLabel | SeveralLabels):
        with suppress(MismatchError):
            label = normalize("NFC", answer.written(label))
    if label not in labels:
        said = suggestion(label, labels, "labels")
        raise TasksError(f"{folder}: {one.path}: {shown(label)} is not a label of the task. {said}")
    return label
