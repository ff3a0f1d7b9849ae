"""What may go wrong with caches: kinds of the faults document, with their settings.

`cache_refused` and `cache_reply_lost` strike calls of the cache methods, the others requests that
name a cache, which is gone from then on.
"""

from __future__ import annotations

from typing import Any

OF_CACHE_CALLS: dict[str, dict[str, Any]] = {
    "cache_refused": {
        "call": "create",
        "status": 429,
        "message": "Resource has been exhausted (e.g. check quota).",
    },
    "cache_reply_lost": {"call": "create"},
}
OF_CACHED_REQUESTS: dict[str, dict[str, Any]] = {"cache_gone": {"how": "deleted"}}
CACHE_FAULTS = {**OF_CACHE_CALLS, **OF_CACHED_REQUESTS}
CACHE_CALLS = ("create", "get", "list", "renew", "delete")
WAYS = ("deleted", "expired")
