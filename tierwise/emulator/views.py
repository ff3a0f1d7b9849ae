"""What the emulator has of a picture: a look at it, or at each image of a contact sheet.

A sheet has one media resolution. Each image on it is seen with its part of the pixels that this
affords for the whole canvas, so the more there are, the less of each is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tierwise.contact_sheets import Grid, Layout
from tierwise.emulator.looks import Look
from tierwise.emulator.request import SentPicture
from tierwise.emulator.seeing import LookAt
from tierwise.emulator.sight import Seen, see, see_at_full_size
from tierwise.models import Model
from tierwise.tiers import worth_sending

SheetCell = tuple[int, int, int, int]

# Darker than paper: the thin frame around a picture, and whatever is in it.
_DARK = 160


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """One picture of a request, in px as sent, and a look for each image on it."""

    width: int
    height: int
    looks: tuple[Look, ...]


def view_of(picture: SentPicture, model: Model, look_at: LookAt) -> SeenPicture:
    """Look at a picture, or at each image of a sheet.

    Raises:
      Refusal: 400, the bytes are not a picture, or are a broken one.
    """
    if picture.grid is None:
        seen = see(picture.data, model, picture.media_resolution)
        look = replace(look_at(seen), picture=picture.sha256)
        return SeenPicture(seen.width, seen.height, (look,))
    sheet = see_at_full_size(picture.data)
    affords = max(worth_sending(model.name, picture.media_resolution, *sheet.size))
    share = affords / max(sheet.size)
    boxes = list(_boxes(sheet, picture.grid))[: len(picture.numbers)]
    looks = (
        replace(look_at(_seen(sheet.crop(box), share)), picture=f"{picture.sha256} {place}")
        for place, box in enumerate(boxes)
    )
    return SeenPicture(*sheet.size, tuple(looks))


def _boxes(sheet: Image.Image, grid: Grid) -> Iterator[SheetCell]:
    """Where the pictures are: from the top left of each cell to the frame that ends them."""
    dark = np.asarray(sheet.convert("L")) < _DARK
    layout = Layout(grid, max(1, sheet.width // grid.columns), max(1, sheet.height // grid.rows))
    for index in range(grid.columns * grid.rows):
        left, top = layout.corner(index)
        column, row = index % grid.columns, index // grid.columns
        right, bottom = (column + 1) * layout.cell_width, (row + 1) * layout.cell_height
        cell = dark[top:bottom, left:right]
        columns, rows = np.flatnonzero(cell.any(axis=0)), np.flatnonzero(cell.any(axis=1))
        if columns.size and columns[-1] and rows[-1]:
            right, bottom = left + int(columns[-1]), top + int(rows[-1])
        # Of a sheet with cells too small for a picture, something is seen nevertheless.
        yield left, top, max(right, left + 1), max(bottom, top + 1)


def _seen(picture: Image.Image, share: float) -> Seen:
    size = picture.size
    if share < 1:
        small = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
        picture = picture.resize(small, Image.Resampling.LANCZOS)
    return Seen(*size, np.asarray(picture, dtype=np.uint8))
