"""Photoshop files: the composite is the picture, whatever else lies in them."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.records import Reason

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]


def _psd(
    samples: np.ndarray,
    *,
    mode: int = 3,
    version: int = 1,
    layers: int = 0,
    composite: bool | None = None,
) -> bytes:
    """A file of raw planes; `composite` is what its version info says, None says nothing."""
    height, width, channels = samples.shape
    bits = samples.dtype.itemsize * 8
    head = b"8BPS" + struct.pack(">H6xHIIHH", version, channels, height, width, bits, mode)
    resources = b""
    if composite is not None:
        info = struct.pack(">I?I", 1, composite, 0) + bytes(8)
        resources = (
            b"8BIM" + struct.pack(">HHI", 1057, 0, len(info)) + info + b"\0" * (len(info) % 2)
        )
    section = struct.pack(">Ih", 2, layers) if layers else b""
    sections = bytes(4) + struct.pack(">I", len(resources)) + resources
    planes = np.moveaxis(samples, -1, 0).astype(samples.dtype.newbyteorder(">")).tobytes()
    return head + sections + struct.pack(">I", len(section)) + section + b"\0\0" + planes


@pytest.mark.parametrize("composite", [True, None])
def test_the_composite_is_the_picture(
    composite: bool | None, gradient: Image.Image, shrink: Shrink, pixels: Decode
) -> None:
    wanted = np.asarray(gradient)
    picture = shrink(_psd(wanted, composite=composite))
    assert (picture.format, picture.original_width) == ("psd", 120)
    assert np.abs(pixels(picture) - wanted.astype(int)).mean() < 4


@pytest.mark.parametrize(("layers", "hidden"), [(1, False), (-1, True)])
def test_a_selection_is_no_transparency(
    layers: int, hidden: bool, gradient: Image.Image, shrink: Shrink, pixels: Decode
) -> None:
    wanted = np.asarray(gradient)
    fourth = np.zeros((80, 120, 1), np.uint8)
    fourth[:, 60:] = 255
    samples = np.concatenate([wanted, fourth], axis=-1)
    seen = pixels(shrink(_psd(samples, layers=layers)))
    assert (np.abs(seen[:, :50] - wanted[:, :50].astype(int)).mean() > 40) == hidden


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (_psd(np.zeros((8, 8, 3), np.uint8), composite=False), "without its composite"),
        (_psd(np.zeros((8, 8, 3), np.uint16)), "16 bits"),
        (_psd(np.zeros((8, 8, 3), np.uint8), version=2), "version 2"),
    ],
)
def test_what_has_no_composite_is_refused(data: bytes, problem: str, shrink: Shrink) -> None:
    with pytest.raises(ImageError, match=problem) as caught:
        shrink(data, name="a.psd")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_a_file_that_ends_early_is_unreadable(gradient: Image.Image, shrink: Shrink) -> None:
    data = _psd(np.asarray(gradient))
    for length in (20, 33, len(data) // 2, len(data) - 1):
        with pytest.raises(ImageError) as caught:
            shrink(data[:length])
        assert caught.value.reason is Reason.UNREADABLE
