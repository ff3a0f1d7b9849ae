"""`together:`, which tasks may share a request with a task, checked."""

from __future__ import annotations

from tierwise.shown import shown, suggestion
from tierwise.tasks.keys import FileKeys
from tierwise.tasks.yaml_text import Document, Location

NEVER: tuple[str, ...] = ()


def together_of(document: Document, file: FileKeys, name: str) -> tuple[str, ...] | None:
    """The tasks with which one may be asked together: None for any; raises `TasksError`."""
    keys = file.tasks[name]
    places: dict[Location, object] = {
        ("tasks", name, "together"): keys.together,
        ("defaults", "together"): file.defaults.together,
        ("together",): file.together,
    }
    place = next((one for one, written in places.items() if written is not None), None)
    written = places[place] if place else "auto"
    if keys.picture:
        return NEVER
    if keys.input == "text" or keys.per:
        if place == ("tasks", name, "together") and written is not False:
            kind = "input: text" if keys.input == "text" else "per"
            problem = f"{shown(written)}: a task with `{kind}` has requests of its own."
            raise document.error(place, f"{problem} Remove it.")
        return NEVER
    if not isinstance(written, list) or place is None:
        return NEVER if written is False else None
    for position, other in enumerate(written):
        if problem := _problem(file, name, other, own=place[0] == "tasks"):
            raise document.error((*place, position), problem)
    others = tuple(sorted({*written} - {name}))
    if not others and written and place[0] == "tasks":
        raise document.error(place, f"it names {name} alone. Write false, or name other tasks.")
    return others


def _problem(file: FileKeys, name: str, other: str, *, own: bool) -> str:
    """Why a task cannot share with one that is named; empty where nothing speaks against it.

    A list that is not the task's `own` may name tasks that only some can share with.
    """
    if other not in file.tasks:
        return f"{shown(other)} is not a task. {suggestion(other, list(file.tasks), 'tasks')}"
    keys, named = file.tasks[name], file.tasks[other]
    if not own:
        return ""
    remedy = "Leave it out."
    if named.input == "text" or named.per or named.picture:
        return f"{other} has requests of its own. {remedy}"
    if named.together is False:
        return f"{other} says `together: false`. {remedy}"
    if (named.model or file.model) != (keys.model or file.model):
        return f"{other} asks another model. {remedy}"
    return ""
