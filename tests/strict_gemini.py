"""A Gemini that is written for tests alone, and knows nothing of who asks it.

It reads requests as Google documents them, and refuses what breaks a rule: fields that nobody
knows, schemas that contradict themselves, pictures that cannot be told apart. Pictures are of one
colour, which says which they are; a question carries its name as `<name>`. So its answers can be
foretold (`foretold`), however a question was put. It counts tokens and money by rules of its own.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from PIL import Image

LEVELS = {"LOW": 260, "MEDIUM": 540, "HIGH": 1100, "ULTRA_HIGH": 2200}
NANO_USD = {"input": 250, "cached": 25, "output": 1500}

_CONFIG = {
    *("responseMimeType", "responseSchema", "responseJsonSchema"),
    *("maxOutputTokens", "mediaResolution", "thinkingConfig"),
}
_JSON_SCHEMA = {
    *("type", "properties", "required", "propertyOrdering", "items", "prefixItems", "minItems"),
    *("maxItems", "enum", "minimum", "maximum", "description", "format", "anyOf"),
}
_OPENAPI = (_JSON_SCHEMA - {"prefixItems", "anyOf"}) | {"nullable"}
_SHEET = re.compile(r"Images (\d+) to (\d+) on one sheet")
_NAME = re.compile(r"<(\w+)>")
_QUESTION = re.compile(r"^Question ([^:\n]+): ", re.MULTILINE)
_WORDS_SCHEMA = re.compile(r"JSON Schema:\n(.*)")
_LIST = re.compile(r"^(Answer with .* labels?\b.*):\n((?:.*\n?)*)", re.MULTILINE)


class RefusedError(Exception):
    """A request that breaks a rule."""


@dataclass(frozen=True)
class Seen:
    """One request: its pictures by colour, and the names of its questions, as they stand there."""

    pictures: tuple[int, ...]
    questions: tuple[str, ...]
    levels: tuple[str, ...]
    fault: str
    status: int = 200
    billed: int = 0
    dialect: str = ""
    model: str = ""

    @property
    def joint(self) -> bool:
        return len(self.questions) > 1


@dataclass
class StrictGemini:
    """`fault` says by request (pictures, questions) what goes wrong; empty for nothing.

    `said` are other words in the place of bare labels. An enum of more values or characters than it
    takes is refused, and any at a model that `refuses_enums`. `refuses` names dialects, or
    `prefixItems`, that are refused as if no model took them.
    """

    url: str = ""
    fault: Callable[[Seen], str] = lambda _: ""
    refuses: set[str] = field(default_factory=set)
    refuses_enums: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    most_values: int = 60
    most_characters: int = 700
    caches: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def billed(self) -> int:
        """Nano-dollars of all replies that told what they cost, and of caches."""
        caches: int = sum(cache["billed"] for cache in self.caches.values())
        return sum(one.billed for one in self.seen) + caches

    @property
    def answered(self) -> list[Seen]:
        return [one for one in self.seen if one.status == 200]

    def forget(self) -> None:
        self.fault, self.refuses, self.said = lambda _: "", set(), {}
        self.refuses_enums = set()
        self.seen.clear()
        self.broken.clear()
        self.caches.clear()

    def cache(self, body: Any, now: datetime) -> tuple[int, Any]:
        """Make a cache of 1,024 tokens or more, for so many seconds as `ttl` says.

        There are no settings for pictures, so each says its media resolution itself.
        """
        try:
            _only(body, {"model", "contents", "ttl", "displayName"})
            [content] = body["contents"]
            _only(content, {"role", "parts"})
            parts = list(map(_kept, content["parts"]))
            tokens, seconds = sum(map(_weight, parts)), int(body["ttl"].removesuffix("s"))
            _check_cache(tokens, seconds, content["role"])
        except (RefusedError, ValueError, LookupError) as error:
            with self._lock:
                self.broken.append(repr(error))
            return 400, _error(400, f"Request is wrong: {error}")
        times = [now, now + timedelta(seconds=seconds)]
        created, expires = (time.isoformat().replace("+00:00", "Z") for time in times)
        hourly = tokens * 1000 * seconds
        cache = {
            "name": f"cachedContents/c{len(self.caches)}",
            "model": body["model"],
            "displayName": body["displayName"],
            "createTime": created,
            "expireTime": expires,
            "usageMetadata": {"totalTokenCount": tokens},
        }
        with self._lock:
            self.caches[cache["name"]] = {
                "parts": parts,
                "tokens": tokens,
                "model": body["model"],
                "billed": tokens * NANO_USD["input"] + (hourly + 1800) // 3600,
            }
        return 200, cache

    def _whole(self, body: Any) -> tuple[Any, int]:
        """A request with what its cache holds, and how many tokens of it are cached."""
        name = body.get("cachedContent")
        if name is None:
            return body, 0
        cache, [content] = self.caches[name], body["contents"]
        if not content["parts"] or content["parts"][0] in cache["parts"]:
            raise RefusedError("what is cached is sent once more, or nothing else")
        if f"{cache['model']}:" not in body["model"]:
            raise RefusedError(f"a cache of {cache['model']} for {body['model']}")
        parts = [*cache["parts"], *content["parts"]]
        rest = {key: value for key, value in body.items() if key != "cachedContent"}
        return {**rest, "contents": [{**content, "parts": parts}]}, cache["tokens"]

    def reply(self, body: Any) -> tuple[int, Any]:
        """Status 0 drops the connection."""
        try:
            body, cached = self._whole(body)
            asked = _read(body)
        except (RefusedError, ValueError, LookupError) as error:
            with self._lock:
                self.broken.append(repr(error))
            return 400, _error(400, f"Request is wrong: {error}")
        fault = self.fault(asked.seen)
        config = body["generationConfig"]
        text_of_schema = json.dumps(config.get("responseJsonSchema", {}))
        refused = (
            ("prefixItems" in self.refuses and "prefixItems" in text_of_schema)
            or any(name in config for name in self.refuses)
            or ("words" in self.refuses and asked.seen.dialect == "words")
            or any(
                len(enum) > self.most_values
                or sum(map(len, enum)) > self.most_characters
                or asked.model in self.refuses_enums
                for enum in _enums(config.get("responseSchema", {}))
            )
        )
        if refused or fault == "schema":
            return self._note(asked, "", 400, _error(400, "Invalid JSON schema: no such form."))
        if fault == "image":
            return self._note(asked, fault, 400, _error(400, "Unable to process input image."))
        if fault == "busy":
            return self._note(asked, fault, 503, _error(503, "The model is overloaded."))
        if fault == "drop":
            return self._note(asked, fault, 0, None)
        candidate, reason = _candidate(asked, fault, config["maxOutputTokens"])
        text = candidate.get("content", {}).get("parts", [{}])[0].get("text", "")
        if text in self.said:
            text = self.said[text]
            candidate["content"]["parts"][0]["text"] = text
        usage = _usage(asked, text, fault)
        if cached:
            usage["cachedContentTokenCount"] = cached
        told = {} if fault == "no usage" else {"usageMetadata": usage}
        blocked = {"promptFeedback": {"blockReason": reason}} if fault.startswith("block") else {}
        document: dict[str, Any] = {"modelVersion": asked.model, **told, **blocked}
        if not blocked:
            document["candidates"] = [{**candidate, "finishReason": reason}]
        return self._note(asked, fault, 200, document, 0 if not told else _nano_usd(usage))

    def _note(
        self, asked: _Asked, fault: str, status: int, document: Any, billed: int = 0
    ) -> tuple[int, Any]:
        one = asked.seen
        noted = replace(one, fault=fault, status=status, billed=billed)
        with self._lock:
            self.seen.append(noted)
        return status, document


@contextmanager
def strict_gemini() -> Iterator[StrictGemini]:
    """Serves while the body runs."""
    gemini = StrictGemini()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path.endswith("/cachedContents"):
                status, document = gemini.cache(body, datetime.now(UTC))
            else:
                status, document = gemini.reply(body | {"model": self.path})
            if not status:
                self.close_connection = True
                self.connection.close()
                return
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    gemini.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield gemini
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def painted(number: int, *, size: tuple[int, int] = (64, 48), form: str = "JPEG") -> bytes:
    """A picture of one colour; `number` is below 4096."""
    stream = io.BytesIO()
    shades = tuple((number >> shift & 15) * 16 + 8 for shift in (8, 4, 0))
    Image.new("RGB", size, shades).save(stream, form, quality=95)
    return stream.getvalue()


def foretold(picture: int, question: str, schema: Mapping[str, Any]) -> Any:
    """The answer to a question, by the schema of what may come back."""
    drawn = int.from_bytes(hashlib.sha256(f"{picture} {question}".encode()).digest()[:6], "big")
    kind = str(schema.get("type", "")).lower()
    if "enum" in schema:
        return schema["enum"][drawn % len(schema["enum"])]
    if kind == "object":
        parts = schema["properties"].items()
        return {name: foretold(picture, f"{question}.{name}", below) for name, below in parts}
    if kind == "array":
        choices = _choices(schema["items"])
        return [one for place, one in enumerate(choices) if drawn >> place & 1]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", 99)
        return low + drawn % (int(high) - int(low) + 1)
    return bool(drawn & 1) if kind == "boolean" else f"word {drawn % 1000}"


def _choices(items: Mapping[str, Any]) -> list[Any]:
    if "enum" in items:
        return list(items["enum"])
    return list(range(items["minimum"], items["maximum"] + 1))


@dataclass(frozen=True)
class _Asked:
    seen: Seen
    model: str
    numbers: tuple[int, ...]  # of the pictures, none where there is but one
    schema: Mapping[str, Any]  # of the whole reply; empty for bare text
    names: tuple[str, ...]  # what questions are called in the reply, with rows nothing
    blocks: tuple[str, ...]
    text_tokens: int

    @property
    def pack(self) -> bool:
        return bool(self.numbers)


def _kept(part: Any) -> Any:
    """A part of a cache in the usual spelling: google-genai has another one here, by proto JSON."""
    if "text" in part:
        _only(part, {"text"})
        return part
    _only(part, {"inlineData", "mediaResolution"})
    _only(part["inlineData"], {"mime_type", "data"})
    data = part["inlineData"]["data"].translate(str.maketrans("-_", "+/"))
    return {**part, "inlineData": {"mimeType": part["inlineData"]["mime_type"], "data": data}}


def _weight(part: Any) -> int:
    """Its tokens."""
    if "text" in part:
        return -(-len(part["text"]) // 4)
    return LEVELS[part["mediaResolution"]["level"].removeprefix("MEDIA_RESOLUTION_")]


def _check_cache(tokens: int, seconds: int, role: str) -> None:
    if tokens < 1024 or not 60 <= seconds <= 3600 or role != "user":
        raise RefusedError(f"{tokens} tokens for {seconds} s as {role}")


def _read(body: Mapping[str, Any]) -> _Asked:
    _only(body, {"contents", "generationConfig", "serviceTier", "model"})
    config = body["generationConfig"]
    _only(config, _CONFIG)
    [content] = body["contents"]
    _only(content, {"role", "parts"})
    texts, pictures, levels, leads = [], [], [], []
    waiting, on_sheets = "", False
    for part in content["parts"]:
        _only(part, {"text", "inlineData", "mediaResolution"})
        if "text" in part:
            texts.append(part["text"])
            waiting = part["text"]
        else:
            _only(part["inlineData"], {"mimeType", "data"})
            sheet = _SHEET.match(waiting)
            if waiting.startswith('Example of "'):
                pass  # shown, and not asked about
            elif sheet:  # what stands on it is not looked at
                pictures += [0] * (int(sheet[2]) - int(sheet[1]) + 1)
                leads += [f"Image {n}" for n in range(int(sheet[1]), int(sheet[2]) + 1)]
            else:
                pictures.append(_colour(base64.b64decode(part["inlineData"]["data"])))
                leads.append(waiting)
            on_sheets = on_sheets or bool(sheet)
            level = part.get("mediaResolution", {}).get("level") or config.get("mediaResolution")
            levels.append(str(level).removeprefix("MEDIA_RESOLUTION_"))
            waiting = ""
    if unknown := set(levels) - set(LEVELS):
        raise RefusedError(f"media resolutions {unknown}")
    schema, dialect = _schema(config, "\n".join(texts))
    blocks = _blocks(texts[0])
    names = tuple(_only_name(block) for _, block in blocks)
    several = len(blocks) > 1
    numbers: tuple[int, ...] = ()
    if len(pictures) > 1:
        numbers = tuple(_number(lead) for lead in leads)
        if len(set(numbers)) < len(numbers):
            raise RefusedError(f"image numbers twice: {numbers}")
        if several and not on_sheets and not all(100 <= number <= 999 for number in numbers):
            raise RefusedError(f"image numbers are {numbers}")
        if (on_sheets or not several) and numbers != tuple(range(1, len(pictures) + 1)):
            raise RefusedError(f"image numbers are {numbers}")
    if several:
        _check_joint(schema, blocks, len(pictures))
    tokens = sum(-(-len(text) // 4) for text in texts) + -(-len(json.dumps(schema)) // 6)
    model = re.findall(r"models/([^:]+):", body["model"])[0]
    seen = Seen(tuple(pictures), names, tuple(levels), "", dialect=dialect, model=model)
    called = tuple(called for called, _ in blocks)
    whole = tuple(block for _, block in blocks)
    return _Asked(seen, model, numbers, schema, called, whole, tokens)


def _blocks(opening: str) -> list[tuple[str, str]]:
    """The questions by what they are called; a single one is called nothing."""
    heads = list(_QUESTION.finditer(opening))
    if not heads:
        return [("", opening)]
    ends = [*(head.start() for head in heads[1:]), len(opening)]
    return [(head[1], opening[head.end() : end]) for head, end in zip(heads, ends, strict=True)]


def _check_joint(schema: Mapping[str, Any], blocks: Sequence[tuple[str, str]], images: int) -> None:
    if images > 1:
        counts = schema.get("minItems", images), schema.get("maxItems", images)
        if counts != (images, images):
            raise RefusedError(f"{counts} items for {images} images")
        schema = schema["items"]
    called = [name for name, _ in blocks]
    if str(schema["type"]).lower() == "array":
        places = schema["prefixItems"]
        wanted = len(blocks) + (images > 1)
        if not len(places) == schema["minItems"] == schema["maxItems"] == wanted:
            raise RefusedError(f"{len(places)} places for {wanted}")
        if called != [str(place) for place in range(1, len(blocks) + 1)]:
            raise RefusedError(f"questions are called {called}")
        _check_disjoint(places[images > 1 :])
    else:
        extra = [name for name in schema["properties"] if name not in called]
        if len(extra) != (images > 1):
            raise RefusedError(f"properties {extra} beside the questions {called}")
        if set(schema["required"]) != {*called, *extra}:
            raise RefusedError("not every answer is required")


def _check_disjoint(places: Sequence[Mapping[str, Any]]) -> None:
    taken = set[int]()
    for place in places:
        one = place.get("items", place)
        if one["type"] == "integer":
            numbers = set(range(one["minimum"], one["maximum"] + 1))
            if numbers & taken:
                raise RefusedError(f"two questions have the numbers {numbers & taken}")
            taken |= numbers


def _schema(config: Mapping[str, Any], opening: str) -> tuple[Mapping[str, Any], str]:
    if "responseJsonSchema" in config:
        _check_schema(config["responseJsonSchema"], _JSON_SCHEMA, str.islower)
        return config["responseJsonSchema"], "responseJsonSchema"
    if "responseSchema" in config:
        _check_schema(config["responseSchema"], _OPENAPI, str.isupper)
        return config["responseSchema"], "responseSchema"
    if found := _WORDS_SCHEMA.search(opening):
        return json.loads(found[1]), "words"
    return {}, ""


def _check_schema(node: Mapping[str, Any], known: set[str], spelt: Callable[[str], bool]) -> None:
    _only(node, known)
    kinds = node.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if not spelt(kind):
            raise RefusedError(f"a type is called {kind!r}")
    below = [*node.get("properties", {}).values(), *node.get("prefixItems", [])]
    below += [*node.get("anyOf", []), *([node["items"]] if "items" in node else [])]
    if missing := set(node.get("required", ())) - set(node.get("properties", {})):
        raise RefusedError(f"required, but no properties: {missing}")
    for one in below:
        _check_schema(one, known, spelt)


def _enums(node: Any) -> Iterator[list[str]]:
    if isinstance(node, dict):
        yield from [node["enum"]] if "enum" in node else []
        for below in node.values():
            yield from _enums(below)


def _only(node: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(node) - known:
        raise RefusedError(f"unknown fields {sorted(unknown)}")


def _only_name(block: str) -> str:
    names = _NAME.findall(block)
    if len(set(names)) != 1:
        raise RefusedError(f"a question has the names {names}")
    return str(names[0])


def _number(lead: str) -> int:
    found = re.match(r"Image (\d+)\b", lead)
    if not found:
        raise RefusedError(f"before a picture stands {lead!r}")
    return int(found[1])


def _colour(data: bytes) -> int:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    pixel: Any = image.getpixel((image.width // 2, image.height // 2))
    red, green, blue = (int(shade) >> 4 for shade in pixel)
    return red << 8 | green << 4 | blue


def _candidate(asked: _Asked, fault: str, most: int) -> tuple[dict[str, Any], str]:
    """The candidate without its finish reason, and that reason."""
    if fault in ("RECITATION", "SAFETY", "OTHER", "block SAFETY", "block OTHER"):
        return {}, fault.removeprefix("block ")
    if fault == "empty":
        return {"content": {"parts": [{"text": ""}]}}, "STOP"
    text = _reply_text(asked, fault)
    reason = "STOP"
    if fault == "cut":
        text, reason = text[: len(text) // 2], "MAX_TOKENS"
    if fault == "garbage" and asked.schema:
        text = "Here you are: " + text[:-1]
    if -(-len(text) // 4) > most:
        text, reason = text[: most * 4], "MAX_TOKENS"
    return {"content": {"role": "model", "parts": [{"text": text}]}}, reason


def _reply_text(asked: _Asked, fault: str) -> str:
    if not asked.schema:
        value = _of_bare_text(asked)
        return "?" * 5000 if fault in _SPOILT else value
    if asked.schema.get("type") == "STRING" and "enum" in asked.schema and not asked.pack:
        value = foretold(asked.seen.pictures[0], asked.seen.questions[0], asked.schema)
        return "none of these" if fault in _SPOILT else str(value)
    document = _document(asked, fault)
    return json.dumps(document, separators=(",", ":"))


_SPOILT = {
    *("bad cell", "short", "long", "swap", "missing", "stranger", "twice", "shifted", "floats"),
}


def _of_bare_text(asked: _Asked) -> str:
    return str(_told_value(asked, asked.seen.pictures[0], 0, {"type": "string"}))


def _document(asked: _Asked, fault: str) -> Any:
    one_schema = asked.schema["items"] if asked.pack else asked.schema
    if len(asked.names) == 1:
        return _single(asked, one_schema, fault)
    rows = [
        _row(asked, picture, place, one_schema, fault)
        for place, picture in enumerate(asked.seen.pictures)
    ]
    if not asked.pack:
        return rows[0]
    if fault == "missing":
        rows = rows[1:]
    if fault == "twice":
        rows[0] = rows[-1]
    # Not in their order: whoever reads by place reads wrong.
    return rows[::-1]


def _single(asked: _Asked, schema: Mapping[str, Any], fault: str) -> Any:
    if not asked.pack:
        value = _told_value(asked, asked.seen.pictures[0], 0, schema)
        return {"nothing": 1} if fault in _SPOILT else value
    answer = schema["properties"]["answer"]
    items = [
        {"image": number, "answer": _told_value(asked, picture, 0, answer)}
        for number, picture in zip(asked.numbers, asked.seen.pictures, strict=True)
    ]
    if fault == "bad cell":
        items[0]["answer"] = {"nothing": 1}
    if fault == "missing":
        items = items[1:]
    if fault == "twice":
        items[0] = items[-1]
    if fault == "stranger":
        items[0]["image"] = 0
    return items[::-1]


def _row(
    asked: _Asked, picture: int, place: int, schema: Mapping[str, Any], fault: str
) -> list[Any] | dict[str, Any]:
    first = place == 0
    number = asked.numbers[place] if asked.pack else None
    if first and fault == "stranger" and asked.pack:
        number = next(n for n in range(100, 1000) if n not in asked.numbers)
    if fault == "shifted" and asked.pack:
        number = asked.numbers[place - 1] + 1
    if "prefixItems" in schema:
        places = schema["prefixItems"][asked.pack :]
        cells = [
            foretold(picture, name, below)
            for name, below in zip(asked.seen.questions, places, strict=True)
        ]
        if first:
            cells = _spoilt(cells, fault)
        return [number, *cells] if asked.pack else cells
    named = {
        called: _told_value(asked, picture, index, schema["properties"][called])
        for index, called in enumerate(asked.names)
    }
    if first and fault in ("bad cell", "swap", "floats"):
        named[asked.names[-1]] = {"nothing": 1}
    if first and fault in ("short",):
        del named[asked.names[0]]
    if asked.pack:
        extra = next(name for name in schema["properties"] if name not in asked.names)
        named[extra] = number
    return named


def _told_value(asked: _Asked, picture: int, index: int, schema: Mapping[str, Any]) -> Any:
    """By its schema; where that lists nothing, by what the question's words list."""
    several = schema.get("items", schema)
    bare = "enum" not in several and str(several.get("type", "string")).lower() == "string"
    if bare and (listed := _listed(asked.blocks[index])):
        schema = (
            {"type": "array", "items": {"enum": listed}} if "items" in schema else {"enum": listed}
        )
    return foretold(picture, asked.seen.questions[index], schema)


