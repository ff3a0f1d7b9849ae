"""Records come out of a shuffle as they went in."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from tierwise.compressed import compress, decompress
from tierwise.records import Answered, ImageFile, Page
from tierwise.storage.listing import Named
from tierwise.transforms.shard import Keyed, Shard

FILE = ImageFile("a/ü.jpg", "/a/ü.jpg", 7, "sha256:00", {"n": 1.5, "empty": None}, version="3")


@pytest.mark.parametrize("value", ["dog", ("cat", "dog"), {"a": [1, None]}, "long " * 10_000])
def test_packing_keeps_everything(answer: Any, value: object) -> None:
    answered = Answered("key", "a.jpg", (answer(), replace(answer(), value=value, page=Page(2, 2))))
    assert decompress(compress(answered)) == answered


@pytest.mark.parametrize(
    "record", [FILE, Named("a", "b", {"n": 1}), Keyed("key", FILE), Shard("0", (Keyed("k", FILE),))]
)
def test_pickling_keeps_every_field(record: object) -> None:
    assert decompress(compress(record)) == pickle.loads(pickle.dumps(record)) == record
