"""The images that a pack asks about, and which of them a fault is for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.emulator.faults import Fault
from tierwise.emulator.looks import Look, look_at
from tierwise.emulator.request import GeminiRequest, SentPicture
from tierwise.emulator.sight import Seen
from tierwise.emulator.views import SeenPicture


@dataclass(frozen=True, slots=True)
class AskedImage:
    """An image that a pack asks about: its number, its look, and the picture that it is on."""

    number: int
    look: Look
    picture: SentPicture | None = None


def images_of(asked: GeminiRequest, views: Sequence[SeenPicture]) -> list[AskedImage]:
    """The images of a pack, in the order of their pictures; imagined ones where there is none."""
    if not views:
        least = int((asked.settings.schema or {}).get("minItems") or 1)
        numbers = range(1, least + 1)
        return [AskedImage(number, imagined(f"{number - 1} {asked.text}")) for number in numbers]
    return [
        AskedImage(number, look, picture)
        for picture, view in zip(asked.pictures, views, strict=True)
        for number, look in zip(picture.numbers, view.looks, strict=True)
    ]


def looks_of(asked: GeminiRequest, views: Sequence[SeenPicture]) -> list[Look]:
    """All that a question about the pictures together is answered from."""
    return [look for view in views for look in view.looks] or [imagined(asked.text)]


def is_outside(fault: Fault | None, pictures: Sequence[SentPicture]) -> bool:
    """Whether the answer about these pictures is to be one that the labels do not allow."""
    if fault is None or fault.kind != "outside_labels":
        return False
    return not fault.sha256 or any(picture.sha256 in fault.sha256 for picture in pictures)


def place_of(images: Sequence[AskedImage], asked: GeminiRequest, fault: Fault) -> int:
    """The item that goes wrong: one of the picture that the fault names, else by the request."""
    pictures = [image.picture.sha256 if image.picture else "" for image in images]
    named = (place for place, one in enumerate(pictures) if one in fault.sha256)
    return next(named, asked.digest[1] % max(1, len(images)))


def imagined(text: str) -> Look:
    """A look for a question without a picture, the same for the same text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    tints = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return look_at(Seen(64, 64, tints.repeat(16, axis=0).repeat(16, axis=1)))
