"""How much one batch job takes.

Sources, read 2026-11-29: ai.google.dev/gemini-api/docs/batch-api and /rate-limits;
cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini.
"""

from __future__ import annotations

from tierwise.gemini.service import Service

# Ours: a job is refused as a whole for one bad row, and one file of that many images at low
# resolution fills the smallest account's queue of ten million tokens.
_MOST_ROWS = 20_000
_MOST_ROWS_VERTEX = 200_000
# Files are at most 2 GB; whether Google counts in decimals, it does not say.
_MOST_BYTES = 1_900_000_000
_MOST_BYTES_VERTEX = 950_000_000

# Jobs of a project that wait or run at a time; of Vertex AI no such limit is published.
MOST_JOBS = 100
# All files of a project together, inputs and results.
MOST_STORED_BYTES = 20_000_000_000
# Files that were uploaded are deleted after this.
INPUT_KEPT_HOURS = 48
# What has not ended by then expires. Vertex AI lets a job wait, then run, for so long.
EXPIRES_HOURS = 48
EXPIRES_HOURS_VERTEX = 72 + 24


def most_rows(service: Service) -> int:
    """Rows of one job."""
    return _MOST_ROWS_VERTEX if service.vertex else _MOST_ROWS


def most_bytes(service: Service) -> int:
    """Bytes of one job's rows, line ends included."""
    return _MOST_BYTES_VERTEX if service.vertex else _MOST_BYTES


def expires_hours(service: Service) -> int:
    """Hours after which a job that has not ended is over."""
    return EXPIRES_HOURS_VERTEX if service.vertex else EXPIRES_HOURS
