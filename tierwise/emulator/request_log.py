"""The log of requests: a line of JSON for each, with what it asked and what it cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from tierwise.emulator.bill import billed_usd, tokens
from tierwise.emulator.paths import Call
from tierwise.emulator.request import GeminiRequest
from tierwise.records import Usage


def empty_line(call: Call) -> dict[str, Any]:
    """A line of the log for a request of which nothing was read yet."""
    line: dict[str, Any] = {"images": [], "prompt_sha256": None, "questions": None}
    line["model"] = call.model
    return line | {"service_tier": None, "media_resolution": [], "fault": None}


def asked_line(asked: GeminiRequest) -> dict[str, Any]:
    """What the log tells of a request that was understood."""
    return {
        "images": [picture.sha256 for picture in asked.pictures],
        "examples": [picture.sha256 for picture in asked.examples],
        "prompt_sha256": asked.question_sha256,
        "questions": len(asked.joint.questions) if asked.joint else 1,
        "service_tier": asked.service_tier.value,
        "media_resolution": [picture.media_resolution for picture in asked.pictures],
    }


def written_line(line: dict[str, Any], status: int, usage: Usage, nano_usd: int) -> bytes:
    """The whole line of a request that was answered at this moment."""
    line |= {"status": status, "usd": billed_usd(nano_usd), "tokens": tokens(usage)}
    line["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps(line)
