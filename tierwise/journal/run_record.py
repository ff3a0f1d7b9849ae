"""What a run says of itself, as it stands in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tierwise.answerer import Answerer, ServiceKind
from tierwise.json_text import read_json_text
from tierwise.storage.process import Process

DEAD_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a run says of itself. Times are ISO 8601, UTC.

    `untraced_requests` is how many requests may be paid without a trace in the journal: as many as
    can be under way, until the run has ended and says how many it gave up; with `handed_over`, as
    many as can be in each process that works for it, until then. `dearest_request` is the most that
    one can cost (nano-dollars), 0 where nobody wrote it. `journal_version` is the format it writes,
    `answerer` who was asked, None in records that do not say.
    `handed_over` says that the run goes on when its process is gone, `intents` that it wrote down
    each request before it was sent, see intents.py.
    """

    run_id: str
    process: Process
    untraced_requests: int
    journal_version: int
    started_at: str
    heartbeat_at: str
    ended_at: str = ""
    handed_over: bool = False
    dearest_request: int = 0
    answerer: Answerer | None = None
    intents: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether another run may begin."""
        silent = now - datetime.fromisoformat(self.heartbeat_at)
        gone = self.process.gone and not self.handed_over
        return bool(self.ended_at) or gone or silent > DEAD_AFTER


def new_record(
    run_id: str,
    *,
    untraced_requests: int,
    journal_version: int,
    handed_over: bool = False,
    dearest_request: int = 0,
    answerer: Answerer | None = None,
    intents: bool = False,
) -> RunRecord:
    """The record of a run that this process begins now."""
    now = now_utc()
    return RunRecord(
        *(run_id, Process.this(), untraced_requests, journal_version, now, now),
        handed_over=handed_over,
        dearest_request=dearest_request,
        answerer=answerer,
        intents=intents,
    )


def encode_record(record: RunRecord) -> bytes:
    """The record as its file holds it."""
    return (json.dumps(asdict(record), indent=2) + "\n").encode()


def decode_record(written: bytes) -> RunRecord | None:
    """A record, or None when it is not whole. Fields of a later version are left out."""
    try:
        content = read_json_text(written)
        process = Process(**_known(Process, content["process"]))
        known = _known(RunRecord, content) | {"process": process}
        if said := content.get("answerer"):
            known["answerer"] = Answerer(ServiceKind(said["service"]), said["emulator"])
        return RunRecord(**known)
    except (ValueError, KeyError, TypeError):
        return None


def now_utc() -> str:
    """The time as records write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _known(kind: type[Process | RunRecord], content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in kind.__dataclass_fields__ if name in content}
