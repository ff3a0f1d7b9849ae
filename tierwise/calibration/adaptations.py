"""The rules that give each picture a route of its own, as candidates beside the routes.

Starting from the reference, pictures with few pixels take a cheaper media resolution; starting from
the cheapest, pictures with much fine detail take the reference. Which pictures, their sizes and
their detail tell alone; the thresholds that are tried are quantiles of the detail, so no label and
no answer has a say. Each rule saves on all pictures that the rule before it saves on, and on more;
the cheapest route saves on all. So they are tested before it, from the surest to the boldest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tierwise.calibration.composed import ComposedRoute
from tierwise.calibration.routes import Routes
from tierwise.records import MediaResolution, Page
from tierwise.routing import Routing, decide

# The shares of the images that thresholds leave above them.
_RAISED_SHARES = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
_LADDER = tuple(MediaResolution)


def adaptations(routes: Routes, pages: Sequence[Page], own: Routing) -> list[ComposedRoute]:
    """Every rule that differs from all routes on these images, and asks no route that is not tried.

    Args:
        routes: by name, the reference first.
        pages: of each image its size and its fine detail, in the order of the observations.
        own: the rules of the tasks file, of which fewer pixels may be off.
    """
    names = {route: name for name, route in routes.items()}
    seen = {(name,) * len(pages) for name in routes}
    found = []
    for name, base, routing in _rules(routes, pages, own):
        taken = [names.get(decide(routes[base], routing, page).route, "") for page in pages]
        if all(taken) and tuple(taken) not in seen:
            seen.add(tuple(taken))
            found.append(ComposedRoute(name, base, [(one,) for one in taken], routing))
    return found


def literal_routings(routes: Routes, pages: Sequence[Page], own: Routing) -> Mapping[str, Routing]:
    """The rule that each route stands for as it was asked, by name.

    Fewer pixels is on only where the tasks file says so, and where it would have changed no image,
    and so nothing that was measured.
    """
    return {
        name: Routing(
            own.fit_written is True
            and all(decide(route, Routing(), page).route == route for page in pages)
        )
        for name, route in routes.items()
    }


def _rules(
    routes: Routes, pages: Sequence[Page], own: Routing
) -> Iterator[tuple[str, str, Routing]]:
    """Name, route to start from, and rule: the surest first."""
    reference = next(iter(routes))
    if own.may_fit:
        yield f"{reference}, less where few pixels", reference, Routing()
    cheapest, dear = _cheapest(routes), routes[reference].media_resolution
    if cheapest != reference:
        for above, share in _thresholds(pages):
            routing = Routing(own.fit_pixels, above, dear, raised_share=share)
            yield f"{cheapest}, {dear} above {above:g}", cheapest, routing


def _cheapest(routes: Routes) -> str:
    """The lowest media resolution among routes that differ from the reference in nothing else."""
    reference = next(iter(routes.values()))
    image, resolution = reference.image, reference.media_resolution
    alike = [
        name
        for name, route in routes.items()
        if replace(route, image=image, media_resolution=resolution) == reference
    ]
    return min(
        alike,
        key=lambda name: (
            _LADDER.index(routes[name].media_resolution),
            -routes[name].image.max_side,
        ),
    )


def _thresholds(pages: Sequence[Page]) -> Iterator[tuple[float, float]]:
    """Figures of fine detail, and which share of the images has more; none where all are alike."""
    details = sorted((page.detail or 0.0 for page in pages), reverse=True)
    thresholds = dict.fromkeys(details[int(share * len(details))] for share in _RAISED_SHARES)
    for above in thresholds:
        if raised := sum(detail > above for detail in details):
            yield above, raised / len(details)
