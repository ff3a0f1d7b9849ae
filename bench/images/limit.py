"""The libjpeg-turbo limit as a function, built on demand with the machine's C compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

_SOURCE = Path(__file__).with_name("limit.c")


class NoLimitError(Exception):
    """This machine cannot build the limit; the message says what is missing."""


def build_limit() -> Callable[[bytes, int, int], int]:
    """Compile `limit.c` and return `shrink(data, scale, quality)`, which returns bytes written."""
    return load_limit(compile_limit())


def compile_limit() -> Path:
    """Compile `limit.c` to a library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoLimitError("no C compiler on this machine")
    library = Path(tempfile.mkdtemp()) / "limit.so"
    built = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", str(_SOURCE), "-o", str(library), "-ljpeg"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise NoLimitError(f"libjpeg-turbo headers or library missing: {built.stderr[:200]}")
    return library


def load_limit(library: Path) -> Callable[[bytes, int, int], int]:
    """Return `shrink` of a compiled library."""
    shrink = ctypes.CDLL(str(library)).shrink
    shrink.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_int]
    shrink.restype = ctypes.c_ulong

    def limit(data: bytes, scale: int, quality: int) -> int:
        return int(shrink(data, len(data), scale, quality))

    return limit
