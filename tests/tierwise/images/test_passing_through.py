import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from PIL.JpegImagePlugin import JpegImageFile

from tierwise.images.encoder import encode, steps_at
from tierwise.images.headers.headers import read_header
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
    ],
)
def test_small_clean_pictures_are_untouched(
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
    kind: str,
    mime_type: str,
) -> None:
    data = save(gradient, kind)
    picture = shrink(data)
    assert picture.passed_through
    assert picture.data == data
    assert picture.mime_type == mime_type
    assert not picture.resized


def test_larger_than_asked_is_not_passed(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    assert not shrink(save(gradient, "JPEG"), max_side=119).passed_through


def _with_exif() -> dict[str, object]:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825)[1] = "N"
    return {"exif": exif}


def _with_text() -> dict[str, object]:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody")
    return {"pnginfo": info}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", _with_exif()),
        ("JPEG", {"comment": b"private"}),
        ("JPEG", {"xmp": b"<x:xmpmeta/>"}),
        ("PNG", _with_exif()),
        ("PNG", _with_text()),
        ("WEBP", _with_exif()),
        ("WEBP", {"xmp": b"<x:xmpmeta/>"}),
    ],
)
def test_metadata_is_never_passed(
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
    kind: str,
    options: dict[str, object],
) -> None:
    picture = shrink(save(gradient, kind, **options))
    assert not picture.passed_through
    again = Image.open(io.BytesIO(picture.data))
    assert not again.getexif()
    assert not {"comment", "xmp", "icc_profile", "exif"} & set(again.info)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_bytes_behind_the_end_are_not_passed(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture], kind: str
) -> None:
    assert not shrink(save(gradient, kind) + b"hidden notes").passed_through


def test_transparent_cmyk_and_deep_pictures_are_not_passed(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    half = gradient.convert("RGBA")
    half.putalpha(128)
    assert not shrink(save(half, "PNG")).passed_through
    assert not shrink(save(gradient.convert("CMYK"), "JPEG")).passed_through
    assert not shrink(save(Image.new("I;16", (9, 9), 5), "PNG")).passed_through


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("name", ["rocket.jpg", "flower.jpg"])  # Adobe RGB and sRGB
def test_no_profile_passes(
    name: str,
    kind: str,
    read: Callable[[str], bytes],
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
) -> None:
    profile = Image.open(io.BytesIO(read(name))).info["icc_profile"]
    assert not shrink(save(gradient, kind, icc_profile=profile)).passed_through


def _segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(body) + 2).to_bytes(2, "big") + body


_ADOBE = b"Adobe\x00\x64\x00\x00\x00\x00\x01"


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        (_segment(0xE0, b"JFXX\x00\x13" + bytes(200)), False),  # a thumbnail
        (_segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01abc"), False),
        (_segment(0xE0, b"OCAD 25 0 hidden"), False),
        (_segment(0xEE, _ADOBE), True),
        (_segment(0xEE, _ADOBE + b"hidden"), False),
        (_segment(0xEE, b"hidden notes"), False),
        (_segment(0xE5, b"hidden"), False),
        (_segment(0xFE, b"hidden"), False),
        (b"\xff\xff", False),
    ],
)
def test_only_plain_segments_of_a_jpeg_pass(
    body: bytes,
    passes: bool,
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
) -> None:
    data = save(gradient, "JPEG")
    picture = shrink(data[:20] + body + data[20:])
    assert picture.passed_through == passes
    assert b"hidden" not in picture.data


@pytest.mark.parametrize("progressive", [False, True])
def test_nothing_hides_between_scans(
    progressive: bool,
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
) -> None:
    data = save(gradient, "JPEG", progressive=progressive)
    assert shrink(data).passed_through
    at = data.rfind(b"\xff\xda") if progressive else len(data) - 2
    assert b"hidden" not in shrink(data[:at] + _segment(0xFE, b"hidden") + data[at:]).data


def test_a_photograph_as_png_travels_as_jpeg(
    read: Callable[[str], bytes], save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    photograph = Image.open(io.BytesIO(read("coffee.png"))).convert("RGB")
    data = save(photograph, "PNG")
    picture = shrink(data, max_side=912)
    assert not picture.passed_through
    assert len(picture.data) < len(data) / 4


@pytest.mark.parametrize("options", [{}, {"subsampling": "4:4:4"}, {"optimize": True}])
@pytest.mark.parametrize("quality", [40, 84, 85, 86, 92, 100])
def test_a_jpeg_passes_unless_coding_it_anew_saves_much(
    quality: int,
    options: dict[str, object],
    read: Callable[[str], bytes],
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
) -> None:
    photograph = Image.open(io.BytesIO(read("coffee.png"))).convert("RGB")
    data = save(photograph, "JPEG", quality=quality, **options)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    coded, _ = encode(pixels, output_format="jpeg", quality=85)
    passes = shrink(data, max_side=912).passed_through
    assert passes == (len(data) <= 2 * len(coded) + 16_384)
    assert passes or quality == 100


@pytest.mark.parametrize("quality", [1, 30, 85, 100])
def test_steps_are_those_of_the_finest_table(quality: int, save: Callable[..., bytes]) -> None:
    data = save(Image.new("RGB", (8, 8)), "JPEG", quality=quality)
    tables = JpegImageFile(io.BytesIO(data)).quantization
    header = read_header(data, name="a.jpg", limits=Limits())
    assert header.steps == min(sum(table) for table in tables.values()) == steps_at(quality)


def test_what_services_refuse_does_not_pass(
    save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1500, 1900, 3), dtype=np.uint8)
    data = save(Image.fromarray(noise), "PNG")
    assert len(data) > 7_000_000
    picture = shrink(data, max_side=2592, quality=100)
    assert not picture.passed_through
    assert len(picture.data) <= 7_000_000


def test_gps_does_not_leave_the_house(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    for name in ("DSCN0010.jpg", "jolla.jpg", "IMG_2682.heic"):
        try:
            data = read(name)
        except AssertionError:
            continue
        sent = shrink(data).data
        assert b"Exif" not in sent
        assert b"http://ns.adobe.com" not in sent
        assert not Image.open(io.BytesIO(sent)).getexif()
