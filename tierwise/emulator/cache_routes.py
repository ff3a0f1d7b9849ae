"""The cache methods of both services over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from tierwise.emulator.decoding import decode_image
from tierwise.emulator.faults import Fault
from tierwise.emulator.json_replies import json_reply, refusal_reply
from tierwise.emulator.paths import Call, check_caller
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.service import EmulatedService

_DEVELOPER = re.compile(r"/(?P<version>v1beta|v1alpha)/(?P<parent>)cachedContents(?:/(?P<id>\w+))?")
_VERTEX = re.compile(
    r"/(?P<version>v1|v1beta1)/(?P<parent>projects/(?P<project>[^/]+)/locations/"
    r"(?P<location>[^/]+)/)cachedContents(?:/(?P<id>\w+))?"
)
_PAGE = 100


class CacheRoutes:
    """Serves caches of an emulated service."""

    def __init__(self, service: EmulatedService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served."""
        path = "/{path:(?:.*/)?cachedContents(?:/.*)?}"
        return [
            web.post(path, self._served("create", self._create)),
            web.get(path, self._served("get", self._get)),
            web.patch(path, self._served("renew", self._renew)),
            web.delete(path, self._served("delete", self._delete)),
        ]

    def _served(self, name: str, handle: Callable[[Call, str, str, Any, Any], Any]) -> Any:
        async def served(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            try:
                call, parent, number = _read_path(request.path)
                check_caller(call.vertex, request.headers, request.query)
                called = "list" if name == "get" and not number else name
                fault = self._service.plan.of_cache_call(called)
                _check_fault(fault)
                document = handle(call, parent, number, _parsed(body), request.query)
            except Refusal as refusal:
                return refusal_reply(refusal)
            if fault and request.transport:  # done, and nobody hears of it
                request.transport.abort()
            return json_reply(document)

        return served

    def _create(self, call: Call, parent: str, _: str, body: Any, __: Any) -> Any:
        return self._service.create_cache(decode_image("CachedContent", body, call), call, parent)

    def _get(self, call: Call, parent: str, number: str, _: Any, query: Any) -> Any:
        caches = self._service.caches
        if number:
            return caches.find(f"{parent}cachedContents/{number}", call).document()
        start = int(query.get("pageToken") or 0)
        size = min(int(query.get("pageSize") or _PAGE), _PAGE)
        found = caches.living(parent)
        page = {"cachedContents": [one.document() for one in found[start : start + size]]}
        more = start + size < len(found)
        return page | ({"nextPageToken": str(start + size)} if more else {})

    def _renew(self, call: Call, parent: str, number: str, body: Any, _: Any) -> Any:
        decoded = decode_image("CachedContent", body, call)
        return self._service.caches.renew(
            f"{parent}cachedContents/{number}", decoded, call
        ).document()

    def _delete(self, call: Call, parent: str, number: str, _: Any, __: Any) -> Any:
        self._service.caches.delete(f"{parent}cachedContents/{number}", call)
        return {}


def _check_fault(fault: Fault | None) -> None:
    if fault and fault.kind == "cache_refused":
        raise Refusal(fault.settings["status"], fault.settings["message"])


def _read_path(path: str) -> tuple[Call, str, str]:
    for vertex, pattern in ((False, _DEVELOPER), (True, _VERTEX)):
        if found := pattern.fullmatch(path):
            parts = found.groupdict()
            place = (parts.get("project") or "", parts.get("location") or "global")
            call = Call(vertex, parts["version"], "", "cachedContents", *place)
            return call, parts["parent"], parts["id"] or ""
    raise Refusal(404, f"Method not found: the emulator serves no cachedContents at {path}.")


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from error
