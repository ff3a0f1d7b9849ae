"""What an answer may be, how Gemini is told so, and all that differs from kind to kind.

* AnswerType
  - OneLabel, SeveralLabels   labels
  - Struct                    structs
  - Text                      text
  - DrawnPicture              drawn_picture
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tierwise.answers.comparing import is_same
from tierwise.answers.forms import FORMS_OF_VALUES, Form, response_config, shape_in_words
from tierwise.answers.json_schemas import Schema
from tierwise.answers.replies import InvalidItem, Value, read_pack
from tierwise.answers.written_words import overlap, words_of
from tierwise.drawn import Drawn, Keeping
from tierwise.records import Scalar

# `{"image": 12, "answer": }` and the comma behind it.
_TOKENS_AROUND_ITEM = 16
# `"check": "kbtw", `, of which no tokenizer makes more than its letters and some.
_TOKENS_OF_CHECK = 12
_TOKENS_TO_SPARE = 16


class Score(NamedTuple):
    """How right one part of an answer is, from 0 to 1: to the letter, and by its words."""

    name: str
    exact: float
    words: float


class AnswerType(ABC):
    """One kind of typed answer; frozen, hashable and picklable.

    Whatever differs from kind to kind is a method here, and one that lacks a method cannot be made.
    """

    __slots__ = ()

    @abstractmethod
    def schema(self) -> Schema:
        """The shape of a parsed value."""

    def forms(self) -> tuple[Form, ...]:
        """The ways to ask for it, the wanted one first: another for when Gemini refuses one."""
        return FORMS_OF_VALUES

    def travels_as(self, form: Form | None = None) -> Schema:
        """The shape of a reply for one image, in the wanted form when None."""
        del form
        return self.schema()

    @abstractmethod
    def listed(self, form: Form) -> str:
        """What the prompt must say of the values beyond the user's words; may be empty."""

    @abstractmethod
    def parse(self, text: str, form: Form | None = None) -> Value:
        """The typed answer of a reply for one image; raises `ReplyError` when it is none."""

    @abstractmethod
    def read(self, item: Any, form: Form | None = None) -> Value:
        """The typed answer of one decoded item of a pack; raises `ReplyError`."""

    def of_reply(self, text: str, form: Form, drawn: Drawn | None) -> Value:
        """The typed answer of a reply of these words and this picture, for one image.

        Raises:
            ReplyError: it is none.
        """
        del drawn
        return self.parse(text, form)

    def draws(self) -> bool:
        """Whether its answers are pictures that a model draws."""
        return False

    def keeps(self) -> Keeping | None:
        """How a picture that is drawn is kept; None where none is drawn."""
        return None

    def drawn_shape(self) -> str:
        """The aspect ratio of its pictures, empty where that is the model's choice."""
        return ""

    def exception(self) -> str:
        """The reason for what is drawn as an exception alone, empty without."""
        return ""

    def drawn_size(self) -> str:
        """The size of its pictures, empty where none are drawn."""
        return ""

    def at_size(self, size: str) -> AnswerType:
        """The same kind, drawn at another size."""
        del size
        return self

    def drawn_tokens(self, model: str) -> int:
        """Output tokens of the picture that a model draws."""
        del model
        return 0

    def problem_with(self, model: str) -> str:
        """Why it is not asked of a model after all, empty where it is."""
        del model
        return ""

    def answered_as(self, item: Any, form: Form | None = None) -> str:
        """What an item that `read` takes says in the answer's place, where that was mapped."""
        del item, form
        return ""

    def cells(self, value: Any) -> dict[str, Any]:
        """What more the tables say of an answer, by their columns."""
        del value
        return {}

    @abstractmethod
    def answer_tokens(self, form: Form | None = None) -> int:
        """Output tokens that the longest wanted answer takes in a form, rounded up."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Everything that changes what is asked, as JSON, for the task's digest."""

    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """The labels that answers are counted by; none for a kind that is told by example."""

    @staticmethod
    @abstractmethod
    def picked(value: Any) -> tuple[str, ...]:
        """The options that a value stands for."""

    @staticmethod
    @abstractmethod
    def told(value: Any) -> str:
        """A value in words for people."""

    @staticmethod
    @abstractmethod
    def described(labels: int) -> str:
        """What may come back, in a few words, given the number of options."""

    @abstractmethod
    def recurs(self) -> bool:
        """Whether the same question has the same answer twice, unless one of the two is wrong."""

    @abstractmethod
    def truth(self, cells: Mapping[str, Scalar]) -> Any:
        """The right answer of cells that people wrote, none empty; else `MismatchError`."""

    @abstractmethod
    def score(self, truth: Any, value: Any) -> float:
        """How right an answer is, from 0 to 1."""

    def is_whole(self, truth: Any) -> bool:
        """Whether answers score 0 or 1 against this truth, and nothing in between."""
        del truth
        return bool(self.choices())

    @abstractmethod
    def parts(self, truth: Any, value: Any) -> Iterator[Score]:
        """What is told apart in the figures of a calibration; a value of None is no answer."""

    def choices(self) -> tuple[str, ...]:
        """The labels of which exactly one is the answer; none for other kinds."""
        return self.options() if self.schema().type == "string" else ()

    def is_same(self, first: Any, second: Any) -> bool:
        """Whether two answers, or a truth and an answer, say the same; None is no answer."""
        return is_same(self.schema(), first, second)

    def agrees(self, truth: Any, value: Any) -> bool:
        """Whether an answer says all that is known to be right."""
        return self.is_same(truth, value)

    def truth_columns(self, task: str) -> tuple[str, ...]:
        """Columns that may hold truths, the first above the others."""
        return (task,)

    def score_of(self, truth: Any, value: Any) -> float:
        """The score of an answer, 0 where there is none."""
        return 0.0 if value is None else self.score(truth, value)

    def instruction(self, form: Form | None = None, images: int = 1) -> str:
        """All that the prompt says about the reply beyond the user's words; may be empty."""
        form = form or self.forms()[0]
        shape = shape_in_words(self.travels_as(form), form, images)
        return "\n".join(filter(None, (self.listed(form), shape)))

    def response_config(self, form: Form | None = None, images: int = 1) -> dict[str, Any]:
        """The part of `generationConfig` that types the reply: exactly one item per image."""
        form = form or self.forms()[0]
        return response_config(self.travels_as(form), form, images)

    def next_form(self, form: Form, images: int) -> Form | None:
        """The form to try after one that Gemini refused, which asks otherwise; None at the end."""

        def put(one: Form) -> tuple[str, dict[str, Any]]:
            return self.instruction(one, images), self.response_config(one, images)

        plain = replace(form, checked=False)
        below = self.forms()[self.forms().index(plain) + 1 :]
        others = (replace(one, checked=form.checked) for one in below)
        return next((one for one in others if put(one) != put(form)), None)

    def parse_packed(
        self,
        text: str,
        images: int,
        form: Form | None = None,
        checks: Sequence[str] = (),
    ) -> dict[int, Value | InvalidItem]:
        """Answers by image number, 1 to `images`; each a value or an `InvalidItem`.

        `checks` are the words that the items have to repeat, if they were asked to.

        Raises:
            ReplyError: the whole reply is unusable.
            MixedUpError: items repeat the words of other pictures.
        """
        return read_pack(text, images, lambda item: self.read(item, form), checks)

    def said_in(self, text: str, form: Form | None = None) -> str:
        """What `answered_as` says of a reply that `parse` takes."""
        del text, form
        return ""

    def answered_as_packed(
        self, text: str, images: int, form: Form | None = None
    ) -> dict[int, str]:
        """By image number, what `answered_as` says of a reply that `parse_packed` takes."""
        said = read_pack(text, images, lambda item: self.answered_as(item, form))
        return {image: word if isinstance(word, str) else "" for image, word in said.items()}

    def value_schema(self) -> dict[str, Any]:
        """The column's type in the words of JSON Schema: string, array of string, or object."""
        return self.schema().value_schema()

    def numbered_from(self, least: int) -> int:
        """The number of its first label where numbers stand for labels: this, or one above it."""
        return least

    def extra_tokens(self, form: Form) -> int:
        """How many more output tokens an answer may take in this form than in the wanted one."""
        return max(0, self.answer_tokens(form) - self.answer_tokens())

    def max_output_tokens(self) -> int:
        """A limit for one image's reply that cuts off runaway replies and nothing else."""
        return self.answer_tokens() + _TOKENS_TO_SPARE


class ToldByExample(AnswerType):
    """A kind without labels to count answers by."""

    __slots__ = ()

    def options(self) -> tuple[str, ...]:
        """None."""
        return ()

    @staticmethod
    def picked(value: Any) -> tuple[str, ...]:
        """None."""
        del value
        return ()


def part(name: str, schema: Schema, truth: Any, value: Any) -> Score:
    """How right a value is that is itself told apart, alone or within another."""
    if is_same(schema, truth, value):
        return Score(name, 1.0, 1.0)
    lacking = truth is None or value is None
    return Score(name, 0.0, 0.0 if lacking else overlap(words_of(str(truth)), words_of(str(value))))


def packed_output_tokens(one_image: int, images: int, *, checked: bool = False) -> int:
    """The limit for a request with several images, given the limit for one."""
    around = _TOKENS_AROUND_ITEM + (_TOKENS_OF_CHECK if checked else 0)
    return one_image if images == 1 else images * (one_image + around)


def tokens_at_most(text: str) -> int:
    """Tokens of a known text, rounded up: half a token per ASCII character, one per other.

    >>> tokens_at_most("landscape"), tokens_at_most("風景")
    (5, 2)
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    return (ascii_characters + 1) // 2 + len(text) - ascii_characters
