"""Files that are small and want much: each ends soon, and within its memory."""

import io
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.headers.headers import read_header
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason


def pdf(content: bytes, *, kids: str = "3 0 R", count: int = 1, filters: str = "") -> bytes:
    """A PDF of hand-written objects; readers build the missing table of them themselves."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>".encode(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 60 80]/Contents 4 0 R>>",
        f"<</Length {len(content)}{filters}>>stream\n".encode() + content + b"\nendstream",
    ]
    parts = [b"%d 0 obj\n%s\nendobj\n" % (n, text) for n, text in enumerate(objects, start=1)]
    return b"%PDF-1.7\n" + b"".join(parts) + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"


def test_what_needs_more_than_a_little_memory_gets_it_alone(shrink: Callable[..., Picture]) -> None:
    data = pdf(zlib.compress(b" " * 150_000_000, 1), filters="/Filter/FlateDecode")
    assert shrink(data).height == 768
    with pytest.raises(ImageError) as caught:
        shrink(data, name="bomb.pdf", limits=Limits(decoded_bytes=10_000_000))
    assert caught.value.message.startswith("bomb.pdf: ")


@pytest.mark.parametrize(("kids", "count"), [("3 0 R", 900), ("3 0 R 2 0 R", 2)])
def test_pages_that_do_not_exist_are_none(kids: str, count: int) -> None:
    data = pdf(b"0 0 m 9 9 l S", kids=kids, count=count)
    assert inspect(data, name="a.pdf", limits=Limits()).pages == 1


def test_several_scans_are_held_whole(gradient: Image.Image, save: Callable[..., bytes]) -> None:
    """The header of a file whose components come one after another, also without progression."""
    plain = save(gradient, "JPEG", subsampling=2)
    start = plain.index(b"\xff\xda")
    apart = bytearray(plain)
    apart[start + 4] = 1
    for data, held in (
        (plain, 0),
        (bytes(apart), 120 * 80 * 3),
        (save(gradient, "JPEG", subsampling=2, progressive=True), 120 * 80 * 3),
        (save(gradient, "JPEG", subsampling=0, progressive=True), 120 * 80 * 6),
    ):
        assert read_header(data, name="a", limits=Limits()).held_bytes == held


@pytest.mark.parametrize(
    "stuffing",
    [b"\xff" * 3_000_000, b"\xff\x00" * 1_000_000, b"\xff\xe5\x00\x02" * 1_000_000],
    ids=["fill", "stray", "segments"],
)
def test_stuffed_headers_are_read_soon_and_never_passed_on(
    gradient: Image.Image, save: Callable[..., bytes], stuffing: bytes
) -> None:
    plain = save(gradient, "JPEG")
    data = plain[:2] + stuffing + plain[2:]
    try:
        header = read_header(data, name="a", limits=Limits())
    except ImageError as error:
        assert error.reason is Reason.UNREADABLE
    else:
        assert (header.width, header.height) == gradient.size


def test_a_small_picture_in_a_bulky_file_is_coded_again(
    gradient: Image.Image, save: Callable[..., bytes], shrink: Callable[..., Picture]
) -> None:
    plain = save(gradient, "JPEG")
    stuffed = shrink(plain[:2] + b"\xff" * 200_000 + plain[2:])
    assert not stuffed.passed_through
    assert len(stuffed.data) < 20_000


def test_large_cmyk_is_scaled_while_it_is_decoded(shrink: Callable[..., Picture]) -> None:
    columns = np.linspace(0, 255, 3000, dtype=np.uint8)
    plane = np.broadcast_to(columns, (2000, 3000))
    cmyk = Image.merge("CMYK", [Image.fromarray(plane)] + [Image.new("L", (3000, 2000))] * 3)
    buffer = io.BytesIO()
    cmyk.save(buffer, "JPEG")
    picture = shrink(buffer.getvalue(), max_side=300)
    assert (picture.width, picture.height) == (300, 200)
    assert (picture.original_width, picture.original_height) == (3000, 2000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "AVIF"])
def test_headers_cut_anywhere_are_read_or_refused(
    gradient: Image.Image, save: Callable[..., bytes], kind: str
) -> None:
    data = save(gradient, kind)
    for length in range(min(len(data), 2000)):
        with suppress(ImageError):
            read_header(data[:length], name="a", limits=Limits())
