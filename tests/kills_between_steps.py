"""Forgets a picture once for each change of the disk, killed just before it, then once more.

    python -m tests.kills_between_steps OUTPUT SCRATCH NAME

SCRATCH/000 is what comes of an output when nobody is killed, SCRATCH/001 and so on when one was
before its first change, its second and so on. Prints the exit status of each second start.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path

from tierwise.beam_pipeline.__main__ import main

# Files are written beside their places, so that nothing shows before a name changes.
_CHANGES = {"os.rename", "shutil.rmtree", "os.remove"}
_KILLED = 9


def killed_at(change: int, words: Sequence[str]) -> int:
    """The exit status of a process that is killed before its change of that number; 0 for none."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def look(event: str, args: tuple[object, ...]) -> None:
        nonlocal seen
        within_a_folder_that_goes = event == "os.remove" and args[1] != -1
        if event in _CHANGES and not within_a_folder_that_goes:
            seen += 1
            if seen == change:
                os._exit(_KILLED)

    if change:
        sys.addaudithook(look)
    with redirect_stdout(StringIO()):
        os._exit(main(words))


def kill_at_each(output: Path, scratch: Path, name: str) -> None:
    import_module("tierwise.beam_pipeline.commands.forget")  # once, not in each child
    change = 0
    while True:
        place = scratch / f"{change:03}"
        shutil.copytree(output, place)
        words = ["forget", f"--output={place}", f"--uri={name}"]
        if killed_at(change, words) != _KILLED:
            print(0)
            if change:
                return
        else:
            print(killed_at(0, words))
        change += 1


if __name__ == "__main__":
    kill_at_each(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
