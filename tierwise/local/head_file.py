"""A head as bytes: numbers and labels, and nothing that could be called.

An archive of numpy arrays (`.npz`, which is a ZIP file). Two heads that judge alike have the same
bytes, for ZIP's dates are left at 1980.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.errors import JournalError
from tierwise.local.head import Head

VERSION = 1


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head as it was kept.

    `embedder` is the digest of what gave the features that it was taught by.
    """

    head: Head
    embedder: str


def to_bytes(kept: KeptHead) -> bytes:
    """The file."""
    head = kept.head
    facts = {
        "version": VERSION,
        "embedder": kept.embedder,
        "labels": head.labels,
        "several": head.several,
        "most": head.most,
    }
    file = io.BytesIO()
    np.savez(
        file,
        facts=np.frombuffer(json.dumps(facts, sort_keys=True).encode(), dtype=np.uint8),
        asked=head.asked,
        weights=head.weights,
        offsets=head.offsets,
    )
    return file.getvalue()


def from_bytes(data: bytes, name: str) -> KeptHead:
    """What `to_bytes` wrote.

    Raises:
        JournalError: `name` is damaged, or of a newer version.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            facts: dict[str, Any] = json.loads(arrays["facts"].tobytes())
            version = facts["version"]
            if version == VERSION:
                return _kept(facts, {key: arrays[key] for key in ("asked", "weights", "offsets")})
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise JournalError(
            f"{name}: this local model is damaged ({error}). Delete it: the next run teaches "
            "another from the same answers."
        ) from error
    raise JournalError(
        f"{name}: this local model is of version {version}, and this program reads {VERSION}. "
        "Go on with the version that wrote it."
    )


def _kept(facts: dict[str, Any], arrays: dict[str, Any]) -> KeptHead:
    head = Head(tuple(facts["labels"]), facts["several"], **arrays, most=facts["most"])
    if head.weights.ndim != 2 or len({*map(len, (head.labels, *arrays.values()))}) != 1:
        raise ValueError("its parts do not fit together")
    return KeptHead(head, facts["embedder"])


def identity(text: str) -> str:
    """The name of a model: SHA-256 of what decides it, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
