"""A picture put together from its tiles is the picture, however it was turned."""

import io
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tierwise.images.decoders.heic_tiles import rows_of_tiles
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture


def tiled(picture: Image.Image, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture).save(buffer, tile_size=64, exif=exif.tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_tiles_make_the_picture(gradient: Image.Image, orientation: int, mode: str) -> None:
    data = tiled(gradient.resize((300, 200)).convert(mode), orientation)
    whole = pillow_heif.open_heif(data)
    assert whole.info["tiling"]["tile_width"] == 64
    together = np.concatenate(list(rows_of_tiles(data)))
    assert together.shape[:2] == whole.size[::-1]
    assert np.array_equal(together, np.atleast_3d(np.asarray(whole)) + np.zeros(3, np.uint8))


def test_damaged_tiles_are_an_error(gradient: Image.Image) -> None:
    data = tiled(gradient.resize((300, 200)))
    with pytest.raises(OSError, match="Decoding the input data"):
        list(rows_of_tiles(data[:-200] + bytes(200)))


def test_a_large_picture_is_decoded_by_tiles(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    picture = shrink(read("200MP.heic"), limits=Limits(decoded_bytes=100_000_000))
    assert (picture.width, picture.height) == (576, 768)
    assert (picture.original_width, picture.original_height) == (12240, 16320)
