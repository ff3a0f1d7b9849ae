"""The one order in which the candidates of a task are tested, fixed before labels are read.

Each is tested with the whole error as long as all before it were good enough
(`tierwise.statistics.sequence`). So the order goes from what is nearest to the reference to what is
cheapest: first what asks about one picture in a request, by what a picture costs there by the
rules, the dearest first; then sheets and packs, the smallest first. Directly before a route stand
the rules that ask it first, or of some pictures, from the surest to the boldest: they lose less
than it does, so that they keep nothing good from being tested. Directly behind it stands the same
route together with other tasks. No label and no answer has a say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tierwise.calibration.composed import ComposedRoute
from tierwise.calibration.routes import Routes
from tierwise.errors import InputError
from tierwise.records import MediaResolution, Route
from tierwise.shown import shown, suggestion


def order_of(
    routes: Routes,
    composed: Sequence[ComposedRoute] = (),
    joint: Mapping[str, Route] = {},
    first: Sequence[str] = (),
    costs: Mapping[str, Decimal] = {},
) -> list[str]:
    """The names of all candidates but the reference, as they are tested.

    Args:
        routes: by name, the reference first.
        composed: rules, the surer of each kind first.
        joint: routes together with other tasks, by name.
        first: names that go before all others, in this order; those that are no candidates of the
            task are passed over.
        costs: what a picture alone costs at each of these routes by the rules, in any unit; without
            it, detail decides.
    """
    places = {
        **{name: _place(route, costs.get(name), 1) for name, route in routes.items()},
        **{name: _place(route, costs.get(name), 2) for name, route in joint.items()},
    }
    del places[next(iter(routes))]
    for one in composed:
        places[one.name] = _place(routes[one.base], costs.get(one.base), 0)
    found = sorted(places, key=places.__getitem__)
    wanted = [name for name in first if name in found]
    return [*wanted, *(name for name in found if name not in wanted)]


def _place(route: Route, cost: Decimal | None, kind: int) -> tuple[int, Decimal, int, int, int]:
    """What sorts a candidate: requests, price, detail, and whether it is surer than its route."""
    detail = list(MediaResolution).index(route.media_resolution)
    return route.images_per_request, -(cost or Decimal(0)), -detail, -route.image.max_side, kind


def check_order(first: Sequence[str], candidates: Mapping[str, Sequence[str]]) -> None:
    """Refuse names of `--order` that no task has; raises InputError.

    Args:
        first: what was written.
        candidates: by task, the names that are known before anything is asked.
    """
    known = list(dict.fromkeys(name for names in candidates.values() for name in names))
    for name in first:
        if name not in known:
            raise InputError(
                f"--order: {shown(name)} is not a route that is tried. "
                f"{suggestion(name, known, 'routes')}"
            )
