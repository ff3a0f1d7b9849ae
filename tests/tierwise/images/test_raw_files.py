"""Raw photographs as cameras lay them out; the samples are noise, the previews are pictures."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.tierwise.images.tiff_files import Tags, Values, file_of, page
from tests.work import calls_of
from tierwise.errors import ImageError
from tierwise.images.headers.jpeg_inside import largest_jpeg
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]
Save = Callable[..., bytes]

COLOUR_FILTERS = 32803


def _noise(width: int = 300, height: int = 200) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 4096, (height, width)).astype(np.uint16)


def _raw(more: dict[int, Values] | None = None) -> tuple[Tags, bytes]:
    tags, strip = page(_noise(), COLOUR_FILTERS)
    return {**tags, 254: (4, [0]), **(more or {})}, strip


def _thumbnail(more: dict[int, Values] | None = None) -> tuple[Tags, bytes]:
    tags, strip = page(np.full((120, 160, 3), 128, np.uint8), 2)
    return {**tags, 254: (4, [1]), **(more or {})}, strip


def _in_strip(jpeg: bytes, size: tuple[int, int]) -> tuple[Tags, bytes]:
    tags: dict[int, Values] = {
        254: (4, [1]), 256: (4, [size[0]]), 257: (4, [size[1]]), 258: (3, [8, 8, 8]),
        259: (3, [7]), 262: (3, [6]), 277: (3, [3]), 278: (4, [size[1]]),
    }  # fmt: skip
    return tags, jpeg


def _maker(name: bytes) -> dict[int, Values]:
    return {271: (2, name + b"\x00")}


@pytest.fixture
def previews(gradient: Image.Image, save: Save) -> tuple[bytes, bytes]:
    large = gradient.resize((640, 480))
    small = Image.new("RGB", (160, 120), (255, 0, 0))
    return save(large, "JPEG", quality=95), save(small, "JPEG")


def _layouts(large: bytes, small: bytes) -> dict[str, bytes]:
    sizes = (640, 480), (160, 120)
    large_page, small_page = _in_strip(large, sizes[0]), _in_strip(small, sizes[1])
    nikon = file_of([_thumbnail(_maker(b"NIKON CORPORATION"))], below=[large_page, _raw()])
    return {
        "nef": nikon,
        "dng": file_of(
            [_thumbnail({50706: (1, [1, 4, 0, 0])})], below=[_raw(), large_page, small_page]
        ),
        "pef": file_of([_raw(_maker(b"PENTAX")), small_page, large_page]),
        "cr2": b"II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00" + bytes(64) + small + large,
        "orf": b"IIRO" + nikon[4:],
        "rw2": b"IIU\x00" + nikon[4:],
        "raf": b"FUJIFILMCCD-RAW 0201" + bytes(100) + small + large + bytes(5000),
        "cr3": struct.pack(">I4s4sI4s", 24, b"ftyp", b"crx ", 1, b"isom")
        + bytes(4)
        + small
        + large,
    }


@pytest.mark.parametrize("kind", ["nef", "dng", "pef", "cr2", "orf", "rw2", "raf", "cr3"])
def test_the_largest_preview_is_asked_and_marked(
    kind: str,
    previews: tuple[bytes, bytes],
    gradient: Image.Image,
    shrink: Shrink,
    pixels: Decode,
) -> None:
    data = _layouts(*previews)[kind]
    source = inspect(data, name=f"a.{kind}", limits=Limits())
    assert (source.format, source.pages) == (kind, 1)
    picture = shrink(data)
    assert picture.preview
    assert (picture.original_width, picture.original_height) == (640, 480)
    assert picture.original_bytes == len(data)
    assert picture.format == kind
    wanted = np.asarray(gradient.resize((640, 480))).astype(int)
    assert np.abs(pixels(picture) - wanted).mean() < 4
    assert not picture.passed_through


def test_the_raw_file_says_which_way_is_up(previews: tuple[bytes, bytes], shrink: Shrink) -> None:
    first = _thumbnail({**_maker(b"NIKON"), 274: (3, [6])})
    data = file_of([first], below=[_in_strip(previews[0], (640, 480)), _raw()])
    picture = shrink(data)
    assert (picture.width, picture.height) == (480, 640)


def test_without_a_preview_a_raw_file_is_no_picture(shrink: Shrink) -> None:
    data = file_of([_thumbnail(_maker(b"NIKON"))], below=[_raw()])
    with pytest.raises(ImageError, match="NEF without a preview") as caught:
        shrink(data, name="a.nef")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_a_raw_file_that_lost_its_preview_is_no_small_picture(
    previews: tuple[bytes, bytes], shrink: Shrink
) -> None:
    large, small = previews
    at = 1000
    first = _raw({**_maker(b"SONY"), 513: (4, [at]), 514: (4, [len(large) + 10**6])})
    with pytest.raises(ImageError, match="cut off") as caught:
        shrink(file_of([first]) + small)
    assert caught.value.reason is Reason.UNREADABLE


def test_an_ordinary_picture_with_a_thumbnail_is_no_raw_file(
    gradient: Image.Image, save: Save, shrink: Shrink
) -> None:
    picture = shrink(save(gradient, "TIFF", tiffinfo={271: "NIKON"}))
    assert (picture.format, picture.preview) == ("tiff", False)


STARTS = 5000
FAR = struct.pack(">H", 4 * STARTS)  # the length of a segment that leads behind all starts


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0" * STARTS,
        b"\xff\xd8\xff\xe0\x00\x02" * STARTS,
        (b"\xff\xd8\xff\xe0" + FAR) * STARTS + b"\xff\xe0\x00\x02" * 20_000,
    ],
    ids=["starts", "short segments", "one tail for all"],
)
def test_each_start_of_a_hostile_file_costs_a_few_looks(data: bytes) -> None:
    assert calls_of(lambda: largest_jpeg(data)) < 400 * STARTS


def test_a_start_by_chance_hides_no_preview(previews: tuple[bytes, bytes]) -> None:
    large, small = previews
    chance = b"\xff\xd8\xff\xe0\x00\x02"
    data = chance * STARTS + small + chance + large + bytes(100)
    at = data.index(large)
    assert largest_jpeg(data) == (at, at + len(large))
