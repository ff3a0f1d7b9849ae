"""What libvips and libtiff say while they decode, beside what they raise.

A tile that cannot be decoded is black for libvips, a line of a fax ends early for libtiff, and both
only mention it. There is one list for a process: it tells of one picture where one is decoded at a
time, as in the helper. Where a library hides the functions that this takes, nothing is heard of it.
"""

from __future__ import annotations

import atexit
import ctypes
import re
from collections import deque
from typing import Any

import pyvips

from tierwise.images.decoders.private_libraries import private_library

_MOST = 20
_TEXT_BYTES = 300
_WARNING = 1 << 4  # of GLogLevelFlags
# Others tell of tags that nobody knows and of orders that nobody keeps.
_OF_DAMAGE = re.compile(
    r"Premature E|Line length mismatch|Bad code word|Uncompressed data \(not supported"
    r"|Discarding \d+ bytes|lack of data|not terminated with EOI"
    r"|Corrupt JPEG data(?!: 1 extraneous)|Premature end of JPEG|Inconsistent progression"
)

_Log = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_Error = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_warnings: deque[str] = deque(maxlen=_MOST)
_errors: deque[str] = deque(maxlen=_MOST)


def forget() -> None:
    """Begin anew: what is heard from here on is of the next picture."""
    pyvips.vips_lib.vips_error_clear()
    _warnings.clear()
    _errors.clear()


def warned_of_damage() -> str:
    """The first warning of a decoder that knows the coding that pixels are wrong; else ``""``."""
    return next((text for text in _warnings if _OF_DAMAGE.search(text)), "")


def failed() -> str:
    """The first error that was not raised; else ``""``."""
    buffered = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode("utf-8", "replace")
    # A profile that cannot be used counts as none, as browsers have it.
    lines = [line for line in buffered.splitlines() if line.strip() and "icc_" not in line]
    return next(iter([*_errors, *lines]), "")


def _hear_warning(_domain: bytes, _level: int, text: bytes, _data: Any) -> None:
    _warnings.append(text.decode("utf-8", "replace"))


def _hear_error(_file: Any, _place: bytes, form: bytes, arguments: Any) -> None:
    # The arguments are a `va_list`, which every platform of ours passes as a pointer.
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    _libc.vsnprintf(text, _TEXT_BYTES, form, arguments)
    _errors.append(text.value.decode("utf-8", "replace"))


_libc: Any = ctypes.CDLL(None)
_libc.vsnprintf.argtypes = (
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_char_p,
    ctypes.c_void_p,
)
_glib: Any = private_library(
    "_libvips",
    {
        "g_log_set_handler": (
            ctypes.c_uint,
            (ctypes.c_char_p, ctypes.c_int, _Log, ctypes.c_void_p),
        ),
        "g_log_remove_handler": (None, (ctypes.c_char_p, ctypes.c_uint)),
    },
)
_libtiff: Any = private_library(
    "PIL._imaging",
    {
        "TIFFSetErrorHandler": (ctypes.c_void_p, (ctypes.c_void_p,)),
        "TIFFSetErrorHandlerExt": (ctypes.c_void_p, (_Error,)),
    },
)


# Kept for as long as the libraries may call them.
_on_warning, _on_error = _Log(_hear_warning), _Error(_hear_error)


def _listen() -> None:
    if _glib is not None:
        handler = _glib.g_log_set_handler(b"VIPS", _WARNING, _on_warning, None)
        # Threads of libvips may outlive what the handler is made of.
        atexit.register(_glib.g_log_remove_handler, b"VIPS", handler)
    if _libtiff is not None:
        _libtiff.TIFFSetErrorHandler(None)  # its own writes to standard error
        _libtiff.TIFFSetErrorHandlerExt(_on_error)


_listen()
