"""Files of an output under a fixed name, which a run may write that holds the lease, and no other.

A file is written beside its place, in a folder of the run's own; then the lease is looked at; then
the file is moved. Whoever takes the lease deletes these folders before it writes anything itself.
So a process that was stopped between the look and the move finds nothing to move when it goes on.
"""

from __future__ import annotations

import re
import uuid

from tierwise.journal.journal_files import JournalFiles
from tierwise.storage.files import files_for, join

_BESIDE = ".writing-"
_OURS = re.compile(re.escape(_BESIDE) + "[0-9a-f]{32}")


def fenced_write(output: str, name: str, data: bytes, journal: JournalFiles) -> None:
    """Write a file of the output whole.

    Raises:
        LeaseLostError: another run has the lease by now; what it writes is left alone.
    """
    files, folder = files_for(output), f"{_BESIDE}{uuid.uuid4().hex}"
    files.write(join(output, folder, name), data, durable=True)
    try:
        journal.check_lease()
        files.move(join(output, folder, name), join(output, name))
        journal.check_lease()  # else it may not have been moved
    finally:
        files.remove_folder(join(output, folder))


def remove_unwritten(output: str) -> None:
    """Delete what runs before have not come to put in place, for whoever has taken the lease."""
    files = files_for(output)
    for name in files.folders(output):
        if _OURS.fullmatch(name):
            files.remove_folder(join(output, name))
