"""The audit: how often cheap answers differ from the reference route's, on the archive itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from math import ceil
from typing import Any

from tierwise.answerer import AnsweredBy
from tierwise.calibration.calibration_file import Calibration
from tierwise.calibration.choice import TriedRoute
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.calibration.routes import dearest_first, route_name, usual_routes
from tierwise.evaluation import WHOLE, Against, PairKey, PairRow, PairTotals, written
from tierwise.looks import with_looks
from tierwise.records import Answer, Answered, Failure, Outcome, Reason, of_model
from tierwise.routing import AS_IT_IS
from tierwise.statistics.clusters import Clusters
from tierwise.statistics.intervals import share_interval
from tierwise.statistics.two_samples import p_not_more_frequent
from tierwise.tasks import Task, Tasks
from tierwise.tasks.auditing import Audit
from tierwise.tasks.sharing import NEVER
from tierwise.tasks.stages import stages
from tierwise.tasks.top_down import tokens_of_tree

# What an audit must show before it says that a calibration has promised too much.
_ERROR = 0.05
# Behind the name of an audit: of what a local model answered.
_LOCALLY = " (local)"


class Side(StrEnum):
    """Which of both routes has no answer."""

    CHEAP = "cheap"
    REFERENCE = "reference"


def with_audits(tasks: Tasks, share: float, calibration: Calibration | None, on: date) -> Tasks:
    """The tasks, and for each that can be audited one more that asks a share of the contents again.

    The reference is the calibration's, else the dearest of the usual routes, to the letter for
    every picture, each asked by itself. A task that asks so already has nothing to be audited, and
    texts are hardly ever the same twice.
    """
    if not share:
        return tasks
    looks = with_looks([stage for task in tasks.tasks for stage in stages(task)])
    shared = {task.row_of for task in looks if task.look}
    audits = (
        _audit(task, share, calibration, on, shared=task.name in shared) for task in tasks.tasks
    )
    return replace(tasks, tasks=(*tasks.tasks, *(task for task in audits if task)))


def _audit(
    task: Task, share: float, calibration: Calibration | None, on: date, *, shared: bool
) -> Task | None:
    """The audit of a task, None of one that cannot differ; `shared` says that it looks with others.

    It is asked by itself, and an answer that came with others will not do.
    """
    if not can_be_calibrated(task) or not task.answer.recurs():
        return None
    audit = Audit(task.name, share, "")
    calibrated = calibration.tasks.get(task.name) if calibration else None
    if calibrated:
        choice = calibrated.choice
        reference = choice.route(choice.reference).route
        found = choice.route(choice.chosen)
        images, differing = _promised(found, choice.images)
        audit = replace(audit, promised_images=images, promised_differing=differing)
    else:
        tree = tokens_of_tree(task.answer, task.cut)
        routes = dearest_first(usual_routes(task.route, tree), task.prompt, on, tree=tree)
        reference = next(iter(routes.values()))
    tier, frames = task.route.service_tier, task.route.image.frames
    image = replace(reference.image, frames=frames)
    route = replace(reference, service_tier=tier, image=image, top_down=False)
    if route == task.route and not (task.adapts or shared):
        return None
    audit = replace(audit, reference=route_name(route, task.route))
    literal = replace(task, route=route, routing=AS_IT_IS, together=NEVER)
    literal = replace(literal, escalation=None, on_refusal=None, cut=(), local=None)
    return replace(literal, name=f"{task.name}@audit", audit=audit)


def _promised(found: TriedRoute, images: int) -> tuple[int, int]:
    """Of how many images with two answers how many differ; of units where images fail together.

    As many of these are said to differ as would make the same share, rounded up.
    """
    answered = images if found.answered is None else found.answered
    compared = found.comparison
    if compared is None or not 0 < compared.units < compared.images or not answered:
        return answered, found.differing
    units = max(1, answered * compared.units // compared.images)
    return units, min(units, ceil(found.differing * units / answered))


@dataclass(frozen=True, slots=True)
class AuditTally:
    """What the audit of one task found: `pairs` of answers, page by page, those of a file together.

    Images without an answer at one of both routes cannot be compared; they are counted by that
    route and the reason, at the cheap one where both have none. Sums are the same in any order.
    """

    pairs: Clusters = field(default_factory=Clusters)
    not_compared: Mapping[tuple[Side, Reason], int] = field(default_factory=dict)

    def __add__(self, other: AuditTally) -> AuditTally:
        together = Counter(self.not_compared)
        together.update(other.not_compared)
        return AuditTally(self.pairs + other.pairs, dict(together))


def audited_pairs(audits: Iterable[Task], answered: Answered) -> Iterator[PairRow]:
    """For each audited image of one content that has both, the reference's answer and the cheap."""
    against = [task for task in audits if task.audit and not task.audit.roles]
    for task, of, sides in _audited(against, answered):
        for cheap, dear in sides:
            if isinstance(cheap, Answer) and isinstance(dear, Answer):
                points = WHOLE * task.answer.is_same(cheap.value, dear.value)
                pair = (dear.value, cheap.value) if task.answer.choices() else ("", "")
                key = PairKey(of, Against.AUDIT, *map(written, pair))
                yield key, PairTotals(1, points, (answered.uri,))


