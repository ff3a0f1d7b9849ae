"""Many distinct photographs of 12 MP in a folder, made of the few of the archive."""

from __future__ import annotations

from pathlib import Path

from bench.images.pictures import read, without_profile

_PHOTOS = ("Ultra_HDR_Samples_Originals_01.jpg", "Ultra_HDR_Samples_Originals_05.jpg")
_COMMENT = b"\xff\xfe"


def make_photographs(folder: Path, count: int) -> None:
    """Fill a folder with this many; one of three has a Display P3 profile.

    A comment of its own makes each another content, at no cost to decode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wide = [read(name) for name in _PHOTOS]
    plain = [without_profile(data) for data in wide]
    for number in range(count):
        photo = (wide if number % 3 == 0 else plain)[number // 3 % len(_PHOTOS)]
        text = f"photograph {number:06d}".encode()
        segment = _COMMENT + (len(text) + 2).to_bytes(2, "big") + text
        (folder / f"{number:06d}.jpg").write_bytes(photo[:2] + segment + photo[2:])
