"""Every hostile file ends as pictures or as one failure, within time and memory."""

import resource
import time
from pathlib import Path

from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.isolation import end_helpers
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings, Reason

EXPECTED = {
    "chelsea-zip.png": Reason.UNSUPPORTED_FORMAT,
    "hopper-psd.jpg": Reason.UNSUPPORTED_FORMAT,
    "zero-bytes.jpg": Reason.UNREADABLE,
    "corrupted.heic": Reason.UNREADABLE,
    "truncated_jpeg.jpg": Reason.UNREADABLE,
    "tiff_overflow_rows_per_strip.tif": Reason.UNREADABLE,
    "65536-uint32-limit.png": Reason.TOO_LARGE,
    "hopper-png.jpg": "png",
    "IMG_2682-heic.jpg": "heic",
    "200MP.heic": "heic",
    "16384x16384.png": "png",
    "decompression_bomb_extents.gif": "gif",
    "page-box-pdf.png": "pdf",
}


def _outcome(data: bytes, name: str) -> Reason | str:
    try:
        source = inspect(data, name=name, limits=Limits())
        for page in range(1, source.pages + 1):
            picture = optimize(
                data, name=name, page=page, settings=ImageSettings(512), limits=Limits()
            )
            assert max(picture.width, picture.height) <= 512
            assert picture.data
    except ImageError as error:
        assert error.message.startswith(f"{name}: ")
        assert "object at 0x" not in error.message
        return error.reason
    return source.format


def test_every_file_has_its_outcome(hostile: list[Path]) -> None:
    outcomes, slowest = {}, 0.0
    for path in hostile:
        started = time.monotonic()
        outcomes[path.name] = _outcome(path.read_bytes(), path.name)
        slowest = max(slowest, time.monotonic() - started)
    assert {name: outcomes[name] for name in EXPECTED} == EXPECTED
    assert slowest < 30
    end_helpers()  # only finished children are counted
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        assert resource.getrusage(who).ru_maxrss < 700_000  # KiB
