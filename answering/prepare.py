"""From a file's bytes to the pictures that requests need; runs in worker threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.files import files_for
from tierwise.errors import ImageError
from tierwise.images import Limits, Picture, inspect, optimize_many
from tierwise.records import ImageFile, ImageSettings, Page, Reason

Prepared = Mapping[ImageSettings, Picture | ImageError]


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """One image of a file, prepared in each of the ways that were wanted."""

    page: Page
    pictures: Prepared


def prepare_file(
    file: ImageFile, settings: Sequence[ImageSettings], limits: Limits
) -> list[PreparedPage]:
    """Every page of a file; a page that cannot be decoded carries its error.

    Raises:
        ImageError: the file as a whole cannot be read.
    """
    data = _read(file)
    source = inspect(data, name=file.uri, limits=limits)
    return [
        _prepare_page(data, file, number, source.pages, settings, limits)
        for number in range(1, source.pages + 1)
    ]


def prepare_page(
    file: ImageFile, page: Page, settings: ImageSettings, limits: Limits
) -> Picture | ImageError:
    """One page once more in another way, for a question that only some images are asked."""
    prepared = _prepare_page(_read(file), file, page.number, page.pages, [settings], limits)
    return prepared.pictures[settings]


def _prepare_page(
    data: bytes,
    file: ImageFile,
    number: int,
    pages: int,
    settings: Sequence[ImageSettings],
    limits: Limits,
) -> PreparedPage:
    try:
        pictures = optimize_many(data, name=file.uri, page=number, settings=settings, limits=limits)
    except ImageError as error:
        return PreparedPage(Page(number, pages), dict.fromkeys(settings, error))
    first = pictures[0]
    page = Page(number, pages, first.original_width, first.original_height, first.format)
    return PreparedPage(page, dict(zip(settings, pictures, strict=True)))


def _read(file: ImageFile) -> bytes:
    try:
        return files_for(file.path).read(file.path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(Reason.UNREADABLE, f"{file.uri}: {reason}") from error
