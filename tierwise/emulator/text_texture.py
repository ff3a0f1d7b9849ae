"""How much of a picture looks like lines of text.

Text is strokes of strong contrast on a quiet ground: in a small block most pixels are close to one
grey, a few are far from it, along each row the picture changes often between the two, and some
strokes stand upright over several pixels, as stems of letters do. Letters of which an "x" is less
than about 5 px high have no such stems left: they are too small to be read, though they may still
look like writing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ROWS, _COLUMNS = 16, 32
_PIXELS = _ROWS * _COLUMNS
_QUIET = 20
_STROKE, _FAINT_STROKE = 70, 40
_STEM = 5
_IN_A_LINE = 3
_SCALES = (1, 2, 4)

Grey = NDArray[np.uint8]
Marks = NDArray[np.bool_]


def text_blocks(grey: Image.Image) -> int:
    """Blocks of 32 x 16 px that look like part of a line of text, at the scale that shows most."""
    scales = (scale for scale in _SCALES if min(grey.size) >= scale * _ROWS)
    return max((_lines(np.asarray(grey.reduce(scale))) for scale in scales), default=0)


def faint_blocks(grey: Image.Image) -> int:
    """Blocks that look like part of a line of writing, too small to be read or not."""
    apart = _apart(np.asarray(grey))
    if apart is None:
        return 0
    strokes = apart >= _FAINT_STROKE
    inked, quiet = _share(strokes), _share(apart <= _QUIET)
    able = (quiet > 0.3) & (inked > 0.03) & (inked < 0.4)
    along, downward = _changes(strokes[able])
    like_writing = np.zeros(able.shape, dtype=bool)
    like_writing[able] = (along >= 40) & (downward >= 16)
    return _in_lines(like_writing)


def _lines(grey: Grey) -> int:
    apart = _apart(grey)
    if apart is None:
        return 0
    strokes = apart >= _STROKE
    inked, quiet = _share(strokes), _share(apart <= _QUIET)
    along, downward = _changes(strokes)
    upright = [strokes[..., i : _ROWS - _STEM + 1 + i, :] for i in range(_STEM)]
    stems = np.count_nonzero(np.logical_and.reduce(upright), axis=(-2, -1))
    busy = (along >= 40) & (downward >= 24) & (stems >= 6)
    return _in_lines((quiet > 0.5) & (inked > 0.03) & (inked < 0.4) & busy)


def _apart(grey: Grey) -> NDArray[np.int16] | None:
    """By block, how far each pixel is from the ground; None where no line has room."""
    down, across = grey.shape[0] // _ROWS, grey.shape[1] // _COLUMNS
    if down == 0 or across < _IN_A_LINE:
        return None
    grey = grey[: down * _ROWS, : across * _COLUMNS]
    blocks = grey.reshape(down, _ROWS, across, _COLUMNS).swapaxes(1, 2).astype(np.int16)
    # Every fourth pixel tells the ground as well as all of them, in a quarter of the time.
    ground = np.median(blocks[:, :, ::2, ::2].reshape(down, across, -1), axis=2)
    return np.asarray(np.abs(blocks - ground.astype(np.int16)[:, :, None, None]))


def _share(pixels: Marks) -> NDArray[np.float64]:
    return np.asarray(np.count_nonzero(pixels, axis=(-2, -1)) / _PIXELS)


def _changes(strokes: Marks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How often each block changes between ink and ground along its rows, and down its columns."""
    along = np.count_nonzero(strokes[..., 1:] != strokes[..., :-1], axis=(-2, -1))
    downward = np.count_nonzero(strokes[..., 1:, :] != strokes[..., :-1, :], axis=(-2, -1))
    return np.asarray(along), np.asarray(downward)


def _in_lines(like_text: Marks) -> int:
    """Blocks that begin a row of some that look alike."""
    across = like_text.shape[1]
    in_line = np.minimum.reduce(
        [like_text[:, i : across - _IN_A_LINE + 1 + i] for i in range(_IN_A_LINE)]
    )
    return int(np.count_nonzero(in_line))
