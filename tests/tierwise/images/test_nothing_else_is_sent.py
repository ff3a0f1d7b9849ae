"""Of real files, no piece of metadata, thumbnail or note is in what is sent."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tierwise.images.conftest import DATA
from tierwise.errors import ImageError
from tierwise.images.encoder import encode
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings

PIECE = 20
SEGMENT = re.compile(rb"\xff([\xe0-\xef\xfe])(..)", re.DOTALL)
MARKS = (b"Exif\x00", b"http://ns.adobe.com", b"Photoshop 3.0", b"8BIM", b"ICC_PROFILE")
# Of a frame of the same size, as thumbnails may have, the header is the same.
FRAME = re.compile(rb"\xff[\xc0-\xc2]\x00\x11.{15}", re.DOTALL)


def _files() -> list[Path]:
    folder = DATA / "archive"
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".csv"]


def _hidden(data: bytes) -> Iterator[bytes]:
    """Every block of a file that is not its picture."""
    if data.startswith(b"\xff\xd8"):
        end = data.find(b"\xff\xda")
        for found in SEGMENT.finditer(data, 0, max(end, 0)):
            body = data[found.end() : found.start() + 2 + int.from_bytes(found[2], "big")]
            if found[1] not in b"\xe0\xee":
                yield body
    with Image.open(io.BytesIO(data)) as image:
        for key in ("exif", "xmp", "comment", "icc_profile", "photoshop"):
            block = image.info.get(key)
            if isinstance(block, bytes):
                yield block
        yield from (value.encode() for value in image.info.values() if isinstance(value, str))


def _pieces(block: bytes) -> Iterator[bytes]:
    for at in range(0, len(block) - PIECE, PIECE):
        piece = block[at : at + PIECE]
        if len(set(piece)) > PIECE // 2:  # else it may stand in any file
            yield piece


@pytest.fixture(scope="module")
def common() -> bytes:
    """Tables and headers that every JPEG file may have: thumbnails have them too."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    pictures = (ramp[..., None], np.stack([ramp] * 3, axis=-1))
    return b"".join(encode(one, output_format="jpeg", quality=85)[0] for one in pictures)


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_nothing_but_the_picture_is_sent(path: Path, common: bytes) -> None:
    data = path.read_bytes()
    for side in (912, 8192):
        settings = ImageSettings(side)
        try:
            sent = optimize(data, name=path.name, page=1, settings=settings, limits=Limits()).data
            hidden = list(_hidden(data))
        except (ImageError, OSError):
            return
        assert not any(mark in sent for mark in MARKS)
        sent = FRAME.sub(b"", sent)
        for piece in (piece for block in hidden for piece in _pieces(block)):
            assert piece not in sent or piece in common
