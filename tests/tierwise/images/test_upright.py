from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tierwise.images.picture import Picture

TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_out_upright(
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    orientation: int,
    kind: str,
) -> None:
    turn = TURNS[orientation]
    stored = gradient if turn is None else gradient.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = shrink(save(stored, kind, exif=exif), max_side=60)
    assert (picture.original_width, picture.original_height) == (120, 80)
    assert (picture.width, picture.height) == (60, 40)
    want = np.asarray(gradient.resize((60, 40), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(pixels(picture) - want).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_real_series_shows_one_picture(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    orientation: int,
) -> None:
    upright = shrink(read("landscape_1.jpg"), max_side=64)
    picture = shrink(read(f"landscape_{orientation}.jpg"), max_side=64)
    assert (picture.width, picture.height) == (upright.width, upright.height)
    # The pictures carry a different digit each; everything else is the same waterfall.
    assert np.abs(pixels(picture) - pixels(upright)).mean() < 12


def test_xmp_counts_where_exif_is_silent(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    png = pixels(shrink(read("xmp_tags_orientation.png")))
    avif = pixels(shrink(read("xmp_tags_orientation.avif")))
    assert np.abs(png - avif).mean() < 4


def test_orientation_of_a_passable_picture_is_not_ignored(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = shrink(save(gradient, "JPEG", exif=exif))
    assert not picture.passed_through
    assert (picture.width, picture.height) == (80, 120)
