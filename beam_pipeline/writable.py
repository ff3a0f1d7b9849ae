"""Whether an output folder can be written, before anything is asked or shrunk."""

from __future__ import annotations

from tierwise.errors import InputError
from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import files_for


def writable(output: str) -> str:
    """The path of an output folder without a trailing slash, after a file was written into it.

    That file is gone again, and so is the folder if it was not there: a run that is refused, or
    only built, leaves nothing.
    """
    folder = local_path(output)
    folder = folder.rstrip("/") or folder
    try:
        files_for(folder).try_to_write(folder)
    except OSError as error:
        raise unwritable(output, error) from error
    return folder


def unwritable(output: str, error: OSError) -> InputError:
    """The refusal of an output folder, before anything is asked."""
    reason = error.strerror or type(error).__name__
    return InputError(f"--output={output}: cannot be written: {reason}.")
