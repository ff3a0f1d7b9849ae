"""`local:` of a task, on what terms a local model may answer in Gemini's place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tierwise.answers.answer_type import AnswerType
from tierwise.errors import TasksError
from tierwise.records import Route, ServiceTier
from tierwise.shown import shown, suggestion
from tierwise.tasks.keys import TaskKeys
from tierwise.tasks.routes import check_tier
from tierwise.tasks.yaml_text import Document

CONFIDENCE = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class LocalTerms:
    """At most a share `differ` of the contents may be answered otherwise than by Gemini.

    With 0, nothing is answered locally.
    `confidence` is the share of draws of an exam in which that holds, both between 0 and 1. What
    may be one of the labels `always_ask` is asked in any case. `sample_tier` is the service tier of
    what is asked to learn and to examine, None for the task's own.
    """

    differ: Decimal
    confidence: Decimal = CONFIDENCE
    always_ask: tuple[str, ...] = ()
    sample_tier: ServiceTier | None = None

    def within(self, differ: Decimal) -> LocalTerms:
        """The same with another share."""
        return replace(self, differ=differ)


def local_of(
    document: Document, name: str, keys: TaskKeys, answer: AnswerType, route: Route
) -> LocalTerms | None:
    """The terms of a task, None where it says nothing of them; raises `TasksError`."""
    written = keys.local
    if written is None:
        return None
    for position, label in enumerate(written.always_ask):
        if label not in answer.options():
            place = ("tasks", name, "local", "always_ask", position)
            remedy = suggestion(label, list(answer.options()), "labels")
            raise document.error(place, f"{shown(label)} is not a label. {remedy}")
    if tier := written.sample_tier:
        with document.at("tasks", name, "local", "sample_tier"):
            if tier is ServiceTier.BATCH:
                raise TasksError(
                    "batch: what learns and examines is asked in batch where the task is. Write "
                    "`service_tier: batch` in the task, or another tier here."
                )
            check_tier(route.model, tier)
    return LocalTerms(
        _decimal(written.differ),
        _decimal(written.confidence),
        tuple(written.always_ask),
        written.sample_tier,
    )


def _decimal(written: float) -> Decimal:
    """As it was written: floats say the shortest number that they may mean."""
    return Decimal(repr(written))
