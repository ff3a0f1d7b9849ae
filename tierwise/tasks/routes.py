"""The route of a task, from its keys, the file's defaults and what the model offers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tierwise.contact_sheets import side_on_sheet
from tierwise.errors import ModelError, TasksError
from tierwise.long_pictures import long_split
from tierwise.models import find_model
from tierwise.profiles import DEFAULT_QUALITY, PROFILES
from tierwise.records import ImageSettings, MediaResolution, Route, ServiceTier
from tierwise.sizes import sized_for
from tierwise.tasks.keys import AUTO, FileKeys, ImageKeys, SizeKeys, TaskKeys
from tierwise.tiers import counts_pixels, pixels_worth_sending, token_budget

DEFAULT_RESOLUTION = MediaResolution.LOW


def written_resolution(file: FileKeys, task: TaskKeys) -> MediaResolution | None:
    """The media resolution that the file names for a task; None for auto, also where unsaid."""
    written = task.media_resolution or file.defaults.media_resolution or AUTO
    return None if written == AUTO else MediaResolution(written)


def route_of(file: FileKeys, task: TaskKeys) -> Route:
    """How a task is asked; the caller checks it."""
    model = task.model or file.model
    resolution = written_resolution(file, task) or DEFAULT_RESOLUTION
    pack = task.images_per_request or file.defaults.images_per_request or 1
    sheet = task.images_per_sheet or file.defaults.images_per_sheet or 1
    if task.input == "text":
        resolution = DEFAULT_RESOLUTION
    image = image_settings(file.defaults.image, task.image, model, resolution)
    if task.input == "text" or task.per:
        pack = sheet = 1
        image = replace(image, by_reference=False)
    route = Route(
        model=model,
        media_resolution=resolution,
        image=image,
        images_per_request=pack,
        service_tier=task.service_tier or file.service_tier or ServiceTier.STANDARD,
    )
    return on_sheets(route, sheet) if sheet > 1 else route


def on_sheets(route: Route, images: int) -> Route:
    """The route with so many images per contact sheet, each no larger than it is seen there.

    One that puts a single image in a request puts a single sheet there.
    """
    seen = side_on_sheet(pixels_worth_sending(route.model, route.media_resolution), images)
    return replace(
        route,
        image=replace(route.image, max_side=min(route.image.max_side, seen), tokens=0),
        images_per_request=images if route.images_per_request == 1 else route.images_per_request,
        images_per_sheet=images,
    )


def route_beside(
    own: Route,
    model: str | None,
    resolution: MediaResolution | None,
    size: SizeKeys,
    *,
    pack: int,
    sheet: int,
) -> Route:
    """A second route of a task: what is left out is as in its own, and the size as it is seen.

    `pack` and `sheet` are images per request and per contact sheet.
    """
    model, resolution = model or own.model, resolution or own.media_resolution
    alike = (model, resolution, sheet) == (own.model, own.media_resolution, own.images_per_sheet)
    usual = own.image if alike else sized_for(own.image, model, resolution, sheet)
    side, quality = PROFILES.get(size.profile or "", (0, own.image.quality))
    image = replace(usual, quality=size.quality or quality)
    if size.max_side or side:
        image = replace(image, max_side=size.max_side or side, tokens=0)
        # A calibration writes the usual size so, where the first ask has a size of its own.
        seen = sized_for(image, model, resolution, sheet)
        image = seen if seen.max_side == image.max_side else image
    return replace(
        own,
        model=model,
        media_resolution=resolution,
        image=image,
        images_per_request=pack,
        images_per_sheet=sheet,
    )


def check_model(name: str) -> None:
    """Refuse aliases, unknown models, and models that draw."""
    if find_model(name).image_output:
        raise ModelError(
            f'model "{name}" answers with pictures, as `picture:` asks. Pin one that answers in '
            'words, such as "gemini-3.1-flash-lite".'
        )


def check_resolution(model: str, resolution: MediaResolution) -> None:
    """Refuse a media resolution that the model lacks."""
    offered = find_model(model).media_resolutions
    if resolution not in offered:
        raise ModelError(
            f'model "{model}" has no media resolution "{resolution}". '
            f"Write one of: {', '.join(offered)}."
        )


def check_tier(model: str, tier: ServiceTier) -> None:
    """Refuse a service tier that the model lacks."""
    offered = find_model(model).service_tiers
    if tier not in offered:
        raise ModelError(
            f'model "{model}" has no service tier "{tier}". Write one of: {", ".join(offered)}.'
        )


def check_sheet(route: Route) -> None:
    """Refuse requests that whole contact sheets do not fill."""
    if route.images_per_request % route.images_per_sheet:
        raise TasksError(
            f"{route.images_per_sheet} images per sheet, and `images_per_request` is "
            f"{route.images_per_request}: a request carries whole sheets. Write a multiple there, "
            f"as {route.images_per_sheet * 2}, or leave it out."
        )


def may_stay_unopened(route: Route) -> bool:
    """Whether a route can do without a picture that is opened and made smaller here."""
    usual = pixels_worth_sending(route.model, route.media_resolution)
    whole = route.images_per_sheet == 1 and route.image.max_side >= usual
    return whole and not counts_pixels(route.model, route.media_resolution)


def check_reference(route: Route) -> None:
    """Refuse to send by reference what has to be opened first."""
    if not route.image.by_reference:
        return
    if route.images_per_sheet > 1:
        raise TasksError(
            f"reference: {route.images_per_sheet} images per sheet have to be drawn here. "
            "Write bytes, or remove `images_per_sheet`."
        )
    if counts_pixels(route.model, route.media_resolution):
        raise TasksError(
            f'reference: Vertex AI bills "{route.model}" at "{route.media_resolution}" by the '
            "pixels of a picture, so that nobody knows the cost of a file that was not opened. "
            "Write bytes, or another media resolution."
        )


def image_settings(
    defaults: ImageKeys, task: ImageKeys, model: str, resolution: MediaResolution
) -> ImageSettings:
    """How a task's pictures are prepared, from its keys over the file's defaults."""
    keys = _merged(defaults, task)
    side, quality = PROFILES.get(keys.get("profile", ""), (0, DEFAULT_QUALITY))
    image = ImageSettings(
        max_side=keys.get("max_side") or side,
        quality=keys.get("quality") or quality,
        output_format=keys.get("format", "jpeg"),
        background=keys.get("background", "").lower(),
        frames=_images_of_file(keys, model, resolution),
        fallback_original="fallback" in keys,
        by_reference=keys.get("send") == "reference",
    )
    return image if image.max_side else sized_for(image, model, resolution)


def _images_of_file(keys: dict[str, Any], model: str, resolution: MediaResolution) -> str | int:
    """Which frames of an animation are images, or that long pictures are cut."""
    if "split" not in keys:
        found: str | int = keys.get("frames", "first")
        return found
    tokens = token_budget(model, resolution)
    if "frames" in keys:
        raise TasksError("`split: long` cuts the first frame alone. Remove `frames:` or `split:`.")
    if not tokens:
        raise TasksError(
            f'"{model}" sees all shapes in one number of tokens, so that nobody knows what it sees '
            "of a long picture. Remove `split:`, or ask a model from Gemini 3 on."
        )
    return long_split(tokens)


def _merged(defaults: ImageKeys, task: ImageKeys) -> dict[str, Any]:
    """The task's keys over the defaults; a profile of its own also beats size and quality there."""
    outer = defaults.model_dump(exclude_none=True)
    inner = task.model_dump(exclude_none=True)
    if "profile" in inner:
        outer = {key: value for key, value in outer.items() if key not in ("max_side", "quality")}
    return outer | inner
