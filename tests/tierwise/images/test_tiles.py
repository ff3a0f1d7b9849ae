"""Tiles of TIFF files: left out, too large for one library, of colours that no codec turns."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
import pyvips

from bench.damage.files import photo
from tierwise.errors import ImageError
from tierwise.images.headers.tiff_directories import TILE_BYTES, TILE_OFFSETS, directories
from tierwise.images.picture import Picture
from tierwise.records import Reason


def tiff(**options: object) -> bytes:
    image = pyvips.Image.new_from_array(np.asarray(photo()), interpretation="srgb")
    return bytes(image.tiffsave_buffer(tile=True, tile_width=64, tile_height=64, **options))


def without_tile(data: bytes, number: int) -> bytes:
    changed = bytearray(data)
    directory = next(directories(data))
    for tag in (TILE_OFFSETS, TILE_BYTES):
        code, _, at = directory.entries[tag]
        struct.pack_into("<" + code, changed, at + number * struct.calcsize(code), 0)
    return bytes(changed)


@pytest.mark.parametrize("compression", ["none", "deflate", "lzw", "jpeg", "webp"])
def test_tiles_that_were_left_out_are_black_and_the_rest_is_whole(
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], np.ndarray],
    compression: str,
) -> None:
    data = tiff(compression=compression)
    whole = pixels(shrink(data, quality=100))
    found = pixels(shrink(without_tile(data, 7), quality=100))
    assert found[72:120, 136:184].max() <= 4
    found[64:128, 128:192] = whole[64:128, 128:192] = 0
    assert np.abs(found - whole).mean() < 0.5


def test_tiles_that_are_too_large_for_one_library_are_read_by_the_other(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], np.ndarray]
) -> None:
    grey = pyvips.Image.xyz(9_000, 6_400).extract_band(0).linear(1 / 36, 0).cast("uchar")
    data = bytes(grey.tiffsave_buffer(tile=True, tile_width=9_008, tile_height=6_400))
    shown = pixels(shrink(data, max_side=90))
    assert np.abs(shown[32, :, 0] - np.arange(90) * 100 / 36).max() < 6


@pytest.mark.parametrize("compression", [1, 32773])
def test_luma_and_colour_differences_become_colours(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], np.ndarray], compression: int
) -> None:
    """One strip of 16 x 16 px; 32773 is PackBits, here without a run."""
    colours = np.zeros((16, 16, 3), dtype=np.uint8)
    colours[:8, :8], colours[:8, 8:] = (76, 85, 255), (150, 44, 21)
    colours[8:, :8], colours[8:, 8:] = (29, 255, 107), (226, 1, 149)
    samples = colours.tobytes()
    if compression != 1:
        samples = b"".join(b"\x7f" + samples[at : at + 128] for at in range(0, len(samples), 128))
    entries = [
        (256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 3, 200), (259, 3, 1, compression),
        (262, 3, 1, 6), (273, 4, 1, 256), (277, 3, 1, 3), (278, 3, 1, 16),
        (279, 4, 1, len(samples)), (284, 3, 1, 1), (530, 3, 2, 1 | 1 << 16),
    ]  # fmt: skip
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    head += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    data = head.ljust(200, b"\0") + struct.pack("<3H", 8, 8, 8)
    shown = pixels(shrink(data.ljust(256, b"\0") + samples, quality=100))
    for (row, column), colour in zip(
        ((3, 3), (3, 12), (12, 3), (12, 12)),
        ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)),
        strict=True,
    ):
        assert np.abs(shown[row, column] - colour).max() < 30


def test_a_file_that_lost_its_later_pages_is_cut_off(shrink: Callable[..., Picture]) -> None:
    image = pyvips.Image.new_from_array(np.asarray(photo()), interpretation="srgb")
    pages = pyvips.Image.arrayjoin([image, image.rot180()], across=1).copy()
    pages.set_type(pyvips.GValue.gint_type, "page-height", image.height)
    data = bytes(pages.tiffsave_buffer(compression="lzw"))
    assert shrink(data).width == image.width
    with pytest.raises(ImageError, match="cut off after") as caught:
        shrink(data[: len(data) * 3 // 4])
    assert caught.value.reason is Reason.UNREADABLE
