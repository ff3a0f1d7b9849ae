"""What a person can do about each reason why an image has no answer."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.records import Reason

# One sentence or two each, for tables and pages; `docs/troubleshooting.md` says more.
REMEDIES: Mapping[Reason, str] = {
    Reason.UNREADABLE: "The file is damaged or empty, or its name can be none: the message says "
    "which. Put it right, or take damaged files with --accept_truncated.",
    Reason.UNSUPPORTED_FORMAT: "If the file is a picture, convert it to JPEG, PNG or WebP.",
    Reason.TOO_LARGE: "The message names the limit. Shrink or split the file; send less of a group "
    "with max_per_group.",
    Reason.BLOCKED_PROMPT: "Gemini refuses this picture or prompt, and did so for money. Word the "
    "prompt otherwise, or ask another model.",
    Reason.BLOCKED_ANSWER: "Gemini broke its answer off for safety, and billed it. Word the prompt "
    "otherwise, or ask another model.",
    Reason.TRUNCATED: "The answer did not end within its limit. Raise max_output_tokens, or ask "
    "for less.",
    Reason.INVALID_ANSWER: "Twice the answer was none that the task allows. Say in the prompt what "
    "is wanted, or allow more in labels or schema.",
    Reason.REJECTED: "Google refuses the request: the message says why. A model that is gone needs "
    "another in the tasks file.",
    Reason.UNAUTHORIZED: "Give a key or an account that may ask this model, and run again.",
    Reason.QUOTA_EXHAUSTED: "Wait until the quota is there again or raise it, and run again.",
    Reason.UNAVAILABLE: "The service did not answer. Run again; only these are asked.",
    Reason.TIMEOUT: "No reply came in time. Run again, perhaps with a longer --request_timeout_s.",
    Reason.STORE_REFUSED: "The bucket or disk refuses to give the file. Give the account that "
    "runs this the permission to read, and run again.",
    Reason.STORE_UNAVAILABLE: "The bucket or disk did not give the file, or it is gone. See that "
    "it can be read, and run again; only these are asked.",
    Reason.OVER_BUDGET: "Run again with a higher --max_cost_usd; only these are asked.",
}
