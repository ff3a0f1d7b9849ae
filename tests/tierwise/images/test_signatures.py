from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import ImageError
from tierwise.images.headers.signatures import signature, supported_format
from tierwise.records import Reason


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("IMG_2682-heic.jpg", "heic"),
        ("hopper-avif.png", "avif"),
        ("hopper-psd.jpg", "psd"),
        ("chelsea-zip.png", "zip"),
        ("realshort-mp4.jpg", "mp4"),
        ("page-box-pdf.png", "pdf"),
        ("world.jp2", "jp2"),
        ("CMU-1-Small-Region.svs", "tiff"),
        ("chi-gif.webp", "gif"),
        ("Core_8_Bit.bmp", "bmp"),
        ("readme-text.png", None),
    ],
)
def test_bytes_decide_not_names(read: Callable[[str], bytes], name: str, found: str | None) -> None:
    assert signature(read(name)) == found


def test_wrong_extension_is_named(read: Callable[[str], bytes]) -> None:
    with pytest.raises(ImageError) as caught:
        supported_format(read("chelsea-zip.png"), "in/chelsea-zip.png")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    for part in ("in/chelsea-zip.png", "zip", ".png", "jpeg"):
        assert part in caught.value.message


def test_empty_file_is_unreadable() -> None:
    with pytest.raises(ImageError, match=r"zero.jpg: the file is empty") as caught:
        supported_format(b"", "zero.jpg")
    assert caught.value.reason is Reason.UNREADABLE


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.xyz", "a"])
def test_an_unknown_signature_is_an_unsupported_format_whatever_the_name(name: str) -> None:
    with pytest.raises(ImageError, match="no known signature") as caught:
        supported_format(b"hello", name)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    found = signature(data)
    assert found is None or found == found.lower()
