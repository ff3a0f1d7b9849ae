"""JSON to messages by protobuf's rules, with every misfit found in one pass.

Field names come in camelCase or snake_case, 64-bit integers also as strings, bytes as base64 in
either alphabet with or without padding, enum values in either case, and a repeated field also as
its single element: that is how Google's gateway reads them, and what examples rely on.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from tierwise.emulator.messages import ENUMS, UNSERVED, fields_of
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal, bad_fields

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
_URL_SAFE = str.maketrans("-_", "+/")
_NOT_REPEATED = "Proto field is not repeating, cannot start list."


@cache
def _snake_case(name: str) -> str:
    return _HUMP.sub("_", name).lower() if not name.isupper() else name


def decode_image(message: str, body: Any, call: Call) -> dict[str, Any]:
    """`body` as the fields of `message`, keys in snake_case, bytes decoded, enums in capitals.

    Raises:
      Refusal: 400 with every field that does not fit, or 501 for one that the emulator lacks.
    """
    decoder = _Decoder(call)
    decoded = decoder.message(message, body, "")
    if decoder.violations:
        raise bad_fields(decoder.violations)
    if decoder.unserved:
        names = ", ".join(decoder.unserved)
        raise Refusal(501, f"The emulator does not serve {names}. Leave it out of the request.")
    return decoded


class _Decoder:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.violations: list[tuple[str, str]] = []
        self.unserved: list[str] = []

    def message(self, message: str, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._invalid(
                path or "body", f"type.googleapis.com/{self.call.package}.{message}", value
            )
            return {}
        fields = fields_of(message, vertex=self.call.vertex, version=self.call.version)
        decoded = {}
        for sent, inner in value.items():
            name = _snake_case(sent)
            if name not in fields:
                self._unknown(sent, path, "Cannot find field.")
            elif inner is not None:
                if name in UNSERVED.get(message, ()):
                    self.unserved.append(_join(path, name))
                decoded[name] = self._field(fields[name], inner, sent, _join(path, name), path)
        return decoded

    def _field(self, kind: str, value: Any, sent: str, path: str, parent: str) -> Any:
        if kind.endswith("*"):
            values = value if isinstance(value, list) else [value]
            return [self._one(kind[:-1], v, f"{path}[{i}]") for i, v in enumerate(values)]
        if kind.endswith("{}"):
            return self._map(kind[:-2], value, path)
        if isinstance(value, list) and kind != "any":
            self._unknown(sent, parent, _NOT_REPEATED)
            return None
        return self._one(kind, value, path)

    def _map(self, kind: str, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._invalid(path, "MAP", value)
            return {}
        entries = enumerate(value.items())
        return {key: self._one(kind, v, f"{path}[{i}].value") for i, (key, v) in entries}

    def _one(self, kind: str, value: Any, path: str) -> Any:
        if kind == "any":
            return value
        if kind in ENUMS:
            return self._enum(kind, value, path)
        if kind not in _SCALARS:
            return self.message(kind, value, path)
        name, read = _SCALARS[kind]
        try:
            return read(value)
        except binascii.Error:
            shown = value if len(value) <= 40 else f"{value[:40]}..."
            self._invalid(path, name, shown, "Base64 decoding failed for ")
        except (TypeError, ValueError):
            self._invalid(path, name, value)
        return None

    def _enum(self, kind: str, value: Any, path: str) -> str:
        name = value.upper() if isinstance(value, str) else ""
        if name not in ENUMS[kind]:
            self._invalid(path, f"type.googleapis.com/{self.call.package}.{kind}", value)
        return name

    def _unknown(self, name: str, path: str, what: str) -> None:
        where = f" at '{path}'" if path else ""
        text = f'Invalid JSON payload received. Unknown name "{name}"{where}: {what}'
        self.violations.append((path, text))

    def _invalid(self, path: str, kind: str, value: Any, what: str = "") -> None:
        shown = json.dumps(value)
        shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
        self.violations.append((path, f"Invalid value at '{path}' ({kind}), {what}{shown}"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _bytes(value: Any) -> bytes:
    text = _string(value).rstrip("=")
    if "-" in text or "_" in text:
        text = text.translate(_URL_SAFE)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


_SCALARS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("TYPE_STRING", _string),
    "bytes": ("TYPE_BYTES", _bytes),
    "int": ("TYPE_INT32", _integer),
    "float": ("TYPE_FLOAT", _number),
    "bool": ("TYPE_BOOL", _bool),
}
