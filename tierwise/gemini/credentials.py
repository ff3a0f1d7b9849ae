"""Google's tokens for Vertex AI: one for all requests of a process, renewed ahead of time.

A token is asked for again minutes before it ends, while the old one still serves, so that a
metadata server that fails for a while delays nobody. Failures to renew are the service's, to be
tried again as a 503 is; only a grant that was withdrawn is a refusal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import google.auth
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials as StaticCredentials

from tierwise.errors import InputError
from tierwise.gemini.call_error import CallError
from tierwise.gemini.service import Service

# Metadata servers hand out the old token until five minutes before its end, and google-genai
# itself would wait for a new one from 3 minutes and 45 seconds on.
_AHEAD = timedelta(minutes=6)
_BETWEEN_TRIES_S = 20.0
# What OAuth says of a grant or a client that is no more (RFC 6749, section 5.2).
_WITHDRAWN = ("invalid_grant", "invalid_client", "unauthorized_client", "Reauthentication")


class Credentials(Protocol):
    """What is used of google-auth's."""

    token: str | None
    expiry: datetime | None

    @property
    def expired(self) -> bool:
        """Whether the token has ended, or will in an instant."""

    def refresh(self, request: Any) -> None:
        """Get a new token; blocks."""


class Tokens:
    """Belongs to one event loop."""

    def __init__(
        self, credentials: Credentials, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._credentials = credentials
        self._monotonic = monotonic
        self._renewing: asyncio.Task[None] | None = None
        self._next_try = 0.0

    async def ready(self) -> None:
        """Return when there is a token that holds; whoever needs not wait does not.

        Raises:
            CallError: there is none, and none can be had just now.
        """
        held = self._credentials
        if held.token is None or held.expired:
            await self.renew()
        elif held.expiry and _now() >= held.expiry - _AHEAD and self._monotonic() >= self._next_try:
            self._start()

    async def renew(self) -> None:
        """Get a new token, however long the old one holds.

        Raises:
            CallError: none can be had just now.
        """
        try:
            await asyncio.shield(self._start())
        except exceptions.GoogleAuthError as error:
            raise no_token(error) from error

    def _start(self) -> asyncio.Task[None]:
        if self._renewing is None or self._renewing.done():
            self._next_try = self._monotonic() + _BETWEEN_TRIES_S
            self._renewing = asyncio.create_task(
                asyncio.to_thread(self._credentials.refresh, Request())
            )
            # Whoever does not wait for it needs not hear of its failure: the old token serves.
            self._renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._renewing


def vertex_credentials(service: Service) -> Any:
    """Those of the account that the environment names.

    Raises:
        InputError: there are none.
    """
    if service.endpoint.startswith("http://"):
        # A plain-text address is on this machine or network and no place for a Google token.
        return StaticCredentials(token="local")  # type: ignore[no-untyped-call]  # noqa: S106
    try:
        return google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0]
    except exceptions.DefaultCredentialsError as error:
        raise InputError(
            "No Google credentials for Vertex AI. Run `gcloud auth application-default login` or "
            "give the worker a service account."
        ) from error


def no_token(error: exceptions.GoogleAuthError) -> CallError:
    """What a failure to renew a token means."""
    words = " ".join(str(error).split())[:300]
    if any(word in words for word in _WITHDRAWN):
        return CallError(f"not authorized: {words}", status=401)
    return CallError(f"no token from Google just now: {words}")


def _now() -> datetime:
    """As google-auth notes the end of a token: in UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)
