import io
from collections.abc import Callable

import pytest
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason


def test_pixels_are_bounded_before_decoding(
    shrink: Callable[..., Picture], save: Callable[..., bytes]
) -> None:
    data = save(Image.new("L", (300, 200)), "PNG")
    with pytest.raises(ImageError) as caught:
        shrink(data, name="big.png", limits=Limits(pixels=59_999))
    assert caught.value.reason is Reason.TOO_LARGE
    for part in ("big.png", "300 × 200", "60,000", "59,999"):
        assert part in caught.value.message
    assert shrink(data, limits=Limits(pixels=60_000)).width == 300


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "GIF", "JPEG2000", "AVIF", "WEBP", "JPEG"])
def test_every_decoder_minds_the_limit(
    save: Callable[..., bytes], shrink: Callable[..., Picture], kind: str
) -> None:
    with pytest.raises(ImageError) as caught:
        shrink(save(Image.new("RGB", (300, 200)), kind), limits=Limits(pixels=10_000))
    assert caught.value.reason is Reason.TOO_LARGE


def test_bombs_are_too_large(read: Callable[[str], bytes]) -> None:
    for name in ("65536-uint32-limit.png", "reallybig.bmp", "Bad_width.bmp"):
        with pytest.raises(ImageError) as caught:
            inspect(read(name), name=name, limits=Limits())
        assert caught.value.reason is Reason.TOO_LARGE


def test_decoded_bytes_are_bounded(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    with pytest.raises(ImageError, match="the limit is 50,000,000") as caught:
        shrink(read("200MP.heic"), limits=Limits(decoded_bytes=50_000_000))
    assert caught.value.reason is Reason.TOO_LARGE


def test_truncated_files_are_refused_unless_accepted(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    for name in ("BlueSquare_truncated.jpg", "truncated_image.png"):
        with pytest.raises(ImageError) as caught:
            shrink(read(name), name=name)
        assert caught.value.reason is Reason.UNREADABLE
        picture = shrink(read(name), name=name, limits=Limits(accept_truncated=True))
        assert picture.truncated


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"])
def test_half_a_file_is_never_a_picture(
    read: Callable[[str], bytes],
    save: Callable[..., bytes],
    shrink: Callable[..., Picture],
    kind: str,
) -> None:
    whole = save(Image.open(io.BytesIO(read("coffee.png"))).convert("RGB"), kind)
    with pytest.raises(ImageError) as caught:
        shrink(whole[: len(whole) // 2], name="half")
    assert caught.value.reason is Reason.UNREADABLE


def test_twelve_bit_jpeg_is_refused_clearly(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    data = bytearray(save(gradient, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ImageError, match=r"deep\.jpg: 12-bit JPEG") as caught:
        shrink(bytes(data), name="deep.jpg")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_fallback_sends_the_original_and_says_so(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    data = read("BlueSquare_truncated.jpg")
    picture = shrink(data, fallback_original=True)
    assert picture.fallback
    assert picture.data == data
    assert picture.mime_type == "image/jpeg"
    assert picture.features is None
    with pytest.raises(ImageError):
        shrink(read("badbitcount.bmp"), fallback_original=True)  # Gemini takes no BMP
    with pytest.raises(ImageError):
        shrink(b"", fallback_original=True)
