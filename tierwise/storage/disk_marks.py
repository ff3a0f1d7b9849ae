"""What a disk tells of a file that changes with its bytes: by it, unchanged ones need not be read.

It is what git goes by: size, the moments of the last change to the bytes (mtime) and to the file
(ctime), and the inode. Nobody but the kernel sets ctime, so a file that was replaced, restored or
given an old mtime has another. Two writes within one tick of a file system's clock look alike. So
a mark is given only when the tick of the last change is over: whatever is written after that gets
another.
"""

from __future__ import annotations

import os

# The slowest clocks, of FAT, tick every two seconds.
_SETTLED_S = 3.0
# A server's clock may be ahead of ours; a moment that lies further ahead was set by somebody.
_MOST_AHEAD_S = 86_400.0


def mark_of(found: os.stat_result, now: float) -> str:
    """The mark of a file that was looked at `now`, in seconds; empty while it may not last."""
    ages = (now - found.st_mtime, now - found.st_ctime)
    if any(-_MOST_AHEAD_S < age < _SETTLED_S for age in ages):
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_ino}"
