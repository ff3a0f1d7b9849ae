"""The text of a file that a flag names."""

from __future__ import annotations

from tierwise.errors import InputError
from tierwise.storage.files import files_for


def read_text(flag: str, path: str, refusal: type[InputError]) -> str:
    """The text, in UTF-8.

    Raises:
        refusal: the file cannot be read, or is in another encoding.
    """
    try:
        return files_for(path).read(path).decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise refusal(f"--{flag}={path}: cannot be read: {reason}.") from error
    except UnicodeDecodeError as error:
        raise refusal(
            f"--{flag}={path}: byte {error.start + 1} is not UTF-8. Save it as UTF-8."
        ) from error
