"""How much of a picture looks like lines of text.

Text is strokes of strong contrast on a quiet ground: in a small block most pixels are close to one
grey, a few are far from it, along each row the picture changes often between the two, and some
strokes stand upright over several pixels, as stems of letters do. Letters of which an "x" is less
than about 5 px high have no such stems left: they are too small to be read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS, _COLUMNS = 16, 32
_QUIET = 20
_STROKE = 70
_STEM = 5
_IN_A_LINE = 3
_SCALES = (1, 2, 4)


def text_blocks(grey: NDArray[np.uint8]) -> int:
    """Blocks of 32 x 16 px that look like part of a line of text, at the scale that shows most."""
    return max(_lines(_shrunk(grey, scale)) for scale in _SCALES)


def _shrunk(grey: NDArray[np.uint8], scale: int) -> NDArray[np.int16]:
    rows, columns = (side // scale * scale for side in grey.shape)
    cells = grey[:rows, :columns].reshape(rows // scale, scale, columns // scale, scale)
    shrunk: NDArray[np.int16] = cells.mean(axis=(1, 3)).astype(np.int16)
    return shrunk


def _lines(grey: NDArray[np.int16]) -> int:
    down, across = grey.shape[0] // _ROWS, grey.shape[1] // _COLUMNS
    if down == 0 or across < _IN_A_LINE:
        return 0
    grey = grey[: down * _ROWS, : across * _COLUMNS]
    blocks = grey.reshape(down, _ROWS, across, _COLUMNS).swapaxes(1, 2)
    ground = np.median(blocks.reshape(down, across, -1), axis=2)[:, :, None, None]
    apart = np.abs(blocks - ground)
    strokes = apart >= _STROKE
    inked = strokes.mean(axis=(2, 3))
    quiet = (apart <= _QUIET).mean(axis=(2, 3))
    along = np.count_nonzero(strokes[..., 1:] != strokes[..., :-1], axis=(2, 3))
    downward = np.count_nonzero(strokes[:, :, 1:] != strokes[:, :, :-1], axis=(2, 3))
    upright = [strokes[:, :, i : _ROWS - _STEM + 1 + i] for i in range(_STEM)]
    stems = np.count_nonzero(np.logical_and.reduce(upright), axis=(2, 3))
    busy = (along >= 40) & (downward >= 24) & (stems >= 6)
    like_text = (quiet > 0.5) & (inked > 0.03) & (inked < 0.4) & busy
    in_line = np.minimum.reduce(
        [like_text[:, i : across - _IN_A_LINE + 1 + i] for i in range(_IN_A_LINE)]
    )
    return int(np.count_nonzero(in_line))
