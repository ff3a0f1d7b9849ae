"""One picture in every format and compression that the libraries at hand can write."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import numpy as np
import pillow_heif
import pyvips
from numpy.typing import NDArray
from PIL import Image

import tierwise.images  # noqa: F401, before pyvips: it quietens it

pillow_heif.register_heif_opener()

Maker = Callable[[], bytes]
_SIZE = (317, 241)


@lru_cache(maxsize=1)
def photo() -> Image.Image:
    """Slopes, discs and grain: nothing in it is constant, as in a photograph."""
    chance = np.random.default_rng(7)
    rows, columns = np.mgrid[0 : _SIZE[1], 0 : _SIZE[0]]
    planes = np.stack([columns * 0.7, 230 - rows * 0.8, (columns + rows) * 0.4], axis=-1) + 10
    for _ in range(25):
        x, y, radius = chance.integers(_SIZE[0]), chance.integers(_SIZE[1]), chance.integers(8, 40)
        disc = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
        planes[disc] = chance.integers(20, 235, 3)
    planes += chance.normal(0, 6, planes.shape)
    return Image.fromarray(np.clip(planes, 0, 255).astype(np.uint8))


def makers() -> Iterator[tuple[str, Maker]]:
    """Name and maker of each kind of file."""
    yield from _by_pillow()
    yield from _tiffs_by_pillow()
    yield from _by_vips()
    yield "BMP RLE8", _run_length_bitmap


def _by_pillow() -> Iterator[tuple[str, Maker]]:
    save, grey = _saved, photo().convert("L")
    yield "JPEG baseline", partial(save, photo(), "JPEG", quality=85)
    yield "JPEG 4:4:4", partial(save, photo(), "JPEG", quality=90, subsampling=0)
    yield "JPEG grey", partial(save, grey, "JPEG", quality=85)
    yield "JPEG restart marks", partial(save, photo(), "JPEG", quality=85, restart_marker_blocks=16)
    yield "JPEG progressive", partial(save, photo(), "JPEG", quality=85, progressive=True)
    yield "JPEG CMYK", partial(save, photo().convert("CMYK"), "JPEG", quality=85)
    yield "MPO", partial(save, photo(), "MPO", save_all=True, append_images=[grey.convert("RGB")])
    yield "PNG", partial(save, photo(), "PNG")
    yield "PNG palette", partial(save, photo().quantize(64), "PNG")
    yield "PNG 1 bit", partial(save, photo().convert("1"), "PNG")
    yield "PNG animated", partial(save, photo(), "PNG", save_all=True, append_images=[_other()])
    yield "WebP lossy", partial(save, photo(), "WEBP", quality=80)
    yield "WebP lossless", partial(save, photo(), "WEBP", lossless=True)
    yield "WebP transparent", partial(save, _transparent(), "WEBP", quality=80)
    yield (
        "WebP animated",
        partial(save, photo(), "WEBP", save_all=True, append_images=[_other()], quality=80),
    )
    yield "GIF", partial(save, photo().quantize(128), "GIF")
    yield (
        "GIF animated",
        partial(save, photo().quantize(128), "GIF", save_all=True, append_images=[_other()]),
    )
    yield "BMP 24 bit", partial(save, photo(), "BMP")
    yield "BMP 8 bit", partial(save, photo().quantize(128), "BMP")
    yield "JPEG 2000 lossless", partial(save, photo(), "JPEG2000")
    yield (
        "JPEG 2000 lossy",
        partial(save, photo(), "JPEG2000", irreversible=True, quality_layers=[20]),
    )
    yield "JPEG 2000 tiles", partial(save, photo(), "JPEG2000", tile_size=(128, 128))
    yield "JPEG 2000 codestream", partial(save, photo(), "JPEG2000", no_jp2=True)
    yield "AVIF", partial(save, photo(), "AVIF", quality=70)
    yield "AVIF animated", partial(save, photo(), "AVIF", save_all=True, append_images=[_other()])
    yield "HEIC", partial(save, photo(), "HEIF", quality=80)
    yield "PDF of a JPEG", partial(save, photo(), "PDF", quality=85)
    yield "PDF of a fax", partial(save, photo().convert("1"), "PDF")
    yield "PDF of a palette", partial(save, photo().quantize(128), "PDF")


def _tiffs_by_pillow() -> Iterator[tuple[str, Maker]]:
    fax, colours = photo().convert("1"), photo()
    for name in ("raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits", "lzma", "zstd"):
        yield f"TIFF {name}", partial(_saved, colours, "TIFF", compression=name)
    yield (
        "TIFF two pages",
        partial(
            _saved, colours, "TIFF", save_all=True, append_images=[_other()], compression="tiff_lzw"
        ),
    )
    for name in ("tiff_ccitt", "group3", "group4"):
        yield f"TIFF {name}", partial(_saved, fax, "TIFF", compression=name)


def _by_vips() -> Iterator[tuple[str, Maker]]:
    for name in ("none", "jpeg", "deflate", "packbits", "lzw", "webp"):
        yield f"TIFF tiles {name}", partial(_tiff_by_vips, compression=name, tile=True)
    yield "TIFF tiles fax", partial(_tiff_by_vips, compression="ccittfax4", tile=True, bitdepth=1)
    yield "TIFF big", partial(_tiff_by_vips, compression="deflate", bigtiff=True)
    yield "TIFF predictor", partial(_tiff_by_vips, compression="lzw", predictor="horizontal")
    yield "TIFF pyramid", partial(_tiff_by_vips, compression="deflate", tile=True, pyramid=True)
    yield "PNG interlaced", lambda: bytes(_vips().pngsave_buffer(interlace=True))
    yield (
        "PNG 16 bit",
        lambda: bytes((_vips().cast("ushort") * 257).cast("ushort").pngsave_buffer()),
    )
    yield "GIF by vips", lambda: bytes(_vips().gifsave_buffer(interlace=True))


def _vips() -> pyvips.Image:
    return pyvips.Image.new_from_array(np.asarray(photo()), interpretation="srgb")


def _tiff_by_vips(**options: object) -> bytes:
    image = _vips()
    if "bitdepth" in options:
        image = image.colourspace("b-w")
    if options.get("tile"):
        options |= {"tile_width": 64, "tile_height": 64}
    return bytes(image.tiffsave_buffer(**options))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _other() -> Image.Image:
    return photo().rotate(180)


def _transparent() -> Image.Image:
    image = photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(_SIZE))
    return image


def _run_length_bitmap() -> bytes:
    """A bitmap of runs, which Pillow reads but does not write."""
    image = photo().quantize(16)
    packed = b"".join(_runs(row) + b"\0\0" for row in np.asarray(image)[::-1]) + b"\0\1"
    colours = bytes(image.getpalette() or [])[:48].ljust(48, b"\0")
    palette = b"".join(colours[at : at + 3][::-1] + b"\0" for at in range(0, 48, 3))
    start = 14 + 40 + len(palette)
    head = struct.pack("<2sIII", b"BM", start + len(packed), 0, start)
    info = struct.pack("<IIIHHIIIIII", 40, *_SIZE, 1, 8, 1, len(packed), 2835, 2835, 16, 16)
    return head + info + palette + packed


def _runs(row: NDArray[np.uint8]) -> bytes:
    starts = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    return b"".join(
        bytes((min(255, end - at), int(row[start])))
        for start, end in itertools.pairwise(starts)
        for at in range(start, end, 255)
    )
