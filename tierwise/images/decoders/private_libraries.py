"""C functions of libraries that other packages' wheels carry inside their private modules.

Another version of such a package may name its module otherwise, or hide the functions. So there is
always a slower way without them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

Signature = tuple[Any, Sequence[Any]]  # types of the result and of the arguments


def private_library(module: str, signatures: Mapping[str, Signature]) -> Any | None:
    """The library that a module is linked with, its functions typed; None where it lacks any.

    >>> private_library("PIL._no_such_module", {}) is None
    True
    >>> private_library("PIL._imaging", {"no_such_function": (None, ())}) is None
    True
    """
    found = find_spec(module)
    if found is None or not found.origin:
        return None
    try:
        library = ctypes.CDLL(found.origin)
        for name, (result, arguments) in signatures.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library