def audit_tallies(audits: Iterable[Task], answered: Answered) -> Iterator[tuple[str, AuditTally]]:
    """For each audit that asked this content, how its images compare.

    What a local model answered stands apart: a calibration promised nothing of it.
    """
    for task, _, sides in _audited(audits, answered):
        local = [_is_local(cheap) for cheap, _ in sides]
        for apart, name in ((False, task.name), (True, task.name + _LOCALLY)):
            some = [pair for pair, is_local in zip(sides, local, strict=True) if is_local is apart]
            if some:
                yield name, _tally(task, some)


def _is_local(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and outcome.answered_by is AnsweredBy.LOCAL


def _tally(task: Task, sides: Sequence[tuple[Outcome, Outcome]]) -> AuditTally:
    same = [
        task.answer.is_same(cheap.value, dear.value)
        for cheap, dear in sides
        if isinstance(cheap, Answer) and isinstance(dear, Answer)
    ]
    pairs = Clusters.of(len(same), same.count(False)) if same else Clusters()
    return AuditTally(pairs, Counter(filter(None, (_lacking(*pair) for pair in sides))))


def _audited(
    audits: Iterable[Task], answered: Answered
) -> Iterator[tuple[Task, str, list[tuple[Outcome, Outcome]]]]:
    """Each audit that asked this content, the task it is of, and the outcomes of both by image."""
    found: dict[tuple[str, int], Outcome] = {
        (o.task, o.page.number): said for o in answered.outcomes if (said := of_model(o))
    }
    for task in audits:
        of = task.audit.of if task.audit else ""
        sides = [
            (cheap, dear)
            for (name, page), dear in found.items()
            if name == task.name and (cheap := found.get((of, page)))
        ]
        if sides:
            yield task, of, sides


def _lacking(cheap: Outcome, dear: Outcome) -> tuple[Side, Reason] | None:
    if isinstance(cheap, Failure):
        return Side.CHEAP, cheap.reason
    return (Side.REFERENCE, dear.reason) if isinstance(dear, Failure) else None


def audit_summary(
    tasks: Iterable[Task], tallies: Iterable[tuple[str, AuditTally]]
) -> dict[str, Any]:
    """The part of `run.json`: by task, how often the answers differ, and what was promised.

    `share` is that of a file's images on average, `low` and `high` its interval at 95 %.
    `worse_than_promised` is true when it is refuted, at 5 %, that they differ no more often than
    they did in the calibration; None without a calibration, or without anything to compare.
    `local` has the same of local answers, of which no calibration speaks; None without any.
    """
    by_task = dict(tallies)
    return {
        task.audit.of: {
            **_of_task(task.audit, by_task.get(task.name, AuditTally())),
            "local": _differing(local.pairs) if local else None,
        }
        for task in tasks
        if task.audit and not task.audit.roles
        for local in [by_task.get(task.name + _LOCALLY)]
    }


def asked_again(
    tasks: Iterable[Task], tallies: Iterable[tuple[str, AuditTally]]
) -> dict[str, dict[str, Any]]:
    """By task, how often Gemini differs from itself, with an interval at 95 %."""
    by_task = dict(tallies)
    return {
        task.audit.of: _differing(found)
        for task in tasks
        if task.audit and task.audit.roles
        for found in [by_task.get(task.name, AuditTally()).pairs]
        if found.members
    }


def _differing(found: Clusters) -> dict[str, Any]:
    interval = found.interval()
    return {
        "images": found.members,
        "differing": found.differing,
        "low": interval.low,
        "high": interval.high,
    }


def _of_task(audit: Audit, found: AuditTally) -> Mapping[str, Any]:
    pairs, interval = found.pairs, found.pairs.interval()
    sides: dict[str, dict[str, int]] = {}
    for (side, reason), images in sorted(found.not_compared.items()):
        sides.setdefault(str(side), {})[str(reason)] = images
    comparable = pairs.members and audit.promised_images
    return {
        "reference": audit.reference,
        "images": pairs.members,
        "files": pairs.clusters,
        "differing": pairs.differing,
        "share": pairs.share,
        "low": interval.low,
        "high": interval.high,
        "not_compared": sides,
        "promised_images": audit.promised_images,
        "promised_differing": audit.promised_differing,
        "worse_than_promised": _worse(audit, pairs) if comparable else None,
    }


def _worse(audit: Audit, pairs: Clusters) -> bool:
    """By the exact test of Fisher where every file is one image.

    Else by two intervals that do not meet: each is wrong on its side once in 40 times at most.
    """
    promised, differing = audit.promised_images, audit.promised_differing
    if pairs.alone:
        return p_not_more_frequent(pairs.differing, pairs.members, differing, promised) <= _ERROR
    confidence = 1 - _ERROR
    return pairs.interval(confidence).low > share_interval(differing, promised, confidence).high
