"""Writes down what batch jobs will ask, in parts of some megabytes, while a bundle goes on."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from tierwise.batches.asked_rows import AskedRow, name_of, packed, to_line
from tierwise.batches.batch_plan import BatchPlan
from tierwise.batches.part import Part, SharedBeginning, added_up
from tierwise.errors import InputError
from tierwise.gemini.batch.echo import echo_word, echoed
from tierwise.gemini.batch.row_checks import check_body
from tierwise.gemini.batch.rows import request_line
from tierwise.gemini.beginnings import Beginning, beginning_of
from tierwise.gemini.billing import Billing
from tierwise.gemini.compose import RequestParts
from tierwise.gemini.settle import Ask, Settled, by_image, fail, fail_all
from tierwise.gemini.wire import WireJson
from tierwise.models import find_model
from tierwise.records import Failure, Reason, Spent
from tierwise.storage.files import files_for, join

# Held in memory while it is filled, by every bundle, for each model and kind of reply.
_MOST_BYTES, _MOST_ROWS = 16_000_000, 1_000
# The first part is small, so that there is something to try a question with.
_ROWS_OF_FIRST = 10
# Whose echo is looked at: the first of each part, and of the others one in so many.
_ECHOED_FIRST, _ECHOED = 5, 50
# In so many jobs nothing came of a question; a further one would not be better.
MOST_LOST = 3


class Gatherer:
    """Belongs to one event loop and one bundle. `executor` writes files."""

    def __init__(self, plan: BatchPlan, billing: Billing, executor: Executor) -> None:
        self._plan = plan
        self._billing = billing
        self._executor = executor
        self._open: dict[tuple[str, str], _OpenPart] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._written: list[Part] = []
        self._checked: set[tuple[str, str, str]] = set()
        self._beginnings: dict[Beginning, SharedBeginning | None] = {}

    async def put_off(self, asks: Sequence[Ask], composed: RequestParts, worst: int) -> Settled:
        """Write a request down; its questions have an outcome once a job has brought it.

        `worst` is the most that it can cost (nano-dollars), which is held until then.

        Raises:
            InputError: the service would refuse a job with this question.
        """
        if lost := next((ask.lost for ask in asks if ask.lost >= MOST_LOST), 0):
            return _given_up(asks, lost)
        key, body = _key_of(asks), composed.body
        kind = asks[0].route.model, shape_of(body)
        self._check(asks, body, kind)
        tokens = self._billing.enqueued_tokens(asks, composed.texts)
        part = self._part(kind)
        with part.claimed():
            if self._billing.service.vertex:
                body = await self._with_pictures_named(body, part)
            # A picture can repeat no word: its row joins by its key alone.
            draws = asks[0].task.answer.draws()
            echo = not draws and (self._plan.echo_all or _is_echoed(key, len(part.requests)))
            if echo:
                most = find_model(part.model).max_output_tokens
                body, echo = self._echoed(body, echoed(body, echo_word(key), most))
            begins = self._beginning(asks, composed)
            part.beginnings += [begins] if begins else []
            named = begins.key if begins else ""
            asked = AskedRow(key, tuple(asks), composed.sent_bytes, worst, echo, named)
            part.add(asked, request_line(key, body, self._billing.service), tokens)
        if part.full(first=not self._written and not self._writing):
            self._close(part)
        if part.closed and not part.claims:
            await self._write(part)
        return _under_way(asks, worst)

    async def close(self) -> list[Part]:
        """Write what is left; all parts of the bundle."""
        for part in list(self._open.values()):
            self._close(part)
            await self._write(part)
        await asyncio.gather(*self._writing)
        return self._written

    def _beginning(self, asks: Sequence[Ask], composed: RequestParts) -> SharedBeginning | None:
        """What a row begins with, where a cache can hold it."""
        vertex = self._billing.service.vertex
        begins = None if vertex else beginning_of(asks, composed, vertex=vertex)
        if begins is None:
            return None
        if begins not in self._beginnings:
            self._beginnings[begins] = None
            if begins.is_long:
                self._beginnings[begins] = SharedBeginning(
                    key=begins.key(self._billing.service.place),
                    rows=1,
                    parts=begins.parts,
                    tokens=begins.tokens,
                    most_tokens=begins.most_tokens,
                    tasks=tuple(dict.fromkeys(ask.task.row_of for ask in by_image(asks)[0])),
                    media_resolution=asks[0].route.media_resolution,
                )
        return self._beginnings[begins]

    def _echoed(self, body: WireJson, wrapped: WireJson) -> tuple[WireJson, bool]:
        """The body with its word, or as it is where the service takes no schema that deep."""
        try:
            check_body(wrapped, self._billing.service)
        except InputError:
            return body, False
        return wrapped, True

    def _part(self, kind: tuple[str, str]) -> _OpenPart:
        if kind not in self._open:
            self._open[kind] = _OpenPart(join(self._plan.folder, uuid.uuid4().hex), *kind)
        return self._open[kind]

    def _check(self, asks: Sequence[Ask], body: WireJson, kind: tuple[str, str]) -> None:
        """See once for each kind of request whether the service takes it."""
        names = ", ".join(ask.task.name for ask in by_image(asks)[0])
        if (names, *kind) not in self._checked:
            try:
                check_body(body, self._billing.service)
            except InputError as error:
                raise InputError(f"task {names}: {error}") from error
            self._checked.add((names, *kind))

    def _close(self, part: _OpenPart) -> None:
        """Let the next request begin another part."""
        if not part.closed:
            part.closed = True
            del self._open[part.model, part.shape]

    async def _write(self, part: _OpenPart) -> None:
        task = asyncio.create_task(self._written_down(part))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def _written_down(self, part: _OpenPart) -> None:
        loop = asyncio.get_running_loop()
        self._written.append(await loop.run_in_executor(self._executor, part.write))

    async def _with_pictures_named(self, body: WireJson, part: _OpenPart) -> WireJson:
        """A body that names its pictures, so that the reply does not bring every one back."""
        contents = [
            {**content, "parts": [await self._named(one, part) for one in content["parts"]]}
            for content in body["contents"]
        ]
        return {**body, "contents": contents}

    async def _named(self, one: WireJson, part: _OpenPart) -> WireJson:
        inline = one.get("inlineData")
        if not inline:
            return one
        uri, data = part.picture(inline["data"], inline["mimeType"])
        if data:
            write = asyncio.get_running_loop().run_in_executor
            await write(self._executor, files_for(uri).write, uri, data)
        rest = {name: value for name, value in one.items() if name != "inlineData"}
        return {"fileData": {"mimeType": inline["mimeType"], "fileUri": uri}, **rest}


@dataclass(slots=True)
class _OpenPart:
    folder: str
    model: str
    shape: str
    requests: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    tasks: dict[str, Any] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    beginnings: list[SharedBeginning] = field(default_factory=list)
    images: int = 0
    size: int = 0
    tokens: int = 0
    worst: int = 0
    claims: int = 0
    closed: bool = False

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """While a request gets ready for this part, it is not written."""
        self.claims += 1
        try:
            yield
        finally:
            self.claims -= 1

    def add(self, asked: AskedRow, line: bytes, tokens: int) -> None:
        self.requests.append(line)
        self.asked.append(to_line(asked))
        self.tasks |= {name_of(ask.task): ask.task for ask in asked.asks}
        self.images += len(by_image(asked.asks))
        self.size += len(line)
        self.tokens += tokens
        self.worst += asked.worst

    def full(self, *, first: bool) -> bool:
        most = _ROWS_OF_FIRST if first else _MOST_ROWS
        return self.size >= _MOST_BYTES or len(self.requests) >= most

    def picture(self, data: str, mime_type: str) -> tuple[str, bytes]:
        """The address of a picture, and its bytes where it has yet to be written there."""
        decoded = base64.b64decode(data)
        name = f"{hashlib.sha256(decoded).hexdigest()[:32]}.{mime_type.rpartition('/')[2]}"
        uri = join(self.described.pictures, name)
        if name in self.pictures:
            return uri, b""
        self.pictures.add(name)
        return uri, decoded

    def write(self) -> Part:
        part = self.described
        files = files_for(part.folder)
        files.write(part.asks, packed(self.tasks.values(), self.asked), durable=True)
        files.write(part.requests, b"".join(self.requests), durable=True)
        return part

    @property
    def described(self) -> Part:
        sums = self.images, self.size, self.tokens, self.worst
        begin = added_up(self.beginnings)
        return Part(self.folder, self.model, self.shape, len(self.requests), *sums, begin)


def shape_of(body: WireJson) -> str:
    """Requests of one shape differ in the values of their schema, not in the types of its fields.

    Vertex AI reads the rows of a job into columns, so that one name must have one type.

    >>> few = {"generationConfig": {"responseSchema": {"type": "ARRAY", "maxItems": 3}}}
    >>> many = {"generationConfig": {"responseSchema": {"type": "ARRAY", "maxItems": 8}}}
    >>> shape_of(few) == shape_of(many), shape_of(few) == shape_of({"generationConfig": {}})
    (True, False)
    """
    written = orjson.dumps(_types(body["generationConfig"]), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(written).hexdigest()[:12]


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _types(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_types(one) for one in value[:1]]
    return type(value).__name__


def _key_of(asks: Sequence[Ask]) -> str:
    """Begins with a letter: Vertex AI takes what looks like a number for one."""
    asked = orjson.dumps([(ask.task.name, ask.request_id) for ask in asks])
    return "t" + hashlib.sha256(asked).hexdigest()[:31]


def _is_echoed(key: str, place: int) -> bool:
    return place < _ECHOED_FIRST or int(key[1:9], 16) % _ECHOED == 0


def _under_way(asks: Sequence[Ask], worst: int) -> Settled:
    """Nothing has come of them yet; what they may cost is held."""
    held = Spent(maybe_billed=worst).shares(len(asks))
    failures = (replace(_put_off(ask), spent=share) for ask, share in zip(asks, held, strict=True))
    return Settled(tuple(failures), (), ())


def _put_off(ask: Ask) -> Failure:
    failure = fail(ask, Reason.UNAVAILABLE, "a batch job asks this", run_ended=True)
    return replace(failure, put_off=True)


def _given_up(asks: Sequence[Ask], lost: int) -> Settled:
    message = f"{lost} batch jobs were asked this, and nothing came back from any"
    return fail_all(asks, Reason.UNAVAILABLE, message, run_ended=True)
