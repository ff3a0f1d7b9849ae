"""One name for each module: folders at the top of a clone are the packages below `tierwise`.

`transforms/` and `beam_pipeline/` stand where readers look for them, and are linked from
`tierwise/`. Python would load them anew under their short names, with classes that are not those of
the job; here short names lead to the modules that there are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType


def only_below_tierwise(room: str) -> None:
    """Let a room's short name, and those of its modules, stand for the names below `tierwise`."""
    sys.meta_path.insert(0, _BelowTierwise(room))
    sys.modules[room] = import_module(f"tierwise.{room}")


class _BelowTierwise(MetaPathFinder, Loader):
    def __init__(self, room: str) -> None:
        self._below = f"{room}."

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module below `tierwise` that a short name stands for."""
        del path, target
        if not fullname.startswith(self._below):
            return None
        found = find_spec(f"tierwise.{fullname}")
        # `python -m` takes its origin for the name of the program.
        return ModuleSpec(fullname, self, origin=found.origin) if found else None

    def get_code(self, fullname: str) -> CodeType | None:
        """What `python -m` runs."""
        name = f"tierwise.{fullname}"
        found = find_spec(name)
        return found.loader.get_code(name) if found and found.loader else None  # type: ignore[attr-defined]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, which is there already or is imported now."""
        return import_module(f"tierwise.{spec.name}")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has run."""
