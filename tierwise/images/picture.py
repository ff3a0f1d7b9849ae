"""The answers of this room: what a file is, and what became of one image of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may hold pictures. `format` is lower-case, `pages` counts images from 1."""

    format: str
    pages: int


@dataclass(frozen=True, slots=True)
class Features:
    """What routing may want to know, computed from the pixels that are sent.

    `sharpness` is the mean absolute second difference of luma, in levels of 255; `text_texture`
    is the share of neighbouring pixels across a strong edge (more than 48 levels); `flat` the share
    that differ by at most 1 level; `dominant_colours` are up to four sRGB values as `#rrggbb`, most
    frequent first; `perceptual_hash` has 64 bits, close pictures differ in few. `fine_detail`
    (`tierwise.images.fine_detail`) is None unless it was asked for.
    """

    sharpness: float
    text_texture: float
    flat: float
    dominant_colours: tuple[str, ...]
    perceptual_hash: int
    fine_detail: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What is sent of one image, and where it came from.

    Sizes are px of the upright image; `original_width` and `original_height` of a PDF page are
    points, because it has no pixels of its own. `truncated` marks a file that ended early or was
    damaged and was taken nevertheless; `fallback` marks original bytes, sent because they could not
    be shrunk: their sizes are 0, their metadata is still in them, and they have no features.
    `preview` marks the picture that a raw photograph carries of itself; `tones` says how samples
    that are not 8 bit were stretched, `turned_by` that EXIF turned a HEIC file which does not.
    `thumbnail` is a small JPEG of it for people, empty where none was wanted.
    """

    data: bytes
    mime_type: str
    width: int
    height: int
    original_width: int
    original_height: int
    format: str
    original_bytes: int
    resized: bool
    passed_through: bool
    fallback: bool
    truncated: bool
    milliseconds: float
    features: Features | None
    preview: bool = False
    tones: str = ""
    turned_by: str = ""
    thumbnail: bytes = b""
