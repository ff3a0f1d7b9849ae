"""What a file is and how many images it holds, without decoding them."""

from __future__ import annotations

from tierwise.errors import ImageError
from tierwise.images.decoders.frames import FrameChoice, chosen_frames
from tierwise.images.headers.header import Header
from tierwise.images.headers.headers import read_header
from tierwise.images.isolated.isolation import ask_helper
from tierwise.images.isolated.messages import Request
from tierwise.images.limits import Limits
from tierwise.images.long_cuts import cuts_of
from tierwise.images.picture import Source
from tierwise.records import Reason, is_cut

_ANIMATED = {"gif", "webp", "png"}


def inspect(data: bytes, *, name: str, limits: Limits, frames: FrameChoice = "first") -> Source:
    """Recognise a file and count its images.

    Pages of PDF and TIFF count each; an animation counts as one unless `frames` asks for more.
    Cheap: headers only, except that PDF and AVIF sequences are opened in a helper process.

    Raises:
        ImageError: `unreadable`, `unsupported_format` or `too_large`; it names the file, what was
            found and the limit.
    """
    header = read_header(data, name=name, limits=limits)
    pages = _pages(data, header, name, limits, frames)
    if pages > limits.pages:
        raise ImageError(
            Reason.TOO_LARGE,
            f"{name}: {header.format.upper()} with {pages:,}{_or_more(header)} pages, the limit is "
            f"{limits.pages:,}. Split the file, or raise --max_pages.",
        )
    return Source(header.file_format, pages)


def _pages(data: bytes, header: Header, name: str, limits: Limits, frames: FrameChoice) -> int:
    if header.format == "pdf":
        return _counted(data, name, limits)
    if header.format == "tiff":
        return len(cuts_of(header, frames)) or header.frames
    if frames == "first" or is_cut(frames):
        return len(cuts_of(header, frames)) or 1
    if header.format in _ANIMATED:
        return len(chosen_frames(frames, header.frames))
    if header.format == "avif":
        return len(chosen_frames(frames, _counted(data, name, limits)))
    return 1


def _counted(data: bytes, name: str, limits: Limits) -> int:
    reply = ask_helper(Request(data, name, 1, (), limits))
    if isinstance(reply, ImageError):
        raise reply
    if not isinstance(reply, int):
        raise TypeError(f"asked to count the pages of {name}, the helper sent pictures")
    return reply


def _or_more(header: Header) -> str:
    return " or more" if header.format == "tiff" else ""
