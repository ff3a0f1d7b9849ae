"""The input file of a job on the Developer API, checked as a whole before there is a job.

A line is `{"key": "...", "request": {a GenerateContentRequest}}`. One that does not fit refuses the
file: `Error on line N: ...` (github.com/UKGovernmentBEIS/inspect_ai/issues/3257; one malformed row
of seven left no job, observed by OpenRouterTeam/docs on 2026-09-01).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tierwise.emulator.batches.prompt_tokens import prompt_tokens
from tierwise.emulator.batches.rows import lines_of
from tierwise.emulator.caches import Caches, with_cache
from tierwise.emulator.decoding import decode_image
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.request import read_asked
from tierwise.models import Model
from tierwise.records import ServiceTier

_UNKNOWN = re.compile(r'Unknown name "([^"]*)"')
_FIELDS = {"key", "metadata", "request"}


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """A file that a job can be made of: its rows, and the tokens of their prompts."""

    rows: int
    tokens: int


def check_input(path: Path, call: Call, model: Model, caches: Caches) -> CheckedInput:
    """Read the whole file once; what `caches` hold counts with the rows that name them.

    Raises:
      Refusal: 400, the file is empty, or a line of it does not fit.
    """
    rows = tokens = 0
    for number, line in lines_of([path]):
        decoded = _decoded(number, line, call)
        rows += 1
        try:
            if name := decoded.get("cached_content"):
                decoded = with_cache(decoded, caches.find(name, call), call)
            asked = read_asked(call, model, decoded, ServiceTier.BATCH, defaultdict(bytes))
        except Refusal:
            continue  # refused when its turn comes: an error of this row alone
        tokens += prompt_tokens(asked)
    if not rows:
        raise Refusal(400, "The input file holds no requests.")
    return CheckedInput(rows, tokens)


def _decoded(number: int, line: bytes, call: Call) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise line_refusal(number, error.colno, "invalid JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("request"), dict):
        raise line_refusal(number, 1, "invalid JSON", "no request")
    for name in sorted(set(document) - _FIELDS):
        raise _unknown_field(number, line, name)
    if not isinstance(document.get("key", ""), str):
        raise line_refusal(number, _column(line, "key"), "invalid JSON", "key is no string")
    try:
        return decode_image("GenerateContentRequest", document["request"], call)
    except Refusal as refusal:
        if refusal.status != 400:
            raise
        if unknown := _UNKNOWN.search(refusal.message):
            raise _unknown_field(number, line, unknown[1]) from refusal
        raise line_refusal(number, 1, "invalid JSON", refusal.message) from refusal


def _unknown_field(number: int, line: bytes, name: str) -> Refusal:
    return line_refusal(number, _column(line, name), "invalid JSON", f"no such field: '{name}'")


def _column(line: bytes, name: str) -> int:
    return line.find(orjson.dumps(name)) + 1


def line_refusal(number: int, column: int, what: str, why: str = "") -> Refusal:
    """400 in Google's words, which name the line from 1."""
    text = f"Error on line {number}: {what}, near column {column}"
    return Refusal(400, f"{text}: {why}" if why else text)
