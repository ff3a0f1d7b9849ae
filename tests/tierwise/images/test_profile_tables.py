import io
import struct
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageCms

from tierwise.images.decoders.colour import to_srgb
from tierwise.images.decoders.profile_tables import by_tables, tables_of
from tierwise.images.raster import Pixels


def _profile(data: bytes) -> bytes:
    profile: bytes = Image.open(io.BytesIO(data)).info["icc_profile"]
    return profile


def _by_lcms(pixels: Pixels, profile: bytes) -> Pixels:
    converted = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.asarray(converted)


@pytest.mark.parametrize(
    "name",
    [
        "Ultra_HDR_Samples_Originals_01.jpg",  # Display P3
        "rocket.jpg",  # Adobe RGB
        "rgb-to-gbr-test.png",  # channels in another order
    ],
)
def test_tables_repeat_what_lcms_does(read: Callable[[str], bytes], name: str) -> None:
    profile = _profile(read(name))
    tables = tables_of(profile)
    assert tables is not None
    colours = np.random.default_rng(7).integers(0, 256, (130, 301, 3), dtype=np.uint8)
    off = np.abs(by_tables(colours, tables).astype(int) - _by_lcms(colours, profile))
    assert off.max() <= 3
    assert off.mean() < 0.2


def _profile_that_does_not_add_up() -> bytes:
    """Eight corners of the colour cube in Lab, lightness straight between them."""
    header = bytearray(128)
    header[8:24] = b"\x02\x10\x00\x00mntrRGB Lab "
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)  # D50
    identity = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    ramp = bytes(range(256)) * 3
    corners = bytes(
        code
        for red, green, blue in product((0, 1), repeat=3)
        for code in ((red * 60 + green * 150 + blue * 45), 128 + red * 60 - green * 60, 128)
    )
    table = b"mft1" + bytes(4) + bytes((3, 3, 2, 0)) + identity + ramp + corners + ramp
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    profile = bytes(header) + tags + table
    return struct.pack(">I", len(profile)) + profile[4:]


def test_profiles_that_do_not_add_up_are_left_to_lcms() -> None:
    profile = _profile_that_does_not_add_up()
    assert tables_of(profile) is None
    colours = np.random.default_rng(7).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    off = np.abs(to_srgb(colours, profile).astype(int) - _by_lcms(colours, profile))
    assert off.mean() < 1


def test_any_size_is_converted_whole(read: Callable[[str], bytes]) -> None:
    tables = tables_of(_profile(read("rocket.jpg")))
    assert tables is not None
    for height, width in ((1, 1), (3, 20_000), (20_000, 1)):
        grey = np.full((height, width, 3), 128, dtype=np.uint8)
        assert (np.abs(by_tables(grey, tables).astype(int) - 128) <= 3).all()
