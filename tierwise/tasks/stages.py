"""The asks that a task comes to, one after the other, each a task of its own.

    first ─▶ if declined: `on_refusal` ─▶ if in doubt: `escalate` ─▶ if declined: `on_refusal`

A task without `escalate` and `on_refusal` is one ask. The last has the row in any case, whichever
of them was needed; the outcomes of those before it have none of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tierwise.answers.labels import OneLabel
from tierwise.records import Answer, Failure, Outcome, Route
from tierwise.tasks.conditions import Comparison, Condition
from tierwise.tasks.sharing import NEVER
from tierwise.tasks.task import Task
from tierwise.taxonomy.cut import above_cut

# Asks that are told apart have the name of their task with one of these, or both.
ESCALATED, ON_REFUSAL = "@escalated", "@on_refusal"
_FIRST, _REFUSED, _SECOND = "first", "refused", "second"
_WORD = "on_refusal"


def first_ask(task: str) -> str:
    """What the first of several asks is called.

    >>> first_ask("category")
    'category@first'
    """
    return f"{task}@{_FIRST}"


def asks_before(task: str) -> tuple[str, ...]:
    """What all asks may be called that come before the last."""
    return tuple(f"{task}@{name}" for name in (_FIRST, _REFUSED, _SECOND))


def stages(task: Task) -> Iterator[Task]:
    """The asks of a task in their order."""
    *earlier, (_, row) = _asks(task)
    before = ""
    for name, ask in earlier:
        one = replace(_after(ask, before), name=f"{task.name}@{name}", first_of=task.name)
        yield one
        before = one.name
    yield _after(row, before)


def after_refusal(first: Outcome | None, second: Outcome | None) -> Outcome | None:
    """What came of a task that was asked again where Gemini declined, if it was."""
    if not isinstance(first, Failure) or second is None:
        return first
    if isinstance(second, Answer):
        return replace(second.after(first), route_reason=f"{_WORD}: {first.message}")
    return replace(second.after(first), message=f"{first.message}; {_WORD}: {second.message}")


def after_doubt(first: Outcome | None, second: Outcome | None) -> Outcome | None:
    """What came of a task that was asked again where its answer was in doubt, if it was."""
    if first is None or second is None:
        return first
    return second.after(first)


def below_first(first: Outcome | None, second: Outcome | None) -> Outcome | None:
    """What came of a task that was asked once more below the label that was answered, if it was."""
    if first is None or second is None:
        return first
    return replace(second.after(first), below=True)


def _asks(task: Task) -> Iterator[tuple[str, Task]]:
    """Each by a name among them."""
    once = task.on_refusal is not None
    top_down = bool(task.cut) and task.route.top_down
    alone = replace(
        task,
        route=replace(task.route, top_down=False),
        cut=task.cut if top_down else (),
        escalation=None,
        on_refusal=None,
        declined_once=once,
    )
    first, again = alone, None
    if top_down:
        decides = f"{task.name}@{_REFUSED if once else _FIRST}"
        first, again = _down(alone, decides)
    elif task.escalation:
        others = tuple(name for name in task.needs if name not in task.depends_on)
        doubted = replace(alone, when=task.escalation.when, depends_on=(*task.depends_on, *others))
        again = _by(doubted, task.escalation.route)
    yield _FIRST, first
    if task.on_refusal:
        yield _REFUSED, _at_refusal(first, task.on_refusal)
    if again:
        yield _SECOND, replace(again, stage=ESCALATED)
        if task.on_refusal:
            there = _at_refusal(again, task.on_refusal)
            yield "second_refused", replace(there, stage=ESCALATED + ON_REFUSAL)


def _down(task: Task, decides: str) -> tuple[Task, Task]:
    """The two questions about a tree: down to its cut, and below what the ask `decides` answered.

    The second shares its requests with no other task: others are not asked about branches.
    """
    answer = task.answer
    if not isinstance(answer, OneLabel) or answer.taxonomy is None:
        raise TypeError(f"{task.name}: {answer} is no tree")
    above = above_cut(answer.taxonomy, task.cut)
    goes_on = Comparison((task.name,), "in", task.cut, 1)
    below = replace(
        task,
        when=Condition(f"{task.name} in ...", goes_on, (task.name,)),
        cut_by=decides,
        together=NEVER,
        depends_on=(decides, *task.depends_on),
    )
    return replace(task, answer=OneLabel(above.options, above), cut=()), below


def _after(ask: Task, before: str) -> Task:
    """The ask as it comes after another, which is named if there is one."""
    if not before:
        return ask
    depends_on = tuple(dict.fromkeys((before, *ask.depends_on)))
    return replace(ask, after_first=before, depends_on=depends_on)


def _at_refusal(task: Task, route: Route) -> Task:
    """An ask of what was declined: by itself, for it would be declined with whatever is beside it.

    Of a trial of asking together it is no part.
    """
    together = NEVER if task.tried_with else task.together
    ask = replace(task, when=None, after_refusal=True, together=together, tried_with=())
    return _by(replace(ask, stage=ON_REFUSAL), route)


def _by(task: Task, route: Route) -> Task:
    """The task by a route of which the tier and the frames are the task's own."""
    image = replace(route.image, frames=task.route.image.frames)
    named = route.media_resolution is not task.route.media_resolution
    return replace(
        task,
        route=replace(route, image=image, service_tier=task.route.service_tier),
        routing=task.routing.at_named if named else task.routing,
    )
