"""Answers in free words, at most so long, or normalised into a file name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.answers.answer_type import Score, ToldByExample, part
from tierwise.answers.comparing import cell_text
from tierwise.answers.forms import Form
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError, unfenced
from tierwise.answers.slugs import slug_of
from tierwise.answers.written_words import overlap, words_of
from tierwise.records import Scalar
from tierwise.shown import shown


@dataclass(frozen=True, slots=True)
class Text(ToldByExample):
    """Free text of at most `max_length` characters; with `slug`, words fit for a file name."""

    max_length: int
    slug: bool = False

    def schema(self) -> Schema:
        """A bounded string."""
        return Schema("string", at_most=self.max_length)

    def travels_as(self, form: Form | None = None) -> Schema:
        """Text of any length: plain for one image, for JSON would cost quotes and braces."""
        del form
        return Schema("string")

    def listed(self, form: Form) -> str:
        """The length, which a plain reply has no other way to know, and what a slug is."""
        del form
        slug = "Words of a file name, in lower case, joined by hyphens. "
        return f"{slug * self.slug}At most {self.max_length} characters."

    def parse(self, text: str, form: Form | None = None) -> str:
        """The reply itself; one that is empty or too long is not an answer."""
        return self.read(unfenced(text), form)

    def read(self, item: Any, form: Form | None = None) -> str:
        """The text of one item."""
        del form
        if not isinstance(item, str):
            raise ReplyError(f"the answer is not text: {shown(item)}")
        value = slug_of(item, self.max_length) if self.slug else item.strip()
        if not value:
            wanted = "letters or digits" if self.slug else "text"
            raise ReplyError(f"the answer has no {wanted}: {shown(item)}")
        try:
            self.schema().check(value)
        except MismatchError as mismatch:
            raise ReplyError(str(mismatch)) from mismatch
        return value

    def answer_tokens(self, form: Form | None = None) -> int:
        """Three tokens for four characters, enough for scripts with a token per word or sign."""
        del form
        return self.max_length * 3 // 4

    def identity(self) -> dict[str, Any]:
        """Length and normalisation."""
        return {"text": {"max_length": self.max_length, "slug": self.slug}}

    @staticmethod
    def told(value: str) -> str:
        """The text."""
        return value

    @staticmethod
    def described(labels: int) -> str:
        """Its kind."""
        del labels
        return "text"

    def recurs(self) -> bool:
        """Texts are hardly ever the same twice."""
        return False

    def truth(self, cells: Mapping[str, Scalar]) -> str:
        """The words of the first cell."""
        return cell_text(next(iter(cells.values())))

    def score(self, truth: str, value: str) -> float:
        """The F1 of the words, as in SQuAD (Rajpurkar and others, 2016)."""
        return overlap(words_of(truth), words_of(value))

    def parts(self, truth: str, value: str | None) -> Iterator[Score]:
        """The text as a whole."""
        yield part("text", self.schema(), truth, value)
