from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.tierwise.images.tiff_files import samples_file
from tierwise.images.picture import Picture

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]


def _logo(colour: tuple[int, int, int], second: tuple[int, int, int] | None = None) -> Image.Image:
    logo = Image.new("RGBA", (90, 60), (0, 0, 0, 0))
    logo.paste((*colour, 255), (20, 15, 45, 45))
    logo.paste((*(second or colour), 255), (45, 15, 70, 45))
    return logo


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF", "AVIF"])
@pytest.mark.parametrize(
    "colours",
    [((255, 255, 255),), ((240, 245, 250),), ((0, 0, 0),), ((255, 255, 255), (0, 0, 0))],
)
def test_a_logo_stands_out_from_its_ground(
    kind: str,
    colours: tuple[tuple[int, int, int], ...],
    save: Callable[..., bytes],
    shrink: Shrink,
    pixels: Decode,
) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    seen = pixels(shrink(save(_logo(*colours), kind, **options)))
    ground, left, right = seen[4, 4], seen[30, 32], seen[30, 58]
    assert np.abs(left - ground).max() > 90
    assert np.abs(right - ground).max() > 90


def test_a_ground_that_was_asked_for_stays(
    save: Callable[..., bytes], shrink: Shrink, pixels: Decode
) -> None:
    seen = pixels(shrink(save(_logo((255, 255, 255)), "PNG"), background="#ffffff"))
    assert seen.min() > 250


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_that_hides_everything_is_none(
    kind: str,
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Shrink,
    pixels: Decode,
) -> None:
    hidden = gradient.convert("RGBA")
    hidden.putalpha(0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    seen = pixels(shrink(save(hidden, kind, **options)))
    assert np.abs(seen - np.asarray(gradient).astype(int)).mean() < 4


@pytest.mark.parametrize("extra", [[0], None])
def test_a_fourth_sample_that_is_not_called_transparency_is_left_out(
    extra: list[int] | None, gradient: Image.Image, shrink: Shrink, pixels: Decode
) -> None:
    wanted = np.asarray(gradient)
    samples = np.concatenate([wanted, np.zeros((80, 120, 1), np.uint8)], axis=-1)
    tags = {338: (3, extra)} if extra is not None else None
    seen = pixels(shrink(samples_file(samples, 2, tags)))
    assert np.abs(seen - wanted.astype(int)).mean() < 4


def test_a_grey_with_a_second_band_stays_grey(shrink: Shrink, pixels: Decode) -> None:
    samples = np.stack([np.full((40, 60), 90), np.zeros((40, 60))], axis=-1).astype(np.uint8)
    seen = pixels(shrink(samples_file(samples, 1, {338: (3, [0])})))
    assert np.abs(seen - 90).max() < 3


def test_of_several_extra_bands_the_transparent_one_counts(shrink: Shrink, pixels: Decode) -> None:
    colours = np.full((40, 60, 3), (200, 30, 30), np.uint8)
    infra_red = np.zeros((40, 60, 1), np.uint8)
    opaque = np.full((40, 60, 1), 255, np.uint8)
    samples = np.concatenate([colours, infra_red, opaque], axis=-1)
    seen = pixels(shrink(samples_file(samples, 2, {338: (3, [0, 2])})))
    assert np.abs(seen - (200, 30, 30)).max() < 8
