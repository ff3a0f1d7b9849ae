"""Writes `metadata.json`, by which Dataflow knows the parameters of the Flex Template.

python -m templates.metadata
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierwise.beam_pipeline.flags.flag import RUN, Flag
from tierwise.beam_pipeline.flags.groups import grouped
from tierwise.beam_pipeline.flags.of_verb import flags_of
from tierwise.beam_pipeline.flags.times import DURATION

METADATA = Path(__file__).parent / "metadata.json"

# An emulator is on the desk, where workers are not; and nobody reads what the launcher prints.
WITHOUT = {
    *("emulator_knows", "emulator_sees", "emulator_errors_at_random"),
    *("emulator_errors_where_unclear", "emulator_interference"),
    *("emulator_faults", "emulator_latency_ms"),
    "json",
}
_LABELS = {
    "input": "Images",
    "output": "Output folder",
    "tasks": "Tasks file",
    "gemini": "Service",
    "api_key_secret": "Secret that holds the API key",
    "max_cost_usd": "Hard cap on the cost (USD)",
    "request_timeout_s": "Request time-out (s)",
    "give_up_after_s": "Give up after (s)",
}
_KINDS = {
    "output": "GCS_WRITE_FOLDER",
    "tasks": "GCS_READ_FILE",
    "prices": "GCS_READ_FILE",
    "calibration": "GCS_READ_FILE",
}
_IN_BUCKET = r"^gs://[^\n\r]+$"
_REGEXES = {
    **dict.fromkeys(("input", *_KINDS), _IN_BUCKET),
    "api_key_secret": r"^projects/[^/]+(/locations/[^/]+)?/secrets/[^/]+/versions/[^/]+$",
    "max_cost_usd": r"^[0-9]+(\.[0-9]{1,9})?$",
    **dict.fromkeys(("batch_wait", "batch_deadline"), DURATION),
}


def metadata() -> dict[str, Any]:
    """The file's content; every flag of `run` is a parameter but those in `WITHOUT`."""
    flags = [_on_dataflow(flag) for flag in flags_of(RUN) if flag.name not in WITHOUT]
    return {
        "name": "tierwise",
        "description": "Classifies an image archive with Gemini at the lowest price that still "
        "gives right answers; writes typed Parquet tables and an account of the cost.",
        "streaming": False,
        "supportsExactlyOnce": True,
        "parameters": [
            _parameter(flag, heading) for heading, some in grouped(flags) for flag in some
        ],
    }


def _on_dataflow(flag: Flag) -> Flag:
    """The flag as it can be used there: files in buckets, keys in secrets, a real Gemini."""
    if flag.name == "gemini":
        choices = tuple(choice for choice in flag.choices if choice != "emulator")
        text = (
            "Who answers: the Gemini Developer API, with a key from Secret Manager, or Vertex AI."
        )
        return replace(flag, help=text, choices=choices, default=None, required=True)
    if flag.name == "api_key_secret":
        text = "Secret Manager version that holds the key of the Gemini Developer API."
        return replace(flag, help=f"{text} Needed there; keys are never parameters.")
    if _REGEXES.get(flag.name) == _IN_BUCKET:
        return replace(flag, example=f"gs://my-bucket/{flag.example}")
    return flag


def _parameter(flag: Flag, heading: str) -> dict[str, Any]:
    described = {
        "name": flag.name,
        "label": _LABELS.get(flag.name) or flag.name.replace("_", " ").capitalize(),
        "helpText": f"{flag.help} Example: {flag.example}",
        "isOptional": not flag.required,
        "paramType": _kind(flag),
        "groupName": heading.capitalize(),
    }
    if flag.choices:
        described["enumOptions"] = [{"value": value, "label": value} for value in flag.choices]
    if flag.default is not None:
        described["defaultValue"] = _written(flag.default)
    if regex := _REGEXES.get(flag.name) or _number(flag):
        described["regexes"] = [regex]
    return described


def _kind(flag: Flag) -> str:
    if flag.choices:
        return "ENUM"
    by_type: dict[object, str] = {bool: "BOOLEAN", int: "NUMBER", float: "NUMBER"}
    return by_type.get(flag.type) or _KINDS.get(flag.name, "TEXT")


def _number(flag: Flag) -> str:
    by_type: dict[object, str] = {int: r"^[0-9]+$", float: r"^[0-9]+(\.[0-9]+)?$"}
    return by_type.get(flag.type, "")


def _written(value: Any) -> str:
    """A default as it stands on a command line; the service wants text for everything."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def text() -> str:
    """What has to be in the file."""
    return json.dumps(metadata(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    METADATA.write_text(text(), encoding="utf-8")
