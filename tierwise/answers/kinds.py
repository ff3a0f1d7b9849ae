"""All kinds of answers by the names that `run.json` gives them."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.drawn_picture import DrawnPicture
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text

ANSWER_KINDS: Mapping[str, type[AnswerType]] = {
    "label": OneLabel,
    "labels": SeveralLabels,
    "struct": Struct,
    "text": Text,
    "picture": DrawnPicture,
}


def kind_of(answer: AnswerType) -> str:
    """The name of an answer's kind; raises `KeyError` for one that is not among them."""
    return {kind: name for name, kind in ANSWER_KINDS.items()}[type(answer)]
