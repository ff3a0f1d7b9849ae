"""What the words of a request say of the reply's form, where its schema does not.

Labels may be listed in the prompt, each behind a number or a code or by itself, and the shape of
the reply may be told as a JSON Schema:

    Answer with the number of one label:
    1 landscape
    2 city
    Answer with nothing but JSON that fits this JSON Schema:
    {"type": "array", ...}

A list may be the outline of a tree, in which a dash stands before what cannot be the answer, and a
label's meaning behind a colon. What labels mean that the schema lists is no part of the question.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_LIST = re.compile(r"^Answer with (?P<code>the (?:number|code)s? of )?.*\blabels?\b.*:$")
_SCHEMA = re.compile(r"^.*\bJSON Schema:\n(?P<schema>\{.*)$", re.IGNORECASE | re.MULTILINE)
# What may follow a list.
_AFTER_LIST = re.compile(
    r"(?:Answer (?:for each|with)|The \d+ images) |The labels and what they mean:"
)
_MEANINGS = re.compile(r"^The labels and what they mean:\n(?: *- .*(?:\n|$))*", re.MULTILINE)
_NO_ANSWER = "-"


@dataclass(frozen=True, slots=True)
class ToldForm:
    """`labels` are those that the words list, by what the reply is to call them."""

    question: str
    labels: dict[str, str] = field(default_factory=dict)
    schema: Any = None


def is_list_head(line: str) -> bool:
    """Whether a line announces the labels below it."""
    return _LIST.match(line) is not None


def read_told(text: str) -> ToldForm:
    """The question without the words about its form, and what they say."""
    # The last: what stands before may be the user's own words.
    found = next(reversed(list(_SCHEMA.finditer(text))), None)
    schema = _schema(found["schema"]) if found else None
    told = text[: found.start()] if found and schema else text
    lines = _MEANINGS.sub("", told).splitlines()
    for position, line in enumerate(lines):
        head = _LIST.match(line)
        if head:
            labels = _labels(lines[position + 1 :], coded=bool(head["code"]))
            if labels:
                return ToldForm("\n".join(lines[:position]), labels, schema)
    return ToldForm("\n".join(lines), {}, schema)


def _labels(lines: list[str], *, coded: bool) -> dict[str, str]:
    labels = {}
    for line in lines:
        if _AFTER_LIST.match(line):
            break
        name, _, label = line.strip().partition(" ") if coded else (line, "", line)
        if not (coded and name == _NO_ANSWER):
            labels[name] = label.partition(": ")[0] if coded else label
    return labels


def _schema(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return None
