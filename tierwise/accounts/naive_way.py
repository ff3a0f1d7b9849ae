"""What "saved" is measured against: what one would pay without tierwise.

Wherever it is printed this one sentence says what it is; `Billing.baselines` works it out.
"""

from __future__ import annotations

NAIVE_WAY = (
    "The naive way sends each picture, under each of its names, once per model, as it is, at high "
    "and the standard tier, with all first questions in one form; later questions and groups are "
    "requests of their own, and audits, repeats and answers of earlier runs count nothing."
)
