"""Memory that is freed goes back to the system at once."""

from __future__ import annotations

import ctypes

# malloc.h of glibc.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 256 * 1024


def give_back_large_buffers() -> None:
    """Keep glibc from carving large buffers out of its heap, where small ones then pin them.

    It begins to as soon as one is freed. The shuffles of the local runner are such buffers: without
    this they take twice the memory. Elsewhere than on glibc nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
