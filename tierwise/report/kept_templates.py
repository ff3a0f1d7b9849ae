"""Compiled templates, kept where Python keeps compiled modules: compiling takes most of a page."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class KeptTemplates(FileSystemBytecodeCache):
    """Beside the compiled modules of this folder; where nothing can be kept, nothing is.

    Jinja2 takes none that was made of another text or by another version.
    """

    def __init__(self) -> None:
        super().__init__(str(Path(cache_from_source(__file__)).parent))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is kept."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one, unless Python may not keep its own."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                super().dump_bytecode(bucket)
