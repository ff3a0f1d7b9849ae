"""A file on its way to a decoder, and which view of it is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tierwise.errors import ImageError
from tierwise.images.headers.header import Header, check_size
from tierwise.images.headers.headers import read_header
from tierwise.images.headers.signatures import signature_named
from tierwise.images.limits import Limits
from tierwise.records import ImageSettings, Reason
from tierwise.sizes import sent_size

_OUT_OF_MEMORY = re.compile(r"out of memory|memory alloc|alloc\w* memory|bad_alloc", re.IGNORECASE)


class DamagedError(ImageError):
    """A decoder that knows this coding found data that no writer makes: no other need be asked."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file, what its header says, its name for messages, and what it may cost.

    Of a raw photograph `data` is its preview; the whole file has `file_bytes`.
    While `limits.accept_truncated`, decoders give what they can of a damaged file; else they raise.
    """

    data: bytes
    header: Header
    name: str
    limits: Limits
    file_bytes: int = 0

    def check_size(self, width: int, height: int, *, held: int) -> None:
        """Refuse a page of this many px that is too large, or holds too many bytes.

        Raises:
            ImageError: `too_large`, or `unreadable` for an empty picture.
        """
        check_size(width, height, held=held, name=self.name, limits=self.limits)

    def unreadable(self, problem: BaseException | str) -> ImageError:
        """Build the error for a decoder that gave up, with its own first line."""
        text = problem if isinstance(problem, str) else _first_line(problem)
        found = signature_named(self.header.file_format, self.name)
        if _OUT_OF_MEMORY.search(text):
            return ImageError(
                Reason.TOO_LARGE,
                f"{self.name}: {found} that needs more memory to decode than the limit of "
                f"{self.limits.decoded_bytes:,} bytes: {text}. Shrink the file or raise the limit.",
            )
        return ImageError(
            Reason.UNREADABLE, f"{self.name}: {found} that cannot be decoded: {text}."
        )

    def damaged(self, problem: str) -> DamagedError:
        """Build the error for a decoder that saw what is wrong, in its own words."""
        found = signature_named(self.header.format, self.name)
        text = problem.strip().rstrip(".")
        return DamagedError(Reason.UNREADABLE, f"{self.name}: {found} that is damaged: {text}.")

    def cut_off(self) -> ImageError:
        """Build the error for a file that ends before what it announces."""
        found = signature_named(self.header.format, self.name)
        return ImageError(
            Reason.UNREADABLE,
            f"{self.name}: {found} that is cut off after {len(self.data):,} bytes. "
            "Upload it again, or accept damaged files.",
        )


def opened(data: bytes, *, name: str, limits: Limits) -> Original:
    """Read the header, and keep what decoders need.

    Raises:
        ImageError: as `read_header`.
    """
    header = read_header(data, name=name, limits=limits)
    shown = data[slice(*header.place)] if header.place else data
    return Original(shown, header, name, limits, len(data))


@dataclass(frozen=True, slots=True)
class WantedView:
    """One page or frame, counted from 0, over `background` (`#rrggbb`, empty for a fitting one).

    It is decoded as large as the largest of `wanted` has it.
    """

    frame: int
    wanted: tuple[ImageSettings, ...]
    background: str = ""

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size in px to decode a picture of `width` x `height` px to; never larger."""
        return max(sent_size(settings, width, height) for settings in self.wanted)


def _first_line(error: BaseException) -> str:
    """Return the telling line: libvips writes several, often the same; Pillow names objects."""
    text = str(getattr(error, "detail", "")) or str(error)
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    if not lines or "unable to " in lines[0] or " object at 0x" in lines[0]:
        return "the decoder does not recognise its structure"
    return lines[0][:200]
