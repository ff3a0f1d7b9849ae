"""Which route a question takes for one picture, and why. Pure: the same picture, the same route.

Two rules adapt a task's route; both follow from what is known of a page once it was opened, so that
a journal that knows the page knows the route as well:

    fine detail   a higher media resolution for pictures with more fine detail than a threshold
    fewer pixels  never more media resolution than the picture has pixels for

The second has the last word, and never raises. It is for tasks that name no media resolution
(`auto`), for those that ask for it, and for calibrations that have shown it: what a tasks file or a
calibration names is what is asked. Pictures on a contact sheet share its resolution,
so that no rule changes theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tierwise.models import find_model
from tierwise.records import AS_TASK, MediaResolution, Page, Route
from tierwise.sizes import sized_for
from tierwise.tiers import pixels_worth_sending, worth_sending

AS_CALIBRATED = "as calibrated"
_DETAIL, _FIT = "fine detail ", " px fit "

# Pages of these have a size on paper, and as many pixels as one likes.
_WITHOUT_PIXELS = {"pdf"}
_LADDER = tuple(MediaResolution)


@dataclass(frozen=True, slots=True)
class Routing:
    """The rules by which a task's route is adapted to each picture.

    `fit_pixels` turns the rule of fewer pixels on. `detail_above` is the fine detail (see
    `tierwise.images.fine_detail`, 0 to 1) above which a picture is asked at `detail_resolution`;
    None turns that rule off. `measures` has fine detail measured even where no rule needs it.
    `calibrated` says that a calibration chose the route, and of its images `raised_share` had more
    detail than the threshold: neither changes what is asked. Nor does `fit_written`, what the tasks
    file says of `fit_pixels`, None where it says nothing: then a calibration may turn it on.
    """

    fit_pixels: bool = True
    detail_above: float | None = None
    detail_resolution: MediaResolution = MediaResolution.HIGH
    measures: bool = False
    calibrated: bool = False
    raised_share: float | None = None
    fit_written: bool | None = None

    @property
    def may_fit(self) -> bool:
        """Whether a calibration may ask pictures with few pixels lower."""
        return self.fit_written is not False

    @property
    def at_named(self) -> Routing:
        """The same rules for a media resolution that somebody named, which is asked as it is."""
        return replace(self, fit_pixels=self.fit_written is True)

    @property
    def measures_detail(self) -> bool:
        """Whether the fine detail of a picture must be known."""
        return self.measures or self.detail_above is not None


# A task that is asked by its route to the letter, whatever the picture.
AS_IT_IS = Routing(fit_pixels=False, fit_written=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """The route that one picture takes, and why, for people."""

    route: Route
    reason: str


def decide(route: Route, routing: Routing, page: Page) -> Decision:
    """The route of one picture, of which not everything need be known.

    What is not known changes nothing: without a size there are pixels enough, without a measured
    detail there is none.
    """
    resolution = route.media_resolution
    reason = AS_CALIBRATED if routing.calibrated else AS_TASK
    if route.images_per_sheet > 1:
        return Decision(route, reason)
    above, detail = routing.detail_above, page.detail
    if above is not None and detail is not None and detail > above:
        raised = _raised(route, routing)
        if raised is not resolution:
            resolution, reason = raised, f"{_DETAIL}{detail:g} above {above:g}: {raised}"
    if routing.fit_pixels:
        fitting = _cheapest_that_fits(route, resolution, page)
        if fitting is not resolution:
            resolution, reason = fitting, f"{page.width}x{page.height}{_FIT}{fitting}"
    return Decision(at_resolution(route, resolution), reason)


def follows_picture(reason: str) -> bool:
    """Whether a picture decided about its media resolution, by the reason that was given.

    >>> follows_picture("640x480 px fit low"), follows_picture(AS_CALIBRATED)
    (True, False)
    """
    return reason.startswith(_DETAIL) or _FIT in reason


def dearest(route: Route, routing: Routing) -> Route:
    """The dearest route that any picture may take."""
    if routing.detail_above is None or route.images_per_sheet > 1:
        return route
    return at_resolution(route, _raised(route, routing))


def reachable(route: Route, routing: Routing) -> frozenset[Route]:
    """Every route that some picture may take."""
    offered = _offered(route)
    tops = {route.media_resolution, dearest(route, routing).media_resolution}
    if routing.fit_pixels and route.images_per_sheet == 1:
        tops |= set(offered[: max(map(offered.index, tops))])
    return frozenset(at_resolution(route, resolution) for resolution in tops)


def adapts(route: Route, routing: Routing) -> bool:
    """Whether any picture may take another route than the task's."""
    lowest = route.media_resolution in _offered(route)[:1]
    lowers = routing.fit_pixels and not lowest and route.images_per_sheet == 1
    return lowers or dearest(route, routing) != route


def knows_enough(route: Route, routing: Routing, page: Page) -> bool:
    """Whether the route of a picture, and what is to be measured of it, follow from its page."""
    if routing.measures_detail and page.detail is None:
        return False
    return bool(page.format) or not adapts(route, routing)


def has_pixels(page: Page) -> bool:
    """Whether the size of a page is known, and in pixels."""
    return page.width > 0 and page.height > 0 and page.format not in _WITHOUT_PIXELS


def at_resolution(route: Route, resolution: MediaResolution) -> Route:
    """The same route at another media resolution, with a picture of the size that goes with it.

    A size of the task's own is kept, unless a higher resolution could do nothing with it.
    """
    if resolution is route.media_resolution:
        return route
    image, usual = route.image, pixels_worth_sending(route.model, resolution)
    if image.tokens:
        image = sized_for(image, route.model, resolution)
    elif image.max_side == pixels_worth_sending(route.model, route.media_resolution):
        image = replace(image, max_side=usual)
    elif _higher(route.media_resolution, resolution) is resolution:
        image = replace(image, max_side=max(image.max_side, usual))
    return replace(route, media_resolution=resolution, image=image)


def _cheapest_that_fits(route: Route, most: MediaResolution, page: Page) -> MediaResolution:
    """The lowest media resolution, at most `most`, that sees every pixel of a picture."""
    if not has_pixels(page):
        return most
    lower = _offered(route)[: _offered(route).index(most)]
    return next((one for one in lower if _sees_all(route.model, one, page)), most)


def _sees_all(model: str, resolution: MediaResolution, page: Page) -> bool:
    """Whether nothing is lost, neither to the model's eye nor by the size that is sent."""
    size = page.width, page.height
    sent_whole = max(size) <= pixels_worth_sending(model, resolution)
    return sent_whole and worth_sending(model, resolution, *size) == size


def _offered(route: Route) -> tuple[MediaResolution, ...]:
    """The media resolutions of a route's model, the cheapest first."""
    offered = find_model(route.model).media_resolutions
    return tuple(one for one in _LADDER if one in offered)


def _raised(route: Route, routing: Routing) -> MediaResolution:
    """The media resolution of fine detail, where the route's model offers one that is higher."""
    if routing.detail_resolution not in _offered(route):
        return route.media_resolution
    return _higher(route.media_resolution, routing.detail_resolution)


def _higher(one: MediaResolution, other: MediaResolution) -> MediaResolution:
    return max(one, other, key=_LADDER.index)
