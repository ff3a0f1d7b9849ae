"""What people have said of pictures, in a sheet or a manifest, and what may be counted by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.trials.trial_names import is_trial
from tierwise.counts.corrections import Correction, read_corrections
from tierwise.counts.draw import DRAWN, Drawn
from tierwise.counts.tally import Counting, counting
from tierwise.errors import InputError
from tierwise.evaluation import Judged
from tierwise.questions import Questions
from tierwise.storage.listing import Input, starts_at
from tierwise.storage.sheets import read_sheet


@dataclass(frozen=True, slots=True)
class Corrected:
    """How labels are counted, None where nothing was labelled at random, and what is told of it."""

    counting: Counting | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def corrected_of(
    settings: Settings, questions: Questions, found: Input, judged: Mapping[str, Judged]
) -> Corrected:
    """What the flags and the manifest give.

    Raises:
        InputError: the sheet cannot be read, or counts are to be told apart and nothing counts.
    """
    asked = {
        task.name: task
        for task in questions.with_rows
        if not task.audit and not is_trial(task.name)
    }
    corrections, facts = list[Correction](), dict[str, Any]()
    if settings.corrections:
        columns, lines = read_sheet(settings.corrections)
        kinds = {name: task.answer for name, task in asked.items()}
        corrections = read_corrections(settings.corrections, columns, lines, kinds)
        facts = _facts(settings.corrections, corrections)
    counted = {
        name: task.answer for name, task in asked.items() if task.answer.options() and not task.per
    }
    truths = {
        name: judged[name].truth[0]
        for name in counted
        if DRAWN in found.columns and name in judged and len(judged[name].truth) == 1
    }
    random = {
        one.task for one in corrections if one.drawn is Drawn.RANDOM and one.answer is not None
    }
    kinds = {name: kind for name, kind in counted.items() if name in random or name in truths}
    by = settings.counts_by or ""
    if by and not kinds:
        raise InputError(
            f"--counts_by={by}: nothing is counted. Counts need labels of pictures that were drawn "
            "at random: --corrections with a filled sheet of tierwise review, or a manifest with a "
            f"column {DRAWN}."
        )
    if not kinds:
        return Corrected(None, facts)
    return Corrected(counting(kinds, corrections, truths, by, starts_at(found)), facts)


def _facts(path: str, corrections: list[Correction]) -> dict[str, Any]:
    """What `run.json` says of a sheet: lines with an answer by how they were drawn, and others."""
    said = Counter(one.drawn for one in corrections if one.answer is not None)
    return {
        "file": path,
        "random": said[Drawn.RANDOM],
        "chosen": said[Drawn.CHOSEN],
        "empty": sum(one.answer is None for one in corrections),
    }
