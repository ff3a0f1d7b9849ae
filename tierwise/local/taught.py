"""Local models as a run has them, after all that is learnt from was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwise.local.seen import LocalModel


@dataclass(frozen=True, slots=True)
class Taught:
    """Models by task, and by task why there is none.

    `waits` says that batch jobs have yet to bring what is learnt from.
    """

    models: Mapping[str, LocalModel] = field(default_factory=dict)
    why_not: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False
