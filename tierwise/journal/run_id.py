"""The name of a run."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime


def new_run_id(now: datetime) -> str:
    """A name that sorts by time, that of UTC, and that no other run has."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
