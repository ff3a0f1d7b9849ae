"""Which tasks are asked together in the end: the sets that cost least in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tierwise.calibration.choice import Choice
from tierwise.calibration.joint_routes import JointRoute

_0 = Decimal(0)


def chosen_together(
    choices: Mapping[str, Choice], joint: Sequence[JointRoute]
) -> dict[str, Choice]:
    """The choices of all tasks, with those sets asked together that cost least in all.

    A set is asked together where that is good enough for each of its tasks that has labels; no task
    is in two. Other tasks look on, and cost less than apart in any case.
    """
    choices = {task: _with_refusals(task, choices, joint) for task in choices}
    good = [
        one
        for one in joint
        if all(choices[task].route(name).accepted for task, name in one.names.items())
    ]

    def cost(task: str, name: str) -> Decimal:
        return choices[task].route(name).figures.usd_per_1000_images

    def saved(one: JointRoute) -> Decimal:
        mine = one.names.items()
        return sum((cost(task, choices[task].chosen) - cost(task, name) for task, name in mine), _0)

    taken = _most_saving([(one, saved(one)) for one in good])
    names = {task: name for one in taken for task, name in one.names.items()}
    return {
        task: replace(choice, chosen=names.get(task, choice.chosen))
        for task, choice in choices.items()
    }


def _most_saving(sets: Sequence[tuple[JointRoute, Decimal]]) -> list[JointRoute]:
    """Sets without a task in common that save most together."""
    best: tuple[Decimal, list[JointRoute]] = (_0, [])
    for place, (one, saved) in enumerate(sets):
        others = [
            (other, its)
            for other, its in sets[place + 1 :]
            if not set(other.tasks) & set(one.tasks)
        ]
        rest = _most_saving(others)
        total = saved + sum((its for other, its in others if other in rest), _0)
        if total > best[0]:
            best = total, [one, *rest]
    return best[1]


def _with_refusals(task: str, choices: Mapping[str, Choice], joint: Sequence[JointRoute]) -> Choice:
    """The choice, which says of each joint route for whom else it is not good enough."""
    refused = {
        one.names[task]: tuple(
            other
            for other, name in one.names.items()
            if other != task and not choices[other].route(name).accepted
        )
        for one in joint
        if task in one.names
    }
    routes = (replace(one, not_for=refused.get(one.name, ())) for one in choices[task].routes)
    return replace(choices[task], routes=tuple(routes))
