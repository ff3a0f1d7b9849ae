"""The audit: how often cheap answers differ from the reference route's, on the archive itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tierwise.calibration.calibration_file import Calibration
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.calibration.routes import dearest_first, route_name, usual_routes
from tierwise.evaluation import WHOLE, Against, PairKey, PairRow, PairTotals, written
from tierwise.looks import with_looks
from tierwise.records import Answer, Answered, Outcome
from tierwise.routing import AS_IT_IS
from tierwise.statistics.intervals import share_interval
from tierwise.statistics.two_samples import p_not_more_frequent
from tierwise.tasks import Task, Tasks
from tierwise.tasks.auditing import Audit
from tierwise.tasks.escalating import stages
from tierwise.tasks.sharing import NEVER

# What an audit must show before it says that a calibration has promised too much.
_ERROR = 0.05


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
        audit = replace(audit, promised_images=choice.images, promised_differing=found.differing)
    else:
        routes = dearest_first(usual_routes(task.route), task.prompt, on)
        reference = next(iter(routes.values()))
    tier, frames = task.route.service_tier, task.route.image.frames
    image = replace(reference.image, frames=frames)
    route = replace(reference, service_tier=tier, image=image)
    if route == task.route and not (task.adapts or shared):
        return None
    audit = replace(audit, reference=route_name(route, task.route))
    literal = replace(task, route=route, routing=AS_IT_IS, escalation=None, together=NEVER)
    return replace(literal, name=f"{task.name}@audit", audit=audit)


def audited_pairs(audits: Iterable[Task], answered: Answered) -> Iterator[PairRow]:
    """For each audited image of one content, the reference's answer beside the cheap one.

    Where the reference has no answer there is nothing to compare with.
    """
    found: dict[tuple[str, int], Outcome] = {(o.task, o.page.number): o for o in answered.outcomes}
    for task in audits:
        if task.audit is None:
            continue
        for (name, page), outcome in found.items():
            cheap = found.get((task.audit.of, page))
            if name == task.name and isinstance(outcome, Answer) and cheap is not None:
                value = cheap.value if isinstance(cheap, Answer) else None
                pair = (outcome.value, value) if task.answer.choices() else ("", "")
                key = PairKey(task.audit.of, Against.AUDIT, *map(written, pair))
                points = WHOLE * task.answer.is_same(value, outcome.value)
                yield key, PairTotals(1, points, (answered.uri,))


def audit_summary(tasks: Iterable[Task], rows: Iterable[PairRow]) -> dict[str, Any]:
    """The part of `run.json`: by task, how often the answers differ, and what was promised.

    `low` and `high` are the interval of Clopper and Pearson at 95 %. `worse_than_promised` is true
    when the exact test of Fisher refutes, at 5 %, that they differ no more often than they did in
    the calibration; None without a calibration.
    """
    rows = list(rows)
    return {
        task.audit.of: _of_task(task.audit, [row for row in rows if row[0].task == task.audit.of])
        for task in tasks
        if task.audit
    }


def _of_task(audit: Audit, rows: Iterable[PairRow]) -> Mapping[str, Any]:
    total = sum((one for key, one in rows if key.against is Against.AUDIT), PairTotals())
    differing = total.images - total.score // WHOLE
    interval = share_interval(differing, total.images)
    promised = audit.promised_images
    p_value = p_not_more_frequent(differing, total.images, audit.promised_differing, promised)
    return {
        "reference": audit.reference,
        "images": total.images,
        "differing": differing,
        "low": interval.low,
        "high": interval.high,
        "promised_images": promised,
        "promised_differing": audit.promised_differing,
        "worse_than_promised": p_value <= _ERROR if promised else None,
    }
