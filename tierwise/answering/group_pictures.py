"""The pictures of a group: which of its images are sent, so that they fit into one request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tierwise.answering.asking import Asking
from tierwise.answering.groups import Group, choose_images
from tierwise.answering.prepare import PreparedPage, prepare_pages, prepare_single
from tierwise.errors import ImageError
from tierwise.gemini.request_room import MOST_INLINE_BYTES
from tierwise.images.picture import Picture
from tierwise.records import ImageFile, Page, Reason
from tierwise.tasks import Task
from tierwise.tasks.grouping import Beyond, Grouping


@dataclass(frozen=True, slots=True)
class GroupImage:
    """One image of a group: to be sent with its picture, failed with its error, or left out."""

    file: ImageFile
    page: Page
    picture: Picture | None = None
    error: ImageError | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Content and page."""
        return self.file.content_hash, self.page.number


async def open_group(
    group: Group, task: Task, grouping: Grouping, session: Asking
) -> list[GroupImage]:
    """All images of the group's files; the pictures are those to be sent together."""
    opened = await asyncio.gather(*(_open(file, task, session) for file in group.files))
    images = [image for some in opened for image in some]
    sound = [image for image in images if image.error is None]
    if grouping.beyond is Beyond.FAIL and len(sound) > grouping.most:
        return _refused(images, too_many(group, grouping))
    chosen = _chosen(sound, grouping.most, grouping)
    pictures = {image.key: image for image in await _prepared(chosen, task, session)}
    images = [pictures.get(image.key, replace(image, picture=None)) for image in images]
    return _fitting(images, group, grouping)


def too_many(group: Group, grouping: Grouping) -> ImageError:
    """Why nothing of a group is sent when it has more images than may be."""
    return ImageError(
        Reason.TOO_LARGE,
        f"{_called(group, grouping)} has more than {grouping.most} different images. "
        "Raise `max_per_group` (at most 50), or write `beyond: sample` or `beyond: first`.",
    )


def _fitting(images: list[GroupImage], group: Group, grouping: Grouping) -> list[GroupImage]:
    """As many pictures as a request takes, by the same rule as beyond `max_per_group`."""
    pictured = [image for image in images if image.picture]
    most = len(pictured)
    kept = pictured
    while sum(map(_bytes, kept)) > MOST_INLINE_BYTES:
        most -= 1
        kept = _chosen(pictured, most, grouping)
    if len(kept) < len(pictured) and (grouping.beyond is Beyond.FAIL or not kept):
        error = ImageError(
            Reason.TOO_LARGE,
            f"{_called(group, grouping)}: its {len(pictured)} pictures have "
            f"{sum(map(_bytes, pictured)):,} bytes, a request takes {MOST_INLINE_BYTES:,}. Lower "
            "`max_side` or `quality` of `image:`, or `max_per_group`.",
        )
        return _refused(images, error)
    keys = {image.key for image in kept}
    return [image if image.key in keys else replace(image, picture=None) for image in images]


def _called(group: Group, grouping: Grouping) -> str:
    return f"the group {grouping.by}={group.name!r}"


def _bytes(image: GroupImage) -> int:
    return len(image.picture.data) if image.picture else 0


def _chosen(images: Sequence[GroupImage], most: int, grouping: Grouping) -> list[GroupImage]:
    keys = [image.key for image in images]
    return [images[position] for position in choose_images(keys, most, grouping.beyond)]


def _refused(images: Iterable[GroupImage], error: ImageError) -> list[GroupImage]:
    return [replace(one, picture=None, error=one.error or error) for one in images]


async def _open(file: ImageFile, task: Task, session: Asking) -> list[GroupImage]:
    """The images of a file; a picture is there already where it is the only one."""
    plan = session.plan
    try:
        found = await session.prepare(
            prepare_single, file, task.route.image, plan.limits, plan.questions.frames
        )
    except ImageError as error:
        return [GroupImage(file, Page(), error=error)]
    return [_image(file, prepared, task) for prepared in found]


async def _prepared(images: Sequence[GroupImage], task: Task, session: Asking) -> list[GroupImage]:
    """The same images with their pictures or errors; each file is read once."""
    by_file: dict[str, list[GroupImage]] = {}
    for image in images:
        by_file.setdefault(image.file.content_hash, []).append(image)
    some = await asyncio.gather(*(_pages(one, task, session) for one in by_file.values()))
    return [image for pages in some for image in pages]


async def _pages(images: list[GroupImage], task: Task, session: Asking) -> list[GroupImage]:
    if images[0].picture:
        return images
    file, pages = images[0].file, [image.page for image in images]
    try:
        found = await session.prepare(
            prepare_pages, file, pages, task.route.image, session.plan.limits
        )
    except ImageError as error:
        return [replace(image, error=error) for image in images]
    return [_image(file, prepared, task) for prepared in found]


def _image(file: ImageFile, prepared: PreparedPage, task: Task) -> GroupImage:
    picture = prepared.pictures.get(task.route.image)
    if isinstance(picture, ImageError):
        return GroupImage(file, prepared.page, error=picture)
    return GroupImage(file, prepared.page, picture)
