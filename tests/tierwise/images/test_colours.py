import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tierwise.images.decoders.coded_colours import from_coded
from tierwise.images.picture import Picture
from tierwise.images.raster import Raster


def _srgb(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    target = ImageCms.createProfile("sRGB")
    small = image.convert("CMYK" if image.mode == "CMYK" else "RGB").reduce(4)
    out = ImageCms.profileToProfile(
        small,
        source,
        target,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert out is not None
    return np.asarray(out).astype(int)


@pytest.mark.parametrize(
    "name",
    [
        "Ultra_HDR_Samples_Originals_01.jpg",  # Display P3
        "rocket.jpg",  # Adobe RGB
        "sideways_bench.jpg",  # channels in another order
        "sample.jpg",  # A98
        "cmyk-icc.jpg",  # SWOP
    ],
)
def test_embedded_profiles_are_applied(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    name: str,
) -> None:
    data = read(name)
    want = _srgb(data)
    got = pixels(shrink(data, max_side=2000))
    if name == "sideways_bench.jpg":  # orientation 5
        want = want.transpose(1, 0, 2)
    assert np.abs(want.mean(axis=(0, 1)) - got.mean(axis=(0, 1))).max() < 5


def test_display_p3_swatch_ends_at_its_srgb_colour(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    profile = Image.open(io.BytesIO(read("Ultra_HDR_Samples_Originals_01.jpg"))).info["icc_profile"]
    # Display P3 (200, 100, 50) is sRGB (216, 94, 30), from the primaries of SMPTE RP 431-2.
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 100, 50)).save(buffer, "PNG", icc_profile=profile)
    seen = pixels(shrink(buffer.getvalue(), max_side=32))[16, 16]
    assert np.abs(seen - [216, 94, 30]).max() <= 3


def test_channel_swapping_profile_is_not_mistaken_for_srgb(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    picture = pixels(shrink(read("rgb-to-gbr-test.png"), max_side=100))
    assert picture[10, 50, 0] > 200 > 100 > picture[10, 50, 2]  # red is written in red, on top


@pytest.mark.parametrize(
    "name", ["Channel_digital_image_CMYK_color_no_profile.jpg", "video-001.cmyk.jpeg"]
)
def test_cmyk_without_profile_is_no_negative(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    name: str,
) -> None:
    seen = pixels(shrink(read(name), max_side=64)).mean()
    want = np.asarray(Image.open(io.BytesIO(read(name))).convert("RGB")).mean()
    assert abs(seen - want) < 40


def test_lab_tiff_is_a_portrait_not_a_code(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    lab = pixels(shrink(read("hopper.Lab.tif")))
    rgb = pixels(shrink(read("hopper.bmp")))
    assert np.abs(lab - rgb).mean() < 8


def test_sixteen_bits_are_scaled_not_clipped(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], NDArray[np.int_]]
) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64, dtype=np.uint16), (64, 1))
    buffer = io.BytesIO()
    Image.fromarray(ramp).save(buffer, "PNG")
    row = pixels(shrink(buffer.getvalue()))[32, :, 0]
    assert np.abs(row - np.linspace(0, 255, 64)).max() < 6


@pytest.mark.parametrize("name", ["gradient_lsb_16bperchannel.tif", "video-001-16bit.tiff"])
def test_sixteen_bit_tiff_keeps_its_range(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    name: str,
) -> None:
    seen = pixels(shrink(read(name)))
    assert seen.max() > 150
    assert len(np.unique(seen)) > 50


def test_transparency_shows_the_background(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], NDArray[np.int_]]
) -> None:
    buffer = io.BytesIO()
    shown = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    shown.paste((255, 0, 0, 255), (12, 12, 20, 20))
    shown.save(buffer, "PNG")
    assert np.abs(pixels(shrink(buffer.getvalue()))[5, 5] - 255).max() < 20
    blue = pixels(shrink(buffer.getvalue(), background="#0000ff"))[5, 5]
    assert np.abs(blue - [0, 0, 255]).max() < 20


@pytest.mark.parametrize(
    "name", ["paletted-transparent.png", "transparent.gif", "tux.lossless.webp"]
)
def test_real_transparency_lies_over_white(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
    name: str,
) -> None:
    assert (pixels(shrink(read(name)))[:4, :4] > 245).all()


def test_grey_stays_grey_and_colourless_rgb_becomes_grey(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    scan = shrink(read("459.jpg"))
    assert Image.open(io.BytesIO(scan.data)).mode == "L"
    buffer = io.BytesIO()
    Image.new("RGB", (900, 30), (90, 90, 90)).save(buffer, "PNG")
    assert Image.open(io.BytesIO(shrink(buffer.getvalue()).data)).mode == "L"


def test_numbered_wide_gamut_equals_the_same_profile() -> None:
    swatch = np.full((4, 4, 3), (200, 100, 50), dtype=np.uint8)
    seen = from_coded(Raster(swatch, 4, 4), 12, 13).pixels[0, 0].astype(int)
    assert np.abs(seen - [216, 94, 30]).max() <= 3
    plain = Raster(swatch, 4, 4)
    assert from_coded(plain, 1, 13) is plain


@pytest.mark.parametrize(("transfer", "white"), [(16, 148), (18, 191)])
def test_hdr_white_is_bright_and_order_is_kept(transfer: int, white: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    seen = from_coded(Raster(ramp, 256, 1), 9, transfer).pixels[0, :, 0].astype(int)
    assert (np.diff(seen) >= 0).all()
    assert 235 <= seen[white] <= 250  # diffuse white: 58 % of PQ, 75 % of HLG (ITU BT.2408)


def test_hdr_avif_is_no_longer_dull(
    read: Callable[[str], bytes],
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    assert np.percentile(pixels(shrink(read("10bit-HDR-P3-nclx.avif"))), 98) > 200
