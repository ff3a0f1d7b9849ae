"""The order in which tasks are asked: each after those whose answers it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class CycleError(ValueError):
    """Tasks that wait for each other; `names` in the order in which each needs the next."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(" needs ".join((*names, names[0])))
        self.names = names

    def __reduce__(self) -> tuple[type[CycleError], tuple[tuple[str, ...]]]:
        return type(self), (self.names,)


def in_order(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names of `needs`, each after what it needs, otherwise as they came.

    >>> in_order({"b": ["a"], "a": [], "c": []})
    ('a', 'b', 'c')

    Raises:
        CycleError: some need each other.
    """
    ordered: dict[str, None] = {}
    waiting = list(needs)
    while waiting:
        ready = next((name for name in waiting if set(needs[name]) <= ordered.keys()), None)
        if ready is None:
            raise CycleError(_cycle(needs, waiting))
        ordered[ready] = None
        waiting.remove(ready)
    return tuple(ordered)


def _cycle(needs: Mapping[str, Collection[str]], waiting: list[str]) -> tuple[str, ...]:
    path: list[str] = []
    name = waiting[0]
    while name not in path:
        path.append(name)
        name = next(needed for needed in needs[name] if needed in waiting)
    return tuple(path[path.index(name) :])
