"""Secret Manager on this machine, over gRPC: holds versions, and refuses as Google does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
import grpc
from google.cloud.secretmanager_v1 import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretPayload,
)

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"


@dataclass
class Secrets:
    """What is held by name; a status in place of bytes is a refusal, as are names not held."""

    host: str = ""
    held: dict[str, bytes | grpc.StatusCode] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    spoilt: bool = False

    def access(self, request: Any, context: Any) -> Any:
        self.asked.append(request.name)
        found = self.held.get(request.name, grpc.StatusCode.NOT_FOUND)
        if not isinstance(found, bytes):
            context.abort(found, f"{request.name}: {found.name}")
        checksum = google_crc32c.value(found) + self.spoilt
        payload = SecretPayload(data=found, data_crc32c=checksum)
        return AccessSecretVersionResponse(name=request.name, payload=payload)


@contextmanager
def serving(held: Mapping[str, bytes | grpc.StatusCode]) -> Iterator[Secrets]:
    """A server, until the body ends."""
    secrets = Secrets(held=dict(held))
    access = grpc.unary_unary_rpc_method_handler(
        secrets.access,
        request_deserializer=AccessSecretVersionRequest.deserialize,
        response_serializer=AccessSecretVersionResponse.serialize,
    )
    handler = grpc.method_handlers_generic_handler(_SERVICE, {"AccessSecretVersion": access})
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    secrets.host = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield secrets
    finally:
        server.stop(None).wait()
