"""A picture that is not wholly decoded is never taken for one."""

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from bench.damage.files import makers, photo
from bench.damage.measure import UNNOTICED, outcomes
from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason

SEED, SIDE = 16, 300
KINDS = dict(makers())
# Their coding has no checksum, and nothing in it depends on what came before: a hole is black.
HOLES_UNSEEN = (
    {name for name in KINDS if name.startswith(("BMP", "AVIF", "HEIC"))}
    | {"PDF of a fax", "PDF of a palette"}
    | {"TIFF raw", "TIFF tiles none", "TIFF zstd"}
)
CHECKED = {name for name in KINDS if name.startswith("PNG")} | {
    "TIFF lzma", "TIFF tiff_adobe_deflate", "TIFF big", "TIFF tiles deflate", "TIFF pyramid",
    "TIFF tiff_ccitt", "TIFF group4",
}  # fmt: skip


@lru_cache(maxsize=1)
def unnoticed(name: str) -> set[str]:
    return {kind for kind, outcome in outcomes(KINDS[name](), SEED, SIDE) if outcome == UNNOTICED}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_noticed(name: str) -> None:
    found = unnoticed(name)
    assert "cut" not in found
    if name not in HOLES_UNSEEN:
        assert "zeroed" not in found
    if name in CHECKED:
        assert "flipped" not in found


@pytest.mark.parametrize("name", ["JPEG baseline", "TIFF tiles deflate", "PNG", "GIF"])
def test_what_there_is_is_taken_where_that_is_accepted(
    name: str, shrink: Callable[..., Picture]
) -> None:
    data = KINDS[name]()
    cut = data[: len(data) * 2 // 3]
    hole = data[: len(data) // 2] + bytes(2_000) + data[len(data) // 2 + 2_000 :]
    for damaged in (cut, hole):
        with pytest.raises(ImageError) as caught:
            shrink(damaged)
        assert caught.value.reason is Reason.UNREADABLE
        try:
            picture = shrink(damaged, limits=Limits(accept_truncated=True))
        except ImageError:
            continue  # nothing of it can be decoded
        assert picture.truncated
    assert not shrink(data, limits=Limits(accept_truncated=True)).truncated


def _jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    photo().save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


def test_a_jpeg_that_lost_data_and_has_an_end_mark_is_damaged(
    shrink: Callable[..., Picture],
) -> None:
    whole = _jpeg()
    half = whole[: len(whole) // 2]
    for damaged in (half + b"\xff\xd9", half + whole, half + whole[-3_000:]):
        for side in (300, 60):
            with pytest.raises(ImageError, match="JPEG that is damaged: "):
                shrink(damaged, max_side=side)


@pytest.mark.parametrize("side", [300, 60])
def test_harmless_oddities_of_a_jpeg_are_no_damage(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], np.ndarray], side: int
) -> None:
    whole = _jpeg()
    scan = whole.index(b"\xff\xda")
    strays = whole[:2] + b"\xff\xe0\x00\x10JFIF\x00\x03\x02" + bytes(7) + whole[20:]
    odd = {
        "bytes between segments": whole[:20] + b"\x01\x02\x03" + whole[20:],
        "an unknown version": strays,
        "a baseline scan with empty parameters": whole[: scan + 11] + bytes(3) + whole[scan + 14 :],
        "an unknown transform": whole[:20]
        + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x09"
        + whole[20:],
        "filling before the end": whole[:-2] + bytes(700) + whole[-2:],
        "something behind the end": whole + b"junk" * 100,
    }
    expected = pixels(shrink(whole, max_side=side))
    for what, data in odd.items():
        assert np.array_equal(pixels(shrink(data, max_side=side)), expected), what
        half = data[: len(data) // 2] + b"\xff\xd9"
        with pytest.raises(ImageError):
            shrink(half, max_side=side)


def test_codings_that_one_library_lacks_are_read_by_the_other(
    shrink: Callable[..., Picture], pixels: Callable[[Picture], np.ndarray]
) -> None:
    expected = pixels(shrink(KINDS["TIFF tiff_lzw"](), max_side=300))
    for name in ("TIFF zstd", "TIFF lzma", "TIFF tiles deflate"):
        assert np.abs(pixels(shrink(KINDS[name](), max_side=300)) - expected).max() <= 8, name


def test_tiles_of_a_coding_that_nobody_reads_are_unreadable(shrink: Callable[..., Picture]) -> None:
    data = bytearray(KINDS["TIFF tiles deflate"]())
    at = data.index(b"\x03\x01\x03\x00\x01\x00\x00\x00\x08\x00")
    for coding in (34712, 33003, 50002, 34925):
        data[at + 8 : at + 10] = coding.to_bytes(2, "little")
        with pytest.raises(ImageError) as caught:
            shrink(bytes(data))
        assert caught.value.reason is Reason.UNREADABLE


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_holes_in_plain_samples_are_seen_and_black_bars_are_none(
    shrink: Callable[..., Picture], save: Callable[..., bytes], kind: str
) -> None:
    data = save(photo(), kind)
    for row in (20, 60, 160):
        start = len(data) * row // photo().height - 400
        with pytest.raises(ImageError, match="a stretch of it is lost"):
            shrink(data[:start] + bytes(3_000) + data[start + 3_000 :])
    barred = photo().copy()
    for box in ((0, 200, *barred.size), (200, 0, 260, 120), (0, 90, 50, 150)):
        barred.paste((0, 0, 0), box)
    assert shrink(save(barred, kind)).width


def test_real_pictures_are_whole(shrink: Callable[..., Picture], archive: list[Path]) -> None:
    marked = []
    for path in archive:
        try:
            shrink(path.read_bytes(), name=path.name)
        except ImageError:
            marked.append(path.name)
    # This one lost a stretch in its middle, as its name says.
    assert marked == ["corrupted.jpg"]
