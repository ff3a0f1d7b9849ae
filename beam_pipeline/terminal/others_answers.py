"""Whose answers in the journal this run took, and whose it left alone, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.answerer import Answerer, ServiceKind
from tierwise.journal.reading import UNSIGNED
from tierwise.shown import counted


def others_answers(run: Mapping[str, Any]) -> Iterator[str]:
    """A line for each who has answered here and is not who answers now; by `run.json`.

    Those of early versions do not say.
    """
    if "others_answers" not in run:
        return
    ours = Answerer(ServiceKind(run["answerer"]["service"]), run["answerer"]["emulator"]).told
    for service, count in run["others_answers"]["taken"].items():
        theirs, answers = Answerer(ServiceKind(service)).told, counted(count, "answer")
        yield (
            f"The service has changed: {answers} of the journal came from {theirs}, which serves "
            f"the same pinned models as {ours}, and need not be asked again. What they cost counts "
            f"as {service}'s."
        )
    for sender, count in run["others_answers"]["left_alone"].items():
        left = f"Left alone: {counted(count, 'answer')} of the journal"
        if sender == UNSIGNED:
            yield (
                f"{left} that do not say who gave them. If {ours} did, take them, and what they "
                "cost, with --take_unsigned=true."
            )
        else:
            yield f"{left} that {sender} gave: they say nothing of {ours}, nor does their price."
