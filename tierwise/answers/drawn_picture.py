"""Answers that are pictures: a model draws, and the value tells of the file that was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tierwise.answers.answer_type import Score, ToldByExample
from tierwise.answers.forms import FORMS_OF_VALUES, Form
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError
from tierwise.drawing_models import (
    DEFAULT_SIZE,
    EXCEPTION,
    IMAGE_SIZES,
    drawing_models,
    right_spelling,
)
from tierwise.drawn import KEPT_FORMATS, Drawn, Keeping
from tierwise.records import Scalar
from tierwise.shown import shown

# Beside its picture a reply may have some words, which are no use to anybody.
_WORDS = 512
_LONGEST_REFUSAL = 300
_FIELDS = (
    ("file", Schema("string")),
    ("width", Schema("integer", at_least=1)),
    ("height", Schema("integer", at_least=1)),
    ("bytes", Schema("integer", at_least=1)),
    ("format", Schema("string", enum=KEPT_FORMATS)),
)
_SCHEMA = Schema("object", properties=_FIELDS, required=tuple(name for name, _ in _FIELDS))


@dataclass(frozen=True, slots=True)
class DrawnPicture(ToldByExample):
    """A picture of a size (`512`, `1K`, `2K`, `4K`) and shape, the model's choice where empty.

    `size` may be what a manifest says, whatever that is: `problem_with` tells. `file_format` is
    what the file is to be, empty for what comes. `why` is the reason that `4K` needs. With
    `keeps_input`, the picture that was sent is kept beside it.
    """

    size: str = DEFAULT_SIZE
    aspect_ratio: str = ""
    file_format: str = ""
    why: str = ""
    keeps_input: bool = False

    def draws(self) -> bool:
        """It does."""
        return True

    def keeps(self) -> Keeping:
        """In its format, and perhaps with what was sent."""
        return Keeping(self.file_format, self.keeps_input)

    def drawn_shape(self) -> str:
        """Its ratio."""
        return self.aspect_ratio

    def exception(self) -> str:
        """Why it is drawn at 4K."""
        return self.why

    def drawn_size(self) -> str:
        """Its size."""
        return self.size

    def at_size(self, size: str) -> DrawnPicture:
        """The same at another size."""
        return replace(self, size=size)

    def drawn_tokens(self, model: str) -> int:
        """Those of a picture of its size; 0 for what is not sent."""
        return drawing_models().get(model, {}).get(self.size, 0)

    def problem_with(self, model: str) -> str:
        """Why it is not asked of a model, empty where it is."""
        if self.size not in IMAGE_SIZES:
            words = f"size {shown(self.size)}: pictures are {', '.join(IMAGE_SIZES)}."
            return words + right_spelling(self.size)
        sizes = drawing_models().get(model, {})
        if self.size not in sizes:
            return f"size {self.size}: {model} draws {', '.join(sizes) or 'nothing'}."
        if self.size == EXCEPTION and not self.why:
            return f"size {EXCEPTION} is the exception: the task says no reason (`why:`) for it."
        return ""

    def schema(self) -> Schema:
        """File, size in px and bytes, and format."""
        return _SCHEMA

    def forms(self) -> tuple[Form, ...]:
        """One: there is no schema that Gemini could refuse."""
        return FORMS_OF_VALUES[:1]

    def listed(self, form: Form) -> str:
        """Nothing: all that is said beside the prompt stands in the settings."""
        del form
        return ""

    def instruction(self, form: Form | None = None, images: int = 1) -> str:
        """Nothing."""
        del form, images
        return ""

    def response_config(self, form: Form | None = None, images: int = 1) -> dict[str, Any]:
        """A picture, and words, for a refusal has no others; the size is always sent."""
        del form, images
        shape = {"aspectRatio": self.aspect_ratio} if self.aspect_ratio else {}
        return {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {**shape, "imageSize": self.size},
        }

    def of_reply(self, text: str, form: Form, drawn: Drawn | None) -> dict[str, Any]:
        """The file that was kept of a reply."""
        del form
        if drawn is None:
            said = " ".join(text.split())[:_LONGEST_REFUSAL]
            words = f" but words: {said}" if said else ""
            raise ReplyError(f"Gemini drew nothing{words}")
        if drawn.problem:
            raise ReplyError(f"the picture that came cannot be kept: {drawn.problem}")
        return {name: getattr(drawn, name) for name, _ in _FIELDS}

    def parse(self, text: str, form: Form | None = None) -> dict[str, Any]:
        """Words are no picture."""
        return self.of_reply(text, form or self.forms()[0], None)

    def read(self, item: Any, form: Form | None = None) -> dict[str, Any]:
        """Several pictures do not come in one reply."""
        return self.parse(str(item), form)

    def cells(self, value: Any) -> dict[str, Any]:
        """The file, from which its address follows."""
        return {"picture_file": value["file"]}

    def answer_tokens(self, form: Form | None = None) -> int:
        """Those of the words beside the picture."""
        del form
        return _WORDS

    def max_output_tokens(self) -> int:
        """The same: a limit of words, to which the picture's tokens are added."""
        return _WORDS

    def identity(self) -> dict[str, Any]:
        """Size, shape and format; neither a reason nor what is kept beside changes the picture."""
        own = {"size": self.size, "aspect_ratio": self.aspect_ratio, "format": self.file_format}
        return {"picture": {name: value for name, value in own.items() if value}}

    @staticmethod
    def told(value: Mapping[str, Any]) -> str:
        """Its size and format."""
        kind = str(value["format"]).upper()
        return f"{value['width']} x {value['height']} px, {kind}, {value['bytes']:,} bytes"

    @staticmethod
    def described(labels: int) -> str:
        """Its kind."""
        del labels
        return "a drawn picture"

    def recurs(self) -> bool:
        """No picture is drawn the same twice."""
        return False

    def truth_columns(self, task: str) -> tuple[str, ...]:
        """None: no column says how a picture should look."""
        del task
        return ()

    def truth(self, cells: Mapping[str, Scalar]) -> Any:
        """Nobody can write one."""
        raise MismatchError(f"no cell of {', '.join(cells)} can say what a picture shows")

    def score(self, truth: Any, value: Any) -> float:
        """Whether it is the same file."""
        return float(truth == value)

    def parts(self, truth: Any, value: Any) -> Iterator[Score]:
        """The picture as a whole."""
        same = self.score(truth, value)
        yield Score("picture", same, same)