def _listed(block: str) -> list[str]:
    """What a question's words list as that which stands for a label."""
    found = _LIST.search(block)
    if not found:
        return []
    lines = []
    for line in found[2].splitlines():
        if not line or line.startswith(
            ("Answer", "Reply", "Question", "What stands", "The labels")
        ):
            break
        code = line.strip().partition(" ")[0]
        if "word for word" in found[1]:
            lines.append(line)
        elif code != "-":  # what cannot be the answer
            lines.append(code)
    return lines


def _spoilt(cells: list[Any], fault: str) -> list[Any]:
    if fault == "bad cell":
        return [*cells[:-1], {"nothing": 1}]
    if fault == "short":
        return cells[:-1]
    if fault == "long":
        return [*cells, cells[-1]]
    if fault == "swap":
        return [cells[-1], *cells[1:-1], cells[0]]
    return cells


def _usage(asked: _Asked, text: str, fault: str) -> dict[str, Any]:
    pictures = sum(LEVELS[level] for level in asked.seen.levels)
    prompt = asked.text_tokens + pictures
    usage: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": -(-len(text) // 4),
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": asked.text_tokens},
            {"modality": "IMAGE", "tokenCount": pictures},
        ],
    }
    if prompt % 3 == 0:
        usage["cachedContentTokenCount"] = prompt // 2
    if fault == "thoughts":
        usage["thoughtsTokenCount"] = 17
    return usage


def _nano_usd(usage: Mapping[str, int]) -> int:
    cached = usage.get("cachedContentTokenCount", 0)
    output = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    return (
        (usage["promptTokenCount"] - cached) * NANO_USD["input"]
        + cached * NANO_USD["cached"]
        + output * NANO_USD["output"]
    )


def _error(status: int, message: str) -> dict[str, Any]:
    word = "INVALID_ARGUMENT" if status == 400 else "UNAVAILABLE"
    return {"error": {"code": status, "status": word, "message": message}}
