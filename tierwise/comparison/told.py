"""What a comparison says, as JSON: of each output, and task by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.comparison.picture_rows import ANSWERED, BY_PEOPLE
from tierwise.comparison.sums import ABSENT, BothAsked, SideSums, TaskSums, told_answer
from tierwise.report.task_facts import AskedTask

# What is listed of each task; `changes.csv` has all.
_MOST_PAIRS = 100
_MOST_LABELS = 200
_PROMPT = "prompt"
# What may differ between two ways to ask a task, in the order in which it matters.
_ASKED = (
    *("model", _PROMPT, "media_resolution", "service_tier", "max_side", "quality"),
    *("images_per_request", "when", "kind", "per"),
)
_NO_ANSWER = {ABSENT, ANSWERED, BY_PEOPLE}

# A label's row of the table `counts`, by task and label.
Counted = Mapping[tuple[str, str], Mapping[str, Any]]


def task_facts(
    task: BothAsked, sums: TaskSums, counted: Counted, *, sample: bool
) -> dict[str, Any]:
    """One task. Where the pictures are a `sample`, the share that changed has its 95 % interval."""
    compared, states = sums.compared, sums.states
    facts: dict[str, Any] = {
        "asked_otherwise": dict(_differing(task.old, task.new)),
        "compared": compared,
        "changed": sums.changed,
        "share_changed": sums.changed / compared if compared else None,
    }
    if sample and compared and not task.new.per:
        interval = sums.files.interval()
        facts |= {
            "file_share_changed": sums.files.share,
            "low": interval.low,
            "high": interval.high,
        }
    facts |= {
        "answered_by_people": sums.by_people,
        "only_in_old": _sum(states, {ANSWERED, BY_PEOPLE}, {ABSENT}),
        "only_in_new": _sum(states, {ABSENT}, {ANSWERED, BY_PEOPLE}),
        "failures": _failures(states),
    }
    if task.has_labels:
        facts["pairs"] = _pairs(task, sums)
        facts["changes_in_other_pairs"] = sums.changed - sum(
            one["pictures"] for one in facts["pairs"]
        )
        facts["labels"] = list(_labels(task, sums, counted))
        facts["labels_gone"] = _without(task.old.labels, task.new.labels)
        facts["labels_added"] = _without(task.new.labels, task.old.labels)
    return facts


def scores(task: str, runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How right each of the `runs` was by the labels of its manifest, where it had any."""
    found = {name: run.get("evaluation", {}).get(task, {}) for name, run in runs.items()}
    kept = ("score", "images", "low", "high")
    return {
        name: {key: one[key] for key in kept if key in one}
        for name, one in found.items()
        if "score" in one
    }


def side_facts(run: Mapping[str, Any], output: str, sums: SideSums, archive: int) -> dict[str, Any]:
    """One output; `archive` are the pictures that both are priced for."""
    asked = sums.asked_nano
    scaled = None if asked is None or not sums.pictures else Fraction(asked, sums.pictures)
    return {
        "output": output,
        "run_id": run["run_id"],
        "ended_at": run["ended_at"],
        "models": sorted({task["model"] for task in run["asked"]}),
        "pictures": sums.pictures,
        "spent_usd": run["totals"]["cost_usd"],
        "spent_by_all_runs_usd": run["all_runs"]["cost_usd"],
        "usd_per_1000_pictures": None if scaled is None else f"{usd(round(scaled * 1000)):f}",
        "unasked": _ordered(sums.unasked_as),
        "archive_usd": None if scaled is None else f"{usd(round(scaled * archive)):f}",
    }


def _differing(old: AskedTask, new: AskedTask) -> Iterator[tuple[str, list[Any]]]:
    then, now = asdict(old), asdict(new)
    for name in _ASKED:
        if then[name] != now[name]:
            yield name, [then[name], now[name]]


def _failures(states: Counter[tuple[str, str]]) -> dict[str, Any]:
    """By reason: all of then, all of now, and what became of either."""
    found: dict[str, Counter[str]] = {name: Counter() for name in ("old", "new", "begun", "mended")}
    both = 0
    for (old, new), pictures in states.items():
        failed = old not in _NO_ANSWER, new not in _NO_ANSWER
        if failed[0]:
            found["old"][old] += pictures
            if new in (ANSWERED, BY_PEOPLE):
                found["mended"][old] += pictures
        if failed[1]:
            found["new"][new] += pictures
            if old in (ANSWERED, BY_PEOPLE):
                found["begun"][new] += pictures
        both += pictures * all(failed)
    return {
        "old": _ordered(found["old"]),
        "new": _ordered(found["new"]),
        "answered_in_old_failed_in_new": _ordered(found["begun"]),
        "failed_in_old_answered_in_new": _ordered(found["mended"]),
        "failed_in_both": both,
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _sum(states: Counter[tuple[str, str]], old: set[str], new: set[str]) -> int:
    return sum(n for (then, now), n in states.items() if then in old and now in new)


def _pairs(task: BothAsked, sums: TaskSums) -> list[dict[str, Any]]:
    most = sorted(sums.pairs.items(), key=lambda one: (-one[1], one[0]))[:_MOST_PAIRS]
    return [
        {
            "old": told_answer(task.old, old),
            "new": told_answer(task.new, new),
            "pictures": pictures,
        }
        for (old, new), pictures in most
    ]


def _labels(task: BothAsked, sums: TaskSums, counted: Counted) -> Iterator[dict[str, Any]]:
    """Labels by how much their number changed, with how many there are where people have said."""
    names = {*sums.old_labels, *sums.new_labels}

    def order(label: str) -> tuple[int, int, str]:
        old, new = sums.old_labels[label], sums.new_labels[label]
        return -abs(new - old), -(new + old), label

    for label in sorted(names, key=order)[:_MOST_LABELS]:
        row = {"label": label, "old": sums.old_labels[label], "new": sums.new_labels[label]}
        found = counted.get((task.new.name, label))
        if found:
            row |= {name: found[name] for name in ("share", "low", "high", "method", "labelled")}
        yield row


def _without(labels: Sequence[str], others: Sequence[str]) -> list[str]:
    kept = set(others)
    return [label for label in labels if label not in kept][:_MOST_LABELS]
