"""Which labelled images would come to a task in a run, judged by what is right about them.

A task with `when` is asked of few images, and how right it is there says nothing of how right it is
elsewhere. So it is tried on those labelled images on whose truths its condition holds; the tasks
that it looks at must be asked of them too, and have a truth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.tasks import Task, Tasks


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether a task is asked of an image; `lacking` names the truths that it would take to say.

    They are columns: a task's, or `task.property`. Where something is lacking, `asked` is false.
    """

    asked: bool
    lacking: tuple[str, ...] = ()


def reached(name: str, tasks: Tasks, truths: Mapping[str, Any]) -> Reached:
    """Whether a task would be asked of an image with these truths, typed answers by task.

    >>> from tierwise.tasks import load_tasks
    >>> tasks = load_tasks('''
    ... model: gemini-3.1-flash-lite
    ... tasks:
    ...   detail: {prompt: Worth a look, labels: ["yes", "no"]}
    ...   mark: {prompt: Any mark, labels: ["yes", "no"], when: detail == "yes"}
    ... ''', path="tasks.yaml")
    >>> reached("mark", tasks, {"detail": "yes"}).asked, reached("mark", tasks, {"detail": "no"})
    (True, Reached(asked=False, lacking=()))
    >>> reached("mark", tasks, {})
    Reached(asked=False, lacking=('detail',))
    """
    task = tasks.task(name)
    before = [reached(needed, tasks, truths) for needed in task.depends_on]
    if any(not one.asked and not one.lacking for one in before):
        return Reached(asked=False)
    lacking = [column for one in before for column in one.lacking]
    lacking += _lacking(task, truths)
    if lacking:
        return Reached(asked=False, lacking=tuple(dict.fromkeys(lacking)))
    return Reached(asked=task.applies(truths))


def gates(names: Collection[str], tasks: Tasks) -> list[str]:
    """The tasks whose answers decide whether these are asked of an image, in their order."""
    found, waiting = set[str](), [*names]
    while waiting:
        task = tasks.task(waiting.pop())
        needed = {*task.depends_on, *signals_of(task)} - found
        found |= needed
        waiting += needed
    return [task.name for task in tasks.tasks if task.name in found]


def signals_of(task: Task) -> tuple[str, ...]:
    """The other tasks that its `escalate` looks at."""
    named = task.escalation.when.tasks if task.escalation else ()
    return tuple(name for name in named if name != task.name)


def _lacking(task: Task, truths: Mapping[str, Any]) -> Iterator[str]:
    """What its condition looks at and nobody has said; a property that is not there is unknown."""
    for comparison in task.when.root.comparisons() if task.when else ():
        for name, *fields in filter(None, (comparison.path, comparison.other)):
            if name not in truths:
                yield name
            elif fields and fields[0] not in truths[name]:
                yield f"{name}.{fields[0]}"
