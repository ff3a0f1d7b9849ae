"""What a file says about its picture before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.errors import ImageError
from tierwise.images.headers.signatures import signature_named
from tierwise.images.headers.tiff_pages import TiffPage
from tierwise.images.limits import Limits
from tierwise.records import Reason


@dataclass(frozen=True, slots=True)
class Header:
    """Facts read in pure Python; sizes are stored px, before orientation, 0 when unknown.

    `clean` means no metadata and no second picture, but for segments of JPEG (`plain_jpeg`).
    `held_bytes` is what decoding may hold at once. `scan_at` is where the picture data of a JPEG
    file begin, `steps` the sum of its finest quantization table, 0 when unknown. `scalable` means
    that the decoder can scale. `trusted` means that the calling thread may decode it: a much tested
    decoder, an ordinary header, bounded time and memory. `cut_off` means that the file ends before
    what it announces. `pages` are those of a TIFF file. Of a raw photograph, all this tells of the
    preview at `place` in a file of the format `container`.
    """

    format: str
    width: int = 0
    height: int = 0
    orientation: int = 1
    profile: bytes = b""
    channels: int = 3
    bits: int = 8
    frames: int = 1
    clean: bool = False
    held_bytes: int = 0
    scan_at: int = 0
    steps: int = 0
    scalable: bool = True
    trusted: bool = False
    cut_off: bool = False
    pages: tuple[TiffPage, ...] = ()
    container: str = ""
    place: tuple[int, int] | None = None

    @property
    def file_format(self) -> str:
        """The format of the file, in the rows of tables."""
        return self.container or self.format

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in px once the orientation is applied."""
        size = (self.width, self.height)
        return size[::-1] if self.orientation >= 5 else size


def broken(name: str, found: str, what: str) -> ImageError:
    """Build the error for a file of format `found` whose structure does not hold."""
    seen = signature_named(found, name)
    return ImageError(Reason.UNREADABLE, f"{name}: {seen} that cannot be read: {what}.")


def check_size(width: int, height: int, *, held: int, name: str, limits: Limits) -> None:
    """Refuse a picture that is too large to decode.

    `held` is the number of bytes that decoding holds at once.

    Raises:
        ImageError: `too_large`, naming size and limit; `unreadable` for an empty picture.
    """
    if width < 1 or height < 1:
        raise ImageError(
            Reason.UNREADABLE, f"{name}: the header says {width} × {height} px; nothing to see."
        )
    if width * height > limits.pixels:
        raise ImageError(
            Reason.TOO_LARGE,
            f"{name}: {width} × {height} px are {width * height:,} pixels, the limit is "
            f"{limits.pixels:,}. Shrink the file or raise the limit.",
        )
    if held > limits.decoded_bytes:
        raise ImageError(
            Reason.TOO_LARGE,
            f"{name}: {width} × {height} px would hold {held:,} bytes while decoding, the limit is "
            f"{limits.decoded_bytes:,}. Shrink the file or raise the limit.",
        )
