"""Whose fault it is that processes end over pictures: the pictures', or the machine's.

What a decoder crashes of lies in the picture. A process that is killed, which kernels do where
memory is short, or that ends by itself, may have held the one picture that is too much for this
machine. Where that happens often, a plain picture tells: if one comes back, the machine is well.
"""

from __future__ import annotations

import io
import signal
from functools import lru_cache

from PIL import Image

from tierwise.errors import ImageError, MachineError
from tierwise.records import ImageSettings, Reason

_CRASHES = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP),
}
# Pictures that may end processes in any case, and one more for so many that come back.
_FEW, _ONE_IN = 3, 100
_NAMED = 10
PLAIN_SETTINGS = ImageSettings(1024)
# As many pixels as most cameras' pictures have.
_PLAIN_SIZE = (6000, 4000)


def crashed(status: int) -> bool:
    """Whether a decoder crashed, by the exit status of its process; negative for a signal."""
    return -status in _CRASHES


@lru_cache(maxsize=1)
def plain_picture() -> bytes:
    """A picture that any machine can decode that is fit for photographs: PNG, 24 megapixels."""
    sink = io.BytesIO()
    Image.new("RGB", _PLAIN_SIZE).save(sink, "PNG", compress_level=1)
    return sink.getvalue()


class Blame:
    """Counts all pictures of a process that come back, wherever they are decoded, and those lost.

    Not locked: a lost count in a million changes nothing.
    """

    def __init__(self) -> None:
        self._ended = self._came_back = 0
        self._last = list[str]()
        self._what = ""

    def came_back(self) -> None:
        """Something came of a picture, if only a refusal."""
        self._came_back += 1

    def of(self, name: str, status: int) -> ImageError:
        """The failure of a picture over which a process has ended that had no other.

        If it did not crash, a second one has ended as well; then see whether it is `doubtful`.
        """
        what = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        if crashed(status):
            message = f"{name}: the decoder crashed on this file ({what})."
            return ImageError(Reason.UNREADABLE, message)
        self._ended += 1
        self._last, self._what = [*self._last, name][-_NAMED:], what
        message = (
            f"{name}: the process that decoded it was ended ({what}), and a second one too. Most "
            "often this picture takes more memory than there is. Another run tries it again."
        )
        return ImageError(Reason.UNREADABLE, message)

    @property
    def doubtful(self) -> bool:
        """Whether so many are lost that a plain picture has to tell if it is the machine."""
        return self._ended > _FEW + self._came_back / _ONE_IN

    def of_machine(self) -> MachineError:
        """What to raise where a plain picture did not come back either."""
        return MachineError(
            f"processes that decode pictures are ended on this machine ({self._what}): of "
            f"{self._ended + self._came_back:,} pictures {self._ended:,} did not come back, and "
            "then a plain one did not either that was tried for comparison. The last of them: "
            f"{', '.join(self._last)}. Most often memory is short, and the system's log says so: "
            "give it more. What was paid is in the journal. Then run the same command again"
        )
