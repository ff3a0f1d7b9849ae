"""Programs that may do less than this process: fewer bytes, or no more than a file's mode allows.

They confine themselves, before they become what was asked for. Nothing of ours runs between fork
and exec: there gRPC's threads begin anew, and end the process when its files are closed under them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys

_DROP_CAPABILITY, _MAY_READ_ALL = 24, (1, 2)


def confined(
    *words: str,
    file_bytes: int | None = None,
    data_bytes: int | None = None,
    as_others: bool = False,
) -> list[str]:
    """The command line of a Python process with these arguments.

    It may write files of so many bytes, and take so many of memory; with `as_others` root may not
    read what it may not by a file's mode.
    """
    return [sys.executable, __file__, json.dumps([file_bytes, data_bytes, as_others]), *words]


def _confine(file_bytes: int | None, data_bytes: int | None, as_others: bool) -> None:
    for limit, most in ((resource.RLIMIT_FSIZE, file_bytes), (resource.RLIMIT_DATA, data_bytes)):
        if most is not None:
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
    if as_others and os.getuid() == 0:
        for capability in _MAY_READ_ALL:
            ctypes.CDLL(None).prctl(_DROP_CAPABILITY, capability, 0, 0, 0)


if __name__ == "__main__":
    _confine(*json.loads(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
