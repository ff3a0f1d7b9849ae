"""What an answer may be, how Gemini is told so, and how its reply is read back.

* AnswerType
  - OneLabel, SeveralLabels   label_answers
  - Struct                    struct_answers
  - Text                      text_answers
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tierwise.answers.json_schemas import Schema
from tierwise.answers.replies import PackedReply, Value, read_pack

# `{"image": 12, "answer": }` and the comma behind it.
_TOKENS_AROUND_ITEM = 16
_TOKENS_TO_SPARE = 16


class AnswerType(ABC):
    """One kind of typed answer; frozen, hashable and picklable."""

    __slots__ = ()

    @abstractmethod
    def schema(self) -> Schema:
        """The shape of a parsed value."""

    @abstractmethod
    def instruction(self) -> str:
        """What the prompt must say beyond the user's words; may be empty."""

    @abstractmethod
    def response_config(self) -> dict[str, Any]:
        """The part of `generationConfig` that types the reply for one image."""

    @abstractmethod
    def packed_response_config(self, images: int) -> dict[str, Any]:
        """The same for a request with several images: exactly one numbered item for each."""

    @abstractmethod
    def parse(self, text: str) -> Value:
        """The typed answer of a reply for one image; raises `ReplyError` when it is none."""

    @abstractmethod
    def read(self, item: Any) -> Value:
        """The typed answer of one decoded item of a pack; raises `ReplyError`."""

    @abstractmethod
    def answer_tokens(self) -> int:
        """Output tokens that the longest wanted answer takes, rounded up."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Everything that changes what is asked, as JSON, for the task's digest."""

    def parse_packed(self, text: str, images: int) -> PackedReply:
        """Answers by image number, 1 to `images`; each a value or an `InvalidItem`.

        Raises:
            ReplyError: the whole reply is unusable.
        """
        return read_pack(text, images, self.read)

    def value_schema(self) -> dict[str, Any]:
        """The column's type in the words of JSON Schema: string, array of string, or object."""
        return self.schema().value_schema()

    def max_output_tokens(self) -> int:
        """A limit for one image's reply that cuts off runaway replies and nothing else."""
        return self.answer_tokens() + _TOKENS_TO_SPARE


def packed_output_tokens(one_image: int, images: int) -> int:
    """The limit for a request with several images, given the limit for one."""
    return one_image if images == 1 else images * (one_image + _TOKENS_AROUND_ITEM)


def packed_openapi(images: int, answer: dict[str, Any]) -> dict[str, Any]:
    """`generationConfig` for exactly `images` items, the answer in Google's OpenAPI subset."""
    item = {
        "type": "OBJECT",
        "properties": {"image": {"type": "INTEGER"}, "answer": answer},
        "required": ["image", "answer"],
        "propertyOrdering": ["image", "answer"],
    }
    items = {"type": "ARRAY", "items": item, "minItems": images, "maxItems": images}
    return {"responseMimeType": "application/json", "responseSchema": items}


def packed_json_schema(images: int, answer: dict[str, Any]) -> dict[str, Any]:
    """`generationConfig` for exactly `images` items, the answer in JSON Schema."""
    item = {
        "type": "object",
        "properties": {"image": {"type": "integer"}, "answer": answer},
        "required": ["image", "answer"],
        "propertyOrdering": ["image", "answer"],
    }
    items = {"type": "array", "items": item, "minItems": images, "maxItems": images}
    return {"responseMimeType": "application/json", "responseJsonSchema": items}


def tokens_at_most(text: str) -> int:
    """Tokens of a known text, rounded up: half a token per ASCII character, one per other.

    >>> tokens_at_most("landscape"), tokens_at_most("風景")
    (5, 2)
    """
    ascii_characters = sum(character.isascii() for character in text)
    return (ascii_characters + 1) // 2 + len(text) - ascii_characters
