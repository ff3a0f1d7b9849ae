import io
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize, optimize_many
from tierwise.images.picture import Picture
from tierwise.records import ImageSettings

SIDES = st.integers(1, 400)


@cache
def _coded(width: int, height: int, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(buffer, kind)
    return buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(1, 300), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_aspect_is_kept_and_nothing_grows(width: int, height: int, side: int, kind: str) -> None:
    picture = optimize(
        _coded(width, height, kind),
        name="x",
        page=1,
        settings=ImageSettings(side),
        limits=Limits(),
    )
    assert (picture.original_width, picture.original_height) == (width, height)
    assert max(picture.width, picture.height) == min(side, max(width, height))
    scale = min(1, side / max(width, height))
    assert abs(picture.width - max(1, width * scale)) <= 1
    assert abs(picture.height - max(1, height * scale)) <= 1
    assert Image.open(io.BytesIO(picture.data)).size == (picture.width, picture.height)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(700, 1100),
    st.integers(700, 1100),
    st.integers(100, 300),
    st.sampled_from(["L", "RGB"]),
)
def test_odd_sizes_do_not_shift(width: int, height: int, side: int, mode: str) -> None:
    """A decoder that scales leaves part of a pixel at the edges; nothing may move by it."""
    columns = np.sin(np.arange(width) / width * 60) * 60
    rows = np.sin(np.arange(height) / height * 45) * 40
    stripes = Image.fromarray((columns[None] + rows[:, None] + 128).astype(np.uint8))
    if mode == "RGB":  # of one hue, because the JPEG halves the resolution of hues
        stripes = Image.merge("RGB", (stripes, stripes, stripes.point(lambda code: code + 20)))
    buffer = io.BytesIO()
    stripes.save(buffer, "JPEG", quality=95)
    picture = optimize(
        buffer.getvalue(), name="x", page=1, settings=ImageSettings(side, 95), limits=Limits()
    )
    want = np.asarray(
        stripes.resize((picture.width, picture.height), Image.Resampling.LANCZOS)
    ).astype(int)
    got = np.asarray(Image.open(io.BytesIO(picture.data))).astype(int)
    assert np.abs(got - want)[4:-4, 4:-4].mean() < 4


def test_many_settings_share_one_decode_and_agree(read: Callable[[str], bytes]) -> None:
    data = read("jolla.jpg")
    chosen = [ImageSettings(256), ImageSettings(768), ImageSettings(768, 40), ImageSettings(512)]
    together = optimize_many(data, name="jolla", page=1, settings=chosen, limits=Limits())
    assert [max(one.width, one.height) for one in together] == [256, 768, 768, 512]
    assert len(together[2].data) < len(together[1].data)
    for one, setting in zip(together, chosen, strict=True):
        alone = optimize(data, name="jolla", page=1, settings=setting, limits=Limits())
        left, right = (
            np.asarray(Image.open(io.BytesIO(picture.data))).astype(int) for picture in (one, alone)
        )
        assert np.abs(left - right).mean() < 2


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_output_format_and_quality(
    read: Callable[[str], bytes], shrink: Callable[..., Picture], output_format: str
) -> None:
    low, high = (
        shrink(read("flower.jpg"), max_side=300, output_format=output_format, quality=quality)
        for quality in (40, 90)
    )
    assert low.mime_type == f"image/{output_format}"
    assert Image.open(io.BytesIO(low.data)).format == output_format.upper()
    assert len(low.data) < len(high.data)
