"""Requests whose reply is to repeat a word beside its answer.

The last text asks for `{"check": word, "answer": ...}`, and a schema has these two properties or
there is none. A model answers as if it were asked without the word, and puts both together:

    Put what is asked for above into `answer`, and the word bmzn into `check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.emulator.packs import CHECK_FIELD

_ANSWER_FIELD = "answer"
_ASKED = re.compile(rf"\bthe word ([a-z]+) into `{CHECK_FIELD}`")
_SCHEMAS = ("response_schema", "response_json_schema")
_WRAPPING = {CHECK_FIELD, _ANSWER_FIELD}
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Echo:
    """The word to repeat, and the text that asks for it; both empty where none does.

    `quoted` says that the answer is a string, which stands in quotes beside a word alone; `schema`
    is the field that asks for both in a schema, if one does.
    """

    word: str = ""
    text: str = ""
    quoted: bool = False
    schema: str = ""

    def wrapped(self, answer: str) -> str:
        """The reply to the whole, given the one without the word."""
        if not self.word:
            return answer
        written = json.dumps(answer, ensure_ascii=False) if self.quoted else answer
        return f'{{"{CHECK_FIELD}": "{self.word}", "{_ANSWER_FIELD}": {written}}}'


NO_ECHO = Echo()


def read_echo(body: Mapping[str, Any]) -> tuple[Echo, Mapping[str, Any]]:
    """What a decoded request asks to be repeated, and the request as it would be without."""
    *before, last = body["contents"]
    parts = last.get("parts") or [_NOTHING]
    text = parts[-1].get("text", "")
    asked = _ASKED.search(text)
    config = dict(body.get("generation_config") or {})
    wrapped = [name for name in _SCHEMAS if set(_properties(config.get(name))) == _WRAPPING]
    if not asked or (not wrapped and any(name in config for name in _SCHEMAS)):
        return NO_ECHO, body
    quoted = False
    for name in wrapped:
        inner = _properties(config.pop(name))[_ANSWER_FIELD]
        quoted = str(inner.get("type")).lower() == "string"
        labelled = bool(inner.get("enum"))
        if not quoted or labelled:
            config[name] = inner
        if quoted:
            config["response_mime_type"] = "text/x.enum" if labelled else "text/plain"
    contents = [*before, {**last, "parts": parts[:-1]}]
    return Echo(asked[1], text, quoted, wrapped[0] if wrapped else ""), {
        **body,
        "contents": contents,
        "generation_config": config,
    }


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else _NOTHING
