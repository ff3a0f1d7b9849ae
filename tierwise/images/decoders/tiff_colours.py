"""A decoded page of a TIFF file with its colours alone, in 8 or 16 bits, as its tags have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvips

from tierwise.images.decoders.tones import Samples, ToldTones, eight_bits, tones_of
from tierwise.images.decoders.vips import with_profile
from tierwise.images.headers.tiff_samples import LOG_L, TiffSamples

# What libvips makes of these has all it takes to become sRGB.
_COMPLETE = {"xyz", "lab", "labs", "labq"}
_UNSIGNED = {"uchar", "ushort"}
_WHITE_IS_LOW = 0  # value of PhotometricInterpretation
# What libvips has inverted already, which would hide the range of the samples.
_INVERTED = {"ushort": 65_535, "uint": 4_294_967_295}
_TYPES: dict[str, type[np.generic]] = {
    "char": np.int8, "short": np.int16, "int": np.int32, "uint": np.uint32, "float": np.float32,
    "double": np.float64, "ushort": np.uint16, "uchar": np.uint8,
}  # fmt: skip
_ORDINARY = {1: "b-w", 3: "srgb", 4: "cmyk"}
_SIXTEEN_BITS = {1: "grey16", 3: "rgb16", 4: "cmyk"}


@dataclass(frozen=True, slots=True)
class Colours:
    """An image of the colours and the transparency; `tones` is how they were stretched."""

    image: Any
    tones: str = ""


def bytes_held(image: Any) -> int:
    """What has to be held at once: all of a picture that is to be stretched, else nothing."""
    if image.format in _UNSIGNED or image.interpretation in _COMPLETE:
        return 0
    samples = image.width * image.height * image.bands
    return int(samples * (np.dtype(_TYPES.get(image.format, np.float64)).itemsize + 2))


def white_is_low(image: Any, samples: TiffSamples) -> bool:
    """Whether what `colours_of` makes is a negative: libvips inverts 8 bits alone for good."""
    return samples.photometric == _WHITE_IS_LOW and image.format != "uchar"


def colours_of(image: Any, samples: TiffSamples) -> Colours:
    """Leave out what is neither colour nor transparency; stretch what has another range.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    if image.interpretation in _COMPLETE:
        return Colours(image)
    colours = min(samples.colours, image.bands)
    bands = list(range(colours))
    if samples.alpha is not None and samples.alpha < image.bands:
        bands.append(samples.alpha)
    if bands != list(range(image.bands)):
        chosen = image[bands[0]]
        image = chosen.bandjoin([image[band] for band in bands[1:]]) if bands[1:] else chosen
    if white_is_low(image, samples) and image.format in _INVERTED:
        most, kind = _INVERTED[image.format], image.format
        image = image.linear(-1, most).cast(kind)
    if image.format in _UNSIGNED and samples.photometric != LOG_L:
        names = _ORDINARY if image.format == "uchar" else _SIXTEEN_BITS
        return Colours(image.copy(interpretation=names.get(colours, image.interpretation)))
    return _stretched(image, colours, samples)


def _stretched(image: Any, colours: int, samples: TiffSamples) -> Colours:
    memory = np.frombuffer(image.write_to_memory(), dtype=_TYPES[image.format])
    found: Samples = memory.reshape(image.height, image.width, image.bands)
    if samples.photometric == LOG_L:
        found = _luminance(found)
    told = ToldTones(samples.range, samples.no_data)
    tones = tones_of(found[..., :colours], told)
    pixels = eight_bits(found[..., :colours], tones, told)
    if image.bands > colours:
        alpha = found[..., colours:]
        opaque = ToldTones((0, max(1.0, float(alpha.max()))))
        pixels = np.concatenate([pixels, eight_bits(alpha, tones_of(alpha, opaque), opaque)], -1)
    made = image.new_from_array(pixels, interpretation=_ORDINARY[colours])
    if image.get_typeof("icc-profile-data"):
        made = with_profile(made, bytes(image.get("icc-profile-data")))
    if image.get_typeof("orientation"):
        made = made.copy()
        made.set_type(pyvips.GValue.gint_type, "orientation", image.get("orientation"))
    return Colours(made, str(tones))


def _luminance(codes: Samples) -> Samples:
    """SGI's logarithm of luminance (LogL16), seen as sRGB sees light."""
    light = np.where(codes > 0, np.exp2((codes.astype(np.float32) + 0.5) / 256 - 64), 0)
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
