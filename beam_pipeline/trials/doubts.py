"""What makes an answer doubtful when routes are tried: `escalate` of tasks, and `--doubt`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

from tierwise.beam_pipeline.trials.trial_names import own_route, trial_name
from tierwise.calibration.cascades import DoubtRule, Signal
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.errors import InputError
from tierwise.tasks import Task, Tasks
from tierwise.tasks.condition_checks import load_condition

# What the rule of a tasks file is called.
_IN_DOUBT = "in doubt"


def doubt_rules(
    tasks: Tasks, names: Collection[str], labels: Sequence[str]
) -> dict[str, Sequence[DoubtRule]]:
    """By task, the rules of doubt: that of its `escalate`, and labels that mean doubt.

    Raises:
        InputError: no task has such a label, or a signal cannot be asked by itself.
    """
    found: dict[str, Sequence[DoubtRule]] = {}
    unused = set(labels)
    for name in names:
        task = tasks.task(name)
        rules = [DoubtRule(_IN_DOUBT, task.escalation.when, {})] if task.escalation else []
        for label in labels:
            if label in task.answer.choices():
                unused.discard(label)
                text = f"{name} == {json.dumps(label, ensure_ascii=False)}"
                rules.append(DoubtRule(label, load_condition(text, {name: task.answer}), {}))
        different = {rule.condition.text: rule for rule in reversed(rules)}
        found[name] = [_with_signals(rule, task, tasks) for rule in different.values()]
    if unused:
        raise InputError(
            f"--doubt={','.join(sorted(unused))}: no task that is calibrated has such a label. "
            "Add it to the labels of a task, or leave it out."
        )
    return found


def _with_signals(doubt: DoubtRule, task: Task, tasks: Tasks) -> DoubtRule:
    signals = {}
    for name in doubt.condition.tasks:
        if name == task.name:
            continue
        signal = tasks.task(name)
        if not can_be_calibrated(signal):
            raise InputError(
                f"task {task.name!r}: its `escalate` looks at {name}, which is asked about other "
                "answers, so that it cannot be tried by itself. Calibrate without this `escalate`."
            )
        signals[name] = Signal(trial_name(name, next(iter(own_route(signal)))), signal.digest)
    return replace(doubt, signals=signals)
