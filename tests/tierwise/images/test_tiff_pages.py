from collections.abc import Callable

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from tests.tierwise.images.tiff_files import Tags, file_of, page
from tests.work import calls_of
from tierwise.images.headers.tiff_directories import directories
from tierwise.images.headers.tiff_pages import pages_of
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]

WHOLE, REDUCED, PAGE, MASK = 0, 1, 2, 4


def _grey(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width), level, np.uint8)


def _marked(level: int, kind: int, **size: int) -> tuple[Tags, bytes]:
    tags, strip = page(_grey(level, **size), 1, {254: (4, [kind])})
    return dict(tags), strip


def _pages(data: bytes) -> int:
    return inspect(data, name="a.tif", limits=Limits()).pages


def _levels(data: bytes, shrink: Shrink, pixels: Decode) -> list[int]:
    pages = range(1, _pages(data) + 1)
    return [int(pixels(shrink(data, page=number)).mean().round()) for number in pages]


@pytest.mark.parametrize("subifd", [False, True])
def test_a_pyramid_is_one_picture(
    subifd: bool, gradient: Image.Image, shrink: Shrink, pixels: Decode
) -> None:
    large = np.asarray(gradient.resize((1200, 800)))
    image = pyvips.Image.new_from_array(large)
    data = image.tiffsave_buffer(
        tile=True, pyramid=True, tile_width=128, tile_height=128, subifd=subifd
    )
    assert _pages(data) == 1
    picture = shrink(data)
    assert (picture.original_width, picture.original_height) == (1200, 800)


def test_a_pyramid_that_says_nothing_of_its_layers_is_one_picture(gradient: Image.Image) -> None:
    large = np.asarray(gradient.resize((1200, 800)))
    image = pyvips.Image.new_from_array(large)
    data = image.tiffsave_buffer(tile=True, pyramid=True, tile_width=128, tile_height=128)
    for kind in (b"\xfe\x00\x04\x00\x01\x00\x00\x00\x01\x00\x00\x00",):
        assert kind in data
        data = data.replace(kind, kind[:8] + b"\x00\x00\x00\x00")
    assert _pages(data) == 1


def test_a_slide_is_its_whole_picture_without_label_and_overview(
    read: Callable[[str], bytes], shrink: Shrink
) -> None:
    data = read("CMU-1-Small-Region.svs")
    assert _pages(data) == 1
    assert shrink(data).original_width == 2220


@pytest.mark.parametrize(
    ("kinds", "levels"),
    [
        ([WHOLE, REDUCED, MASK], [40]),
        ([REDUCED, WHOLE], [90]),
        ([PAGE, PAGE, PAGE], [40, 90, 140]),
        ([PAGE, REDUCED, PAGE], [40, 140]),
        ([PAGE, PAGE | REDUCED, MASK | PAGE], [40]),
        ([REDUCED], [40]),
        ([MASK], [40]),
        ([REDUCED, REDUCED], [40, 90]),
    ],
)
def test_tags_say_what_is_a_page(
    kinds: list[int], levels: list[int], shrink: Shrink, pixels: Decode
) -> None:
    data = file_of([_marked(40 + 50 * at, kind) for at, kind in enumerate(kinds)])
    assert _levels(data, shrink, pixels) == levels


def test_the_old_tag_counts_as_well(shrink: Shrink, pixels: Decode) -> None:
    pages = [page(_grey(40), 1, {255: (3, [1])}), page(_grey(90), 1, {255: (3, [2])})]
    assert _levels(file_of(pages), shrink, pixels) == [40]


def test_the_picture_may_lie_below_its_thumbnail(shrink: Shrink, pixels: Decode) -> None:
    data = file_of([_marked(40, REDUCED)], below=[_marked(90, WHOLE, width=200, height=150)])
    assert _levels(data, shrink, pixels) == [90]
    assert shrink(data).original_width == 200


@pytest.mark.parametrize("tiles", ["none", "of one size", "of many sizes"])
def test_many_pages_are_not_compared_each_with_all(tiles: str) -> None:
    many = 1000
    tags: list[Tags] = [
        {256: (4, [900 - n % 300 * (tiles == "of many sizes")])} for n in range(many)
    ]
    tiled: Tags = {} if tiles == "none" else {322: (4, [16])}
    data = file_of([({257: (4, [700]), **one, **tiled}, b"") for one in tags])
    chain = list(directories(data))
    assert len(pages_of(chain)) == many
    assert calls_of(lambda: pages_of(chain)) < 200 * many


@pytest.mark.parametrize(
    ("size", "pages"),
    [
        ((450, 350), 1),
        ((448, 352), 1),
        ((447, 350), 2),
        ((225, 175), 1),
        ((4, 3), 1),
        ((900, 350), 2),
    ],
)
def test_a_tiled_page_that_halves_another_is_its_copy(size: tuple[int, int], pages: int) -> None:
    found = [
        ({256: (4, [width]), 257: (4, [height]), 322: (4, [16])}, b"")
        for width, height in [(900, 700), size]
    ]
    assert len(pages_of(list(directories(file_of(found))))) == pages
