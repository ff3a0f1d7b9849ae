import io
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.decoders.frames import chosen_frames
from tierwise.images.headers.headers import read_header
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason

SHADES = (0, 60, 120, 180, 240)


@pytest.fixture(params=["GIF", "WEBP", "PNG", "AVIF"])
def animation(request: pytest.FixtureRequest, save: Callable[..., bytes]) -> bytes:
    first, *others = [Image.new("RGB", (40, 30), (shade,) * 3) for shade in SHADES]
    options = {"lossless": True} if request.param == "WEBP" else {}
    return save(first, request.param, save_all=True, append_images=others, duration=50, **options)


def test_animations_give_the_frames_that_are_asked_for(
    animation: bytes, shrink: Callable[..., Picture], pixels: Callable[[Picture], NDArray[np.int_]]
) -> None:
    assert inspect(animation, name="a", limits=Limits()).pages == 1
    assert abs(pixels(shrink(animation)).mean() - SHADES[0]) < 4
    assert abs(pixels(shrink(animation, frames="middle")).mean() - SHADES[2]) < 4
    assert inspect(animation, name="a", limits=Limits(), frames=3).pages == 3
    seen = [pixels(shrink(animation, frames=3, page=page)).mean() for page in (1, 2, 3)]
    assert np.abs(np.array(seen) - [SHADES[0], SHADES[1], SHADES[3]]).max() < 4
    with pytest.raises(ImageError, match="page 4"):
        shrink(animation, frames=3, page=4)


def test_frames_are_spaced_evenly() -> None:
    assert chosen_frames(4, 100) == [0, 25, 50, 75]
    assert chosen_frames(9, 3) == [0, 1, 2]
    with pytest.raises(ValueError, match="frames is 0"):
        chosen_frames(0, 3)


def test_every_tiff_page_is_an_image(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    data = read("g4-multi.tiff")
    assert inspect(data, name="g4-multi.tiff", limits=Limits()).pages == 3
    for page in (1, 2, 3):
        picture = shrink(data, page=page)
        assert (picture.original_width, picture.original_height) == (3307, 4677)
        assert picture.height == 768


@pytest.mark.parametrize(
    ("orientation", "size"),
    [(1, (70, 30)), (3, (70, 30)), (6, (30, 70)), (0, (70, 30)), (99, (70, 30))],
)
@pytest.mark.parametrize("form", ["TIFF", "BigTIFF"])
def test_a_tiff_says_how_large_its_first_page_is(
    form: str, orientation: int, size: tuple[int, int], save: Callable[..., bytes]
) -> None:
    pages = [Image.new("RGB", (70, 30)), Image.new("RGB", (10, 90))]
    data = save(
        pages[0],
        "TIFF",
        save_all=True,
        append_images=pages[1:],
        tiffinfo={274: orientation},
        big_tiff=form == "BigTIFF",
    )
    header = read_header(data, name="a.tif", limits=Limits())
    assert (header.upright_size, header.frames) == (size, 2)


def test_pdf_pages_are_rendered_at_the_size_wanted(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    data = read("page-box.pdf")
    assert inspect(data, name="page-box.pdf", limits=Limits()).pages == 1
    for side in (256, 1024):
        picture = shrink(data, max_side=side)
        assert max(picture.width, picture.height) == side
    with pytest.raises(ImageError, match="page 2 does not exist"):
        shrink(data, page=2)


def test_too_many_pages_are_refused(read: Callable[[str], bytes]) -> None:
    with pytest.raises(ImageError, match="the limit is 2") as caught:
        inspect(read("g4-multi.tiff"), name="g4.tiff", limits=Limits(pages=2))
    assert caught.value.reason is Reason.TOO_LARGE


def test_stereo_pair_shows_its_first_picture(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    source = inspect(read("frozenpond.mpo"), name="frozenpond.mpo", limits=Limits())
    assert (source.format, source.pages) == ("mpo", 1)
    picture = shrink(read("frozenpond.mpo"))
    assert Image.open(io.BytesIO(picture.data)).format == "JPEG"


def test_gain_map_makes_no_stereo_pair(read: Callable[[str], bytes]) -> None:
    name = "Ultra_HDR_Samples_Originals_01.jpg"
    assert inspect(read(name), name=name, limits=Limits()).format == "jpeg"


def _heic(picture: Image.Image, orientation: int, *, told: bool) -> bytes:
    """A HEIC file, whose boxes say which way is up, or only its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture).save(buffer, quality=95, exif=exif.tobytes())
    data = buffer.getvalue()
    return data if told else data.replace(b"irot", b"free").replace(b"imir", b"free")


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("orientation", [1, 2, 3, 6, 8])
def test_a_heic_file_is_turned_once(
    orientation: int,
    told: bool,
    gradient: Image.Image,
    shrink: Callable[..., Picture],
    pixels: Callable[[Picture], NDArray[np.int_]],
) -> None:
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180}
    back |= {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = gradient.transpose(back[orientation]) if orientation > 1 else gradient
    picture = shrink(_heic(stored, orientation, told=told))
    assert (picture.original_width, picture.original_height) == gradient.size
    assert np.abs(pixels(picture) - np.asarray(gradient).astype(int)).mean() < 8
    assert picture.turned_by == ("" if told or orientation == 1 else "exif")
