"""Distinct photographs of 12 MP, about 2 MB each: a few real ones, each with a number of its own.

The number stands in a comment of the file, so that hashes differ and the work of decoding does not.
Every third has Display P3, the others sRGB or no profile.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from bench.images.pictures import read

_WIDE = ("Ultra_HDR_Samples_Originals_01.jpg", "Ultra_HDR_Samples_Originals_05.jpg")
_SIZE = (4080, 3072)
_QUALITY = 88
# Parts of each photograph, enlarged to the whole: 0, 1, 2, 3 tenths off each side.
_CUTS = (0.0, 0.1, 0.2, 0.3)


def make_photographs(folder: Path, count: int) -> None:
    """Fill a folder with this many; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [n for n in range(count) if not (folder / f"{n:06d}.jpg").exists()]
    originals = _originals() if missing else []
    for number in missing:
        path = folder / f"{number:06d}.jpg"
        half = path.with_suffix(".part")
        half.write_bytes(_numbered(originals[number % len(originals)], number))
        half.replace(path)


def _originals() -> list[bytes]:
    """Two without a profile for each with Display P3, which the phones that took them wrote."""
    found = []
    for cut in _CUTS:
        for name in _WIDE:
            photo = Image.open(io.BytesIO(read(name)))
            wide = photo.info["icc_profile"]
            x, y = (round(side * cut / 2) for side in photo.size)
            part = photo.convert("RGB").crop((x, y, photo.width - x, photo.height - y))
            part = part.resize(_SIZE, Image.Resampling.LANCZOS)
            mirrored = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            upside = part.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            found += [_coded(part, wide), _coded(mirrored, b""), _coded(upside, b"")]
    return found


def _coded(photo: Image.Image, profile: bytes) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=_QUALITY, icc_profile=profile)
    return buffer.getvalue()


def _numbered(data: bytes, number: int) -> bytes:
    comment = b"%012d" % number
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
