"""The identity of what a local model says of a content."""

from __future__ import annotations

import hashlib

_ID_DIGITS = 32


def local_id(content_hash: str, model: str) -> str:
    """The identity of what a local model says of a content, among those of requests."""
    digest = hashlib.sha256(f"{model} {content_hash}".encode()).hexdigest()
    return f"local-{digest[:_ID_DIGITS]}"
