"""Which tasks of a run are answered locally, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from tierwise.local.who_can import why_asked
from tierwise.tasks import Task, Tasks
from tierwise.tasks.local_terms import LocalTerms


def with_local(tasks: Tasks, differ: Decimal | None) -> tuple[Tasks, list[str]]:
    """The tasks, those that cannot be answered locally without `local`; and why, for people.

    `differ` is the share for all that say nothing themselves, None for none.
    """
    changed, told = list[Task](), list[str]()
    for task in tasks.tasks:
        terms = task.local or (LocalTerms(differ) if differ else None)
        if terms is None or not terms.differ:
            changed.append(replace(task, local=None))
            continue
        why = why_asked(task, tasks.tasks)
        changed.append(replace(task, local=None if why else terms))
        if why:
            told.append(f"task {task.name!r} is asked, and not answered locally: {why}.")
    return replace(tasks, tasks=tuple(changed)), told


def local_groups(looks: Sequence[Sequence[Task]]) -> tuple[tuple[str, ...], ...]:
    """Tasks that are answered locally together or not at all: those that look together at first."""
    firsts = ([task.row_of for task in look if task.local and _is_first(task)] for look in looks)
    return tuple(tuple(rows) for rows in firsts if rows)


def half_local(looks: Sequence[Sequence[Task]]) -> Iterator[tuple[str, str]]:
    """Tasks with `local` whose picture is sent anyway, each with a task that needs it."""
    for look in looks:
        firsts = [task for task in look if _is_first(task)]
        asked = [task.row_of for task in firsts if not task.local]
        for task in firsts if asked else ():
            if task.local:
                yield task.row_of, asked[0]


def _is_first(task: Task) -> bool:
    return not task.after_first and not task.audit
