import io
from collections.abc import Callable

import pytest
from PIL import Image, PngImagePlugin

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


def test_srgb_profile_passes_and_others_do_not(
    read: Callable[[str], bytes],
    gradient: Image.Image,
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
) -> None:
    srgb = Image.open(io.BytesIO(read("rocket.jpg"))).info["icc_profile"]
    adobe = Image.open(io.BytesIO(read("flower.jpg"))).info["icc_profile"]
    assert shrink(save(gradient, "PNG", icc_profile=adobe)).passed_through
    assert not shrink(save(gradient, "PNG", icc_profile=srgb)).passed_through


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
