"""Whose fault it is that processes end over pictures: the pictures', or the machine's.

What a decoder crashes of lies in the picture. A process that is killed, which kernels do where
memory is short, or that ends by itself, may have held the one picture that is too much for this
machine, and then most others come back. Where they do not, no picture is to blame.
"""

from __future__ import annotations

import signal

from tierwise.errors import ImageError, MachineError
from tierwise.records import Reason

_CRASHES = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP),
}
# Pictures that may end processes in any case, and one more for so many that come back.
_FEW, _ONE_IN = 3, 100


def crashed(status: int) -> bool:
    """Whether a decoder crashed, by the exit status of its process; negative for a signal."""
    return -status in _CRASHES


class Blame:
    """Counts what comes back and what does not, for all processes that one starts."""

    def __init__(self) -> None:
        self._ended = self._came_back = 0

    def came_back(self) -> None:
        """Something came of a picture, if only a refusal."""
        self._came_back += 1

    def of(self, name: str, status: int) -> ImageError:
        """The failure of a picture over which a process has ended that had no other.

        If it did not crash, a second one has ended as well.

        Raises:
            MachineError: that happens to too many pictures.
        """
        what = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        if crashed(status):
            message = f"{name}: the decoder crashed on this file ({what})."
            return ImageError(Reason.UNREADABLE, message)
        self._ended += 1
        if self._ended > _FEW + self._came_back / _ONE_IN:
            message = (
                f"processes that decode pictures are ended on this machine ({what}): of "
                f"{self._ended + self._came_back:,} pictures {self._ended:,} did not come back, "
                f"the last of them {name}. Most often memory is short, and the system's log says "
                "so: give it more. What was paid is in the journal. Then run the same command again"
            )
            raise MachineError(message)
        message = (
            f"{name}: the process that decoded it was ended ({what}), and a second one too. Most "
            "often this picture takes more memory than there is. Another run tries it again."
        )
        return ImageError(Reason.UNREADABLE, message)
