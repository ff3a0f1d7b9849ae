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
    if keys.input == "text" or keys.per:
        if place == ("tasks", name, "together") and written is not False:
            kind = "input: text" if keys.input == "text" else "per"
            problem = f"{shown(written)}: a task with `{kind}` has requests of its own."
            raise document.error(place, f"{problem} Remove it.")
        return NEVER
    if not isinstance(written, list) or place is None:
        return NEVER if written is False else None
    for position, other in enumerate(written):
        if other not in file.tasks:
            remedy = suggestion(other, list(file.tasks), "tasks")
            raise document.error((*place, position), f"{shown(other)} is not a task. {remedy}")
    return tuple(sorted({*written} - {name}))
