"""What the samples of one page of a TIFF file are: which are colours, which is transparency."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.images.headers.tiff_directories import (
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    LEAST,
    LEAST_SAMPLE,
    MOST,
    MOST_SAMPLE,
    NO_DATA,
    PHOTOMETRIC,
    SAMPLES,
    Directory,
)

LOG_L = 32844
_GREY = {0, 1, LOG_L}
_CMYK, _PALETTE, _YCBCR = 5, 3, 6
_CODED_COLOURS = {6, 7, 50001}  # JPEG, old and new, and WebP
_ALPHA = {1, 2}  # values of ExtraSamples: associated and unassociated
_DECODED_BITS = {0, 1, 2, 4, 8, 16, 32}
# Pillow takes these in a single channel.
_DECODED_GREY = {12}


@dataclass(frozen=True, slots=True)
class TiffSamples:
    """`colours` come first, transparency, if any, is the channel `alpha` (from 0).

    `range` is what the tags say of the least and the greatest sample, `no_data` the value that GDAL
    says to stand for none.
    """

    colours: int
    alpha: int | None
    range: tuple[float, float] | None
    no_data: float | None
    photometric: int


def samples_of(directory: Directory) -> TiffSamples:
    """Read the tags of one page.

    Samples beyond the colours count only where ExtraSamples calls them transparency: others are
    infra-red, depth or selections of an editor.
    """
    photometric = directory.number(PHOTOMETRIC, 1)
    samples, extra = directory.number(SAMPLES, 1), directory.values(EXTRA_SAMPLES)
    colours = _colours(photometric, samples, len(extra))
    alpha = next((at for at, kind in enumerate(extra, colours) if kind in _ALPHA), None)
    return TiffSamples(colours, alpha, _range(directory), _no_data(directory), photometric)


def undecodable(directory: Directory) -> str:
    """What no decoder here takes of a page, in words; empty where there is nothing."""
    bits = {int(value) for value in directory.values(BITS)}
    if bits <= _DECODED_BITS or (bits <= _DECODED_GREY and directory.number(SAMPLES, 1) == 1):
        return ""
    return f"samples of {' and '.join(map(str, sorted(bits)))} bits"


def holds_ycbcr(directory: Directory) -> bool:
    """Tell whether samples are luma and colour differences that no codec turns into RGB."""
    coded = directory.number(COMPRESSION, 1) in _CODED_COLOURS
    return directory.number(PHOTOMETRIC, 1) == _YCBCR and not coded


def _colours(photometric: int, samples: int, extra: int) -> int:
    if photometric == _PALETTE:
        return 3
    if photometric == _CMYK:
        return 4
    if photometric not in _GREY:
        return min(3, samples)
    # Programs that know no better write RGB as three samples of grey.
    return 3 if samples - extra in {3, 4} else 1


def _range(directory: Directory) -> tuple[float, float] | None:
    for least, most in ((LEAST_SAMPLE, MOST_SAMPLE), (LEAST, MOST)):
        low, high = directory.values(least) or (0,), directory.values(most)
        bits = directory.number(BITS, 1)
        usual = (min(low), max(high, default=0)) == (0, (1 << bits) - 1)
        if high and max(high) > min(low) and not usual:
            return float(min(low)), float(max(high))
    return None


def _no_data(directory: Directory) -> float | None:
    try:
        return float(directory.text(NO_DATA))
    except ValueError:
        return None
