"""What may go wrong with batch jobs: kinds of the faults document, with their settings.

The selectors `rate`, `count`, `after` and `model` pick jobs, in the order of their creation; of
`batch_refused` and `batch_reply_lost` they pick calls. Faults of rows strike `rows` of each job,
drawn by the seed, or a `share` of them, or with `sha256` those that carry one of these pictures.
"""

from __future__ import annotations

from typing import Any

_SOME_ROWS: dict[str, Any] = {"rows": 1, "share": 0.0}

OF_CALLS: dict[str, dict[str, Any]] = {
    "batch_refused": {
        "call": "create",
        "status": 429,
        "message": "You exceeded your current quota, please check your plan and billing details.",
    },
    "batch_reply_lost": {"call": "create"},
}
# How a job comes to an end, at most one of them.
OF_ENDS: dict[str, dict[str, Any]] = {
    "batch_stuck": {"state": "PENDING"},
    "batch_expired": {"answered": 0.0},
    "batch_cancelled": {"answered": 0.5},
    "batch_failed": {
        "answered": 0.0,
        "code": 13,
        "message": "Internal error encountered.",
        "details": False,
    },
    "batch_partial": {"answered": 0.5, "state": "PARTIALLY_SUCCEEDED"},
}
OF_ROWS: dict[str, dict[str, Any]] = {
    "batch_rows_swapped": _SOME_ROWS,
    "batch_row_missing": _SOME_ROWS,
    "batch_row_doubled": _SOME_ROWS,
    "batch_row_error": {
        **_SOME_ROWS,
        "status": 500,
        "message": "Internal error encountered.",
        "details": True,
        "under": "error",
    },
    "batch_row_no_usage": _SOME_ROWS,
    "batch_key_lost": _SOME_ROWS,
}
OF_JOBS: dict[str, dict[str, Any]] = {
    "batch_line_refused": {"line": 0},
    "batch_queue_full": {"tokens": 0},
    "batch_slow": {"pending_s": 1.0, "running_s": 0.0},
    "batch_order": {"how": "kept"},
    "batch_inline": {},
    "batch_results_gone": {},
    "batch_results_cut": {"share": 0.5, "times": 1},
    "batch_shards": {"rows": 2},
    **OF_ENDS,
    **OF_ROWS,
}
BATCH_FAULTS = {**OF_CALLS, **OF_JOBS}
CALLS = ("upload", "files", "create", "get", "list", "cancel", "delete", "download")
ORDERS = ("kept", "reversed", "shuffled")
