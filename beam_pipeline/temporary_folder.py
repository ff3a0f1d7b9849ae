"""A temporary folder of a run's own, which goes with it, whatever libraries leave in it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tierwise.storage.process import Process

_PREFIX, _OWNER = "tierwise-", "owner.json"
# Beam's, left by runs of earlier versions that were killed.
_BEAMS = "beam-pipeline-temp*"
# Of an engine that Beam has started: it deletes them when this process ends, and does not end the
# engine where they are gone already. What is registered for the end before is called after it.
_JOB_SERVERS = "beam-temp*"
_DAY_S = 86_400.0
_own: list[Path] = []
# For each run that goes on the folder that it uses, and where temporary files lay before.
_users: list[Path] = []
_before: list[tuple[str | None, str | None]] = []
_LOCK = threading.Lock()


@contextmanager
def temporary_folder() -> Iterator[None]:
    """Let all temporary files of this process, and of those it starts, lie in one folder.

    It is that of the run that began first, where the process has several at a time.
    """
    with _LOCK:
        if not _users:
            _enter()
        _users.append(_own[-1])
    try:
        yield
    finally:
        with _LOCK:
            own = _users.pop()
            if not _users:
                _leave(own)


def _enter() -> None:
    _remove_old(Path(tempfile.gettempdir()))
    _before.append((tempfile.tempdir, os.environ.get("TMPDIR")))
    own = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (own / _OWNER).write_text(json.dumps(asdict(Process.this())), encoding="utf-8")
    _own.append(own)
    atexit.register(remove_own)
    tempfile.tempdir = os.environ["TMPDIR"] = str(own)


def _leave(own: Path) -> None:
    tempfile.tempdir, variable = _before.pop()
    if variable is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = variable
    if not any(own.glob(_JOB_SERVERS)):
        remove_own()


def remove_own() -> None:
    """Delete this process's, which is about to end."""
    while _own:
        shutil.rmtree(_own.pop(), ignore_errors=True)


def _remove_old(place: Path) -> None:
    """Delete what runs left that were killed; other programs' files are left alone."""
    with suppress(OSError):
        for folder in place.glob(f"{_PREFIX}*"):
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)
        for folder in place.glob(_BEAMS):
            with suppress(OSError):  # not empty, or another user's
                if time.time() - folder.stat().st_mtime > _DAY_S:
                    folder.rmdir()


def _is_left(folder: Path) -> bool:
    try:
        owner = Process(**json.loads((folder / _OWNER).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return False
    return owner.gone or owner.restarted
