"""What ran: version, models, tasks, routes, flags, times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tierwise.answerer import Answerer, ServiceKind
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.written import count
from tierwise.skipped_files import skipped_total


@dataclass(frozen=True, slots=True)
class WhatRan:
    """Names and values for a table; model versions with how many answers each gave."""

    facts: tuple[tuple[str, str], ...]
    flags: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, int], ...]


def what_ran(run: Mapping[str, Any], tallies: Iterable[AnswersTally]) -> WhatRan:
    """Of a finished run; flags hold no secrets, since none is taken as a flag."""
    versions: Counter[str] = Counter()
    for tally in tallies:
        versions += tally.versions
    facts = {
        "tierwise": run["tierwise"],
        "run": run["run_id"],
        "began": _time(run["started_at"]),
        "ended": _time(run["ended_at"]),
        "took": _duration(run["started_at"], run["ended_at"]),
        "status": run["status"].replace("_", " "),
        "files": count(run["files"]),
        "files that were skipped": count(skipped_total(run)),
        "pictures": count(run["images"]),
        "requests": count(run["totals"]["requests"]),
        **dict(_who_answered(run)),
    }
    return WhatRan(
        tuple(facts.items()),
        tuple((name, str(value)) for name, value in sorted(run["flags"].items())),
        tuple(versions.most_common()),
    )


def _who_answered(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who answered, and whose answers in the journal were taken or left; early runs do not say."""
    if "answerer" in run:
        answerer = Answerer(ServiceKind(run["answerer"]["service"]), run["answerer"]["emulator"])
        yield "answered by", answerer.told
    others = run.get("others_answers", {})
    for service, answers in others.get("taken", {}).items():
        yield f"answers recalled that {service} gave", count(answers)
    for sender, answers in others.get("left_alone", {}).items():
        yield f"answers left alone, {sender}", count(answers)


def _time(written: str) -> str:
    return datetime.fromisoformat(written).strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _duration(began: str, ended: str) -> str:
    """A time for people.

    >>> _duration("2026-11-27T08:53:07+00:00", "2026-11-28T10:54:13+00:00")
    '26 h 1 min'
    """
    spent = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    seconds = int(spent.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"
