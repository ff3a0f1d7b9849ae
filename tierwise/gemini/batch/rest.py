"""Google's JSON over HTTP, one request after another, for batch jobs.

google-genai is not used for these: its `BatchJob` drops the error and the counts of a job, fails on
all results of a job for the details of one row's error, and never finds a job ended whose state it
does not know (3.4.0, also 3.6.1). What has another form than Google's is left to whoever reads it.

Each request has a connection of its own: minutes lie between them, and one that was closed
meanwhile would look like a request that was lost.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from urllib3.exceptions import NewConnectionError

from tierwise.answerer import ServiceKind
from tierwise.errors import JobsRefusedError, JobsUnavailableError
from tierwise.gemini.api_key import find_key, without_key
from tierwise.gemini.call_error import CallError, refusal
from tierwise.gemini.connection import CONNECT_S, MOST_BYTES_OF_ERROR, in_lower_case
from tierwise.gemini.credentials import no_token, vertex_credentials
from tierwise.gemini.retry import asked_wait_s, backoff_s
from tierwise.gemini.service import Service

T = TypeVar("T")

# Results within a job are those of small ones: their requests were at most 20 MB.
_MOST_BYTES = 128 * 1024 * 1024
_CHUNK = 1 << 20
# What has ended cannot be cancelled; a second delete is refused with 403 (observed in September
# 2026).
_OVER = frozenset({400, 404, 409})
_GONE = _OVER | {403}
_MULTI_REGIONS = ("us", "eu")


class Rest:
    """One account.

    Args:
        service: where requests go.
        patience_s: how long what fails is tried again.
        chance: uniform in [0, 1), what share of the longest wait is waited.

    Raises:
        InputError: no key or no credentials for a real service.
    """

    def __init__(
        self, service: Service, patience_s: float, chance: Callable[[], float] = random.random
    ) -> None:
        self.service = service
        self._patience_s = patience_s
        self._chance = chance
        self._credentials = vertex_credentials(service) if service.vertex else None
        self.key = "" if service.vertex else _key(service)
        self.base_url = (service.endpoint or _base_url(service)).rstrip("/")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask once, and give the JSON object that came.

        Raises:
            CallError: anything but a 200 came back, or nothing did.
        """
        url = f"{self.base_url}/{self.service.api_version}/{path}"
        with self._reply(method, url, body=body, query=query) as response:
            data = _bounded(response, _MOST_BYTES)
        try:
            found = orjson.loads(data or b"{}")
        except orjson.JSONDecodeError as error:
            raise CallError("the reply is not JSON", status=200, sent=True) from error
        if not isinstance(found, dict):
            raise CallError("the reply is not a JSON object", status=200, sent=True)
        return found

    def pages(self, path: str, items: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """All objects of a list, each page asked for as `patiently` does."""
        token = ""
        while True:
            asked = {**query, **({"pageToken": token} if token else {})}
            page = self.patiently(partial(self.call, "GET", path, query=asked))
            listed = page.get(items)
            yield from (one for one in listed or () if isinstance(one, dict))
            token = str(page.get("nextPageToken") or "")
            if not token:
                return

    def fetch(self, path: str, into: Path) -> None:
        """Put the bytes of an address into a file, once.

        Raises:
            CallError: they did not come, or not to their end.
        """
        with self._reply("GET", f"{self.base_url}/{path}") as response, into.open("wb") as file:
            for chunk in self._chunks(response):
                file.write(chunk)

    def patiently(self, action: Callable[[], T]) -> T:
        """Try again what may pass, with longer and longer waits, as long as patience lasts.

        Raises:
            CallError: a refusal, which would be one again.
            JobsUnavailableError: patience is over.
        """
        start, failed = time.monotonic(), 0
        while True:
            try:
                return action()
            except CallError as error:
                if not may_pass(error):
                    raise
                failed += 1
                wait_s = max(backoff_s(failed, self._chance()), asked_wait_s(error) or 0.0)
                if time.monotonic() + wait_s - start > self._patience_s:
                    raise unavailable(error) from error
            time.sleep(wait_s)

    def create(self, path: str, body: Mapping[str, Any]) -> str:
        """Post what must not arrive twice, again only while nothing was sent; gives its name.

        Raises:
            CallError: it was refused, or its fate is unknown.
            JobsUnavailableError: patience is over, and nothing was sent.
        """

        def post() -> dict[str, Any] | CallError:
            try:
                return self.call("POST", path, body=body)
            except CallError as error:
                if error.status or error.sent:
                    return error
                raise

        came = self.patiently(post)
        if isinstance(came, CallError):
            raise came
        name = came.get("name")
        if not isinstance(name, str) or not name:
            raise CallError("the reply has no name", status=200, sent=True)
        return name

    def cancel(self, name: str) -> None:
        """Ask that a job end early; what is over or gone needs not.

        Raises:
            JobsUnavailableError: it cannot be asked for just now.
        """
        self._unless(_OVER, lambda: self.call("POST", f"{name}:cancel", body={}))

    def delete(self, name: str) -> None:
        """Delete a job or a file; what is gone is no error.

        Raises:
            JobsUnavailableError: it cannot be deleted just now.
        """
        self._unless(_GONE, lambda: self.call("DELETE", name))

    def _unless(self, statuses: frozenset[int], action: Callable[[], Any]) -> None:
        try:
            self.patiently(action)
        except CallError as error:
            if error.status not in statuses:
                raise unavailable(error) from error

    @contextmanager
    def _reply(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[requests.Response]:
        """A 200, of which nothing is read yet."""
        data = None if body is None else orjson.dumps(body)
        with requests.Session() as session:
            try:
                response = self._send(session, method, url, data, query)
                if response.status_code == HTTPStatus.UNAUTHORIZED and self._credentials:
                    with suppress(GoogleAuthError):  # it may have been withdrawn before its time
                        self._credentials.refresh(Request())
                        response = self._send(session, method, url, data, query)
                if response.status_code != HTTPStatus.OK:
                    raise self._refusal(response)
                yield response
            except requests.RequestException as error:
                raise self._lost(error) from error
            except GoogleAuthError as error:
                raise no_token(error) from error

    def _send(
        self,
        session: requests.Session,
        method: str,
        url: str,
        data: bytes | None,
        query: Mapping[str, str] | None,
    ) -> requests.Response:
        return session.request(
            method,
            url,
            params=query,
            data=data,
            headers={"Content-Type": "application/json"} if data is not None else None,
            timeout=(CONNECT_S, self.service.timeout_s),
            auth=self._sign,  # also keeps a netrc file from being looked at
            stream=True,
            # It would take the key and the pictures to whoever it names.
            allow_redirects=False,
        )

    def _sign(self, request: Any) -> Any:
        if self._credentials:
            self._credentials.before_request(
                Request(), request.method, request.url, request.headers
            )
        else:
            request.headers["x-goog-api-key"] = self.key
        return request

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        """The body to its end; one that ends before that is an error of the connection."""
        came = 0
        for chunk in response.iter_content(_CHUNK):
            came += len(chunk)
            yield chunk
        told = response.headers.get("content-length", "")
        coded = response.headers.get("content-encoding")
        if told.isdigit() and not coded and came != int(told):
            raise CallError(f"only {came} of {told} bytes came", status=200, sent=True)

    def _refusal(self, response: requests.Response) -> CallError:
        text = _bounded(response, MOST_BYTES_OF_ERROR).decode("utf-8-sig", "replace")
        error = refusal(response.status_code, text, in_lower_case(response.headers))
        error.args = (self.hide(str(error)),)
        return error

    def hide(self, text: str) -> str:
        """The text without our key."""
        return without_key(text, self.key)

    def _lost(self, error: requests.RequestException) -> CallError:
        """Whether it was sent, as far as the error tells; who cannot connect sends nothing."""
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        never = (
            requests.ConnectTimeout,
            requests.exceptions.SSLError,
            requests.exceptions.ProxyError,
        )
        if isinstance(error, never) or isinstance(reason, NewConnectionError):
            why = str(reason or error).rpartition(": ")[2][:200]
            return CallError(f"no connection to {urlsplit(self.base_url).netloc}: {why}")
        if isinstance(error, requests.Timeout):
            words = f"no reply within {self.service.timeout_s:g} s"
            return CallError(words, sent=True, timed_out=True)
        return CallError(f"connection lost: {self.hide(str(error))[:200]}", sent=True)


def may_pass(error: CallError) -> bool:
    """Whether the same request may be answered later."""
    return error.status in (0, 200, 408, 429, 499) or error.status >= 500


def unavailable(error: CallError) -> JobsUnavailableError:
    """What whoever watches jobs is told."""
    refused = error.status in (401, 403)
    remedy = (
        "See whether the key, or the account's rights, still hold; then run again"
        if refused
        else "It is tried again later"
    )
    kind = JobsRefusedError if refused else JobsUnavailableError
    return kind(
        f"Batch jobs cannot be asked about just now: {in_one_line(str(error))}. {remedy}: jobs go "
        "on meanwhile, and nothing is lost."
    )


def in_one_line(text: str) -> str:
    """Words for people, without line ends, and without the stop that the next sentence brings."""
    return " ".join(text.split())[:500].rstrip(".")


def _bounded(response: requests.Response, most: int) -> bytes:
    chunks, left = list[bytes](), most
    for chunk in response.iter_content(64 * 1024):
        chunks.append(chunk[:left])
        left -= len(chunk)
        if left < 0:
            if response.status_code == HTTPStatus.OK:
                words = f"the reply is longer than {most // 1024**2} MB"
                raise CallError(words, status=200, sent=True)
            break
    return b"".join(chunks)


def _key(service: Service) -> str:
    return "emulator" if service.kind is ServiceKind.EMULATOR else find_key(service)


def _base_url(service: Service) -> str:
    """Google's own addresses, as google-genai has them."""
    if not service.vertex:
        return "https://generativelanguage.googleapis.com"
    if service.location == "global":
        return "https://aiplatform.googleapis.com"
    if service.location in _MULTI_REGIONS:
        return f"https://aiplatform.{service.location}.rep.googleapis.com"
    return f"https://{service.location}-aiplatform.googleapis.com"
