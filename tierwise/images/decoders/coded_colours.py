"""Colours of AVIF and HEIC files that name theirs by number (ITU H.273) in place of a profile.

Wide-gamut and HDR pictures look dull and grey when their values are taken for sRGB. Light up to
diffuse white (203 cd/m², ITU BT.2408) is kept, what is brighter rolls off below white.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tierwise.images.raster import Raster

_Floats = NDArray[np.float32]

_WHITE_NITS = 203.0
_KNEE = 0.75
_PQ, _HLG = 16, 18
_TO_SRGB = {
    9: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    12: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0196, -0.0786, 1.0979]],
}
_STEPS = 4096


def coded_colours(data: bytes) -> tuple[int, int]:
    """Return colour primaries and transfer of the first `nclx` box; (1, 13), sRGB, without one."""
    at = data.find(b"colrnclx", 0, 1_000_000)
    if at < 0 or at + 12 > len(data):
        return 1, 13
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return primaries, transfer


def from_coded(raster: Raster, primaries: int, transfer: int) -> Raster:
    """Convert to sRGB; pictures that need no change come back as they are."""
    if primaries not in _TO_SRGB and transfer not in {_PQ, _HLG}:
        return raster
    light = _light(transfer)[raster.pixels]
    if light.shape[2] == 1:
        light = np.repeat(light, 3, axis=2)
    if primaries in _TO_SRGB:
        light = light @ np.array(_TO_SRGB[primaries], dtype=np.float32).T
    if transfer in {_PQ, _HLG}:
        light = _rolled_off(light)
    steps = (np.clip(light, 0, 1) * (_STEPS - 1) + 0.5).astype(np.uint16)
    return replace(raster, pixels=_srgb_codes()[steps], altered=True)


def _light(transfer: int) -> _Floats:
    """Return linear light for each of 256 codes, 1.0 at diffuse white."""
    code = np.linspace(0, 1, 256)
    if transfer == _PQ:  # SMPTE ST 2084
        power = code ** (1 / 78.84375)
        base = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
        light = 10_000 / _WHITE_NITS * base ** (1 / 0.1593017578125)
    elif transfer == _HLG:  # ITU BT.2100, for a display of 1,000 cd/m²
        bright = (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
        light = 1000 / _WHITE_NITS * np.where(code <= 0.5, code**2 / 3, bright) ** 1.2
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def _rolled_off(light: _Floats) -> _Floats:
    """Bend what is brighter than the knee below white, by the brightest channel: hues stay."""
    brightest = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    room = np.float32(1 - _KNEE)
    bent = _KNEE + room * (1 - np.exp(-(brightest - _KNEE) / room))
    return light * np.where(brightest > _KNEE, bent / brightest, np.float32(1))


def _srgb_codes() -> NDArray[np.uint8]:
    light = np.linspace(0, 1, _STEPS)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)
