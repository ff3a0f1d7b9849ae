"""What a run says of itself, as it stands in a file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tierwise.answerer import Answerer, ServiceKind
from tierwise.json_text import read_json_text
from tierwise.storage.process import Process

DEAD_AFTER = timedelta(minutes=10)
# What a record says of a time so long ago holds whatever its store says, which may be of a copy.
_PLAINLY_DEAD_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a run says of itself. Times are ISO 8601, UTC.

    `untraced_requests` is how many requests may be paid without a trace in the journal: as many as
    can be under way, until the run has ended and says how many it gave up; with `handed_over`, as
    many as can be in each process that works for it, until then. `dearest_request` is the most that
    one can cost (nano-dollars), 0 where nobody wrote it. `journal_version` is the format it writes,
    `answerer` who was asked, None in records that do not say.
    `handed_over` says that the run goes on when its process is gone, `intents` that it wrote down
    each request before it was sent, see intents.py. `took_over` is the run whose lease it took
    before that was known to be dead. `nonce` makes the records of two runs differ, whatever else
    they have in common. `stopped` says that its end was not its own doing, so that whoever still
    works for it must stop too.
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
    took_over: str = ""
    nonce: str = ""
    stopped: bool = False

    @property
    def known_over(self) -> bool:
        """Whether it says itself, or its machine does, that it is over."""
        return bool(self.ended_at) or (self.process.gone and not self.handed_over)

    def seems_over(self, now: datetime) -> bool:
        """Whether it is over, or seems so by this machine's clock: for those who only look."""
        return self.known_over or now - datetime.fromisoformat(self.heartbeat_at) > DEAD_AFTER

    def is_silent(self, now: datetime, silent_s: float) -> bool:
        """Whether it has given no sign of life for too long.

        Args:
            now: by this machine's clock, which may differ from that of the run's.
            silent_s: how long ago the record was written, by the clock of its store.
        """
        said = now - datetime.fromisoformat(self.heartbeat_at)
        return silent_s > DEAD_AFTER.total_seconds() or said > _PLAINLY_DEAD_AFTER


@dataclass(frozen=True, slots=True)
class RunEnd:
    """That a run has ended, in a file of its own, which is made once; see `RunRecord`."""

    ended_at: str
    untraced_requests: int
    stopped: bool = False

    def of(self, record: RunRecord) -> RunRecord:
        """What is known of the run by its end."""
        return replace(
            record,
            ended_at=self.ended_at,
            untraced_requests=self.untraced_requests,
            stopped=self.stopped,
        )


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
        nonce=uuid.uuid4().hex,
    )


def encode(record: RunRecord | RunEnd) -> bytes:
    """As its file holds it."""
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


def decode_end(written: bytes) -> RunEnd | None:
    """An end, or None when it is not whole."""
    try:
        return RunEnd(**_known(RunEnd, read_json_text(written)))
    except (ValueError, KeyError, TypeError):
        return None


def now_utc() -> str:
    """The time as records write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _known(kind: type[Process | RunRecord | RunEnd], content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in kind.__dataclass_fields__ if name in content}
