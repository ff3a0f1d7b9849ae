"""What both services call the states of a job, and its results put together on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from tierwise.gemini.batch.jobs import JobState, Phase
from tierwise.gemini.call_error import CallError

_PHASES = {
    "QUEUED": Phase.PENDING,
    "PENDING": Phase.PENDING,
    "PAUSED": Phase.PENDING,
    "RUNNING": Phase.RUNNING,
    "UPDATING": Phase.RUNNING,
    "CANCELLING": Phase.RUNNING,
    "SUCCEEDED": Phase.SUCCEEDED,
    "FAILED": Phase.FAILED,
    "CANCELLED": Phase.CANCELLED,
    "EXPIRED": Phase.EXPIRED,
}
_TAIL = 64 * 1024
_NOTHING: Mapping[str, Any] = {}


def phase_of(raw_state: str) -> Phase:
    """The phase of BATCH_STATE_... or JOB_STATE_...

    >>> phase_of("BATCH_STATE_PENDING"), phase_of("JOB_STATE_PARTIALLY_SUCCEEDED")
    (<Phase.PENDING: 'pending'>, <Phase.PARTLY: 'partly'>)
    """
    word = raw_state.rpartition("STATE_")[2]
    return Phase.PARTLY if word.startswith("PARTIALLY_") else _PHASES.get(word, Phase.UNKNOWN)


def count_in(counts: Mapping[str, Any], name: str) -> int | None:
    """A number of rows, which protocol buffers write as a text; None for what is none.

    Where others are told, one that is left out is 0, as protocol buffers have it.
    """
    value = counts.get(name, 0 if counts else None)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 else None


def object_of(value: Any) -> Mapping[str, Any]:
    """A JSON object, an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else _NOTHING


def text_of(value: Any) -> str:
    """A text, an empty one in the place of anything else."""
    return value if isinstance(value, str) else ""


def messages_of(*errors: Any) -> str:
    """The words of some `google.rpc.Status`, in one line."""
    words = (text_of(object_of(error).get("message")) for error in errors)
    return " ".join("; ".join(filter(None, words)).split())[:500]


def check_end(path: Path) -> None:
    """See that the last line of a file of results is whole.

    Raises:
        CallError: it is cut off.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
        if not tail or tail.endswith(b"\n"):
            return
        start = tail.rfind(b"\n") + 1
        if not start and size > _TAIL:  # one line of more than that
            file.seek(0)
            tail = file.read().rpartition(b"\n")[2]
    try:
        orjson.loads(tail[start:] if start else tail)
    except orjson.JSONDecodeError as error:
        raise CallError("the results are cut off", status=200, sent=True) from error


def as_lines(rows: Iterable[Any]) -> Iterator[bytes]:
    """Rows that came within a job, as the lines of a file."""
    return (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def must_have_ended(state: JobState) -> None:
    """Refuse what must not be done to a job that goes on."""
    if not state.ended:
        raise ValueError(f"{state.name} has not ended: {state.raw_state}")
