"""The verbs: one PTransform per file, wiring only, in the order data flows."""

from __future__ import annotations

if __name__ == "transforms":
    from tierwise.one_name import only_below_tierwise

    only_below_tierwise(__name__)
