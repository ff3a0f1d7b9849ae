"""Keeping a thumbnail of a picture that was asked about, while it is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from tierwise.answering.asking import Asking
from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.images.thumbnail import thumbnail
from tierwise.records import ImageFile, Outcome, Page
from tierwise.storage.thumbnail_files import ThumbnailFiles


async def keep_thumbnail(
    file: ImageFile,
    page: Page,
    outcomes: Sequence[Outcome],
    picture: Picture | None,
    session: Asking,
) -> None:
    """Keep a thumbnail of a page if it is one of those, and if its picture is at hand.

    What the journal knew was not opened; an earlier run has kept its thumbnail. Bytes that were
    sent as they were, because they cannot be decoded, have none.
    """
    wanted = session.plan.thumbnails
    if wanted is None or picture is None or picture.fallback or not file.content_hash:
        return
    if wanted.keeps(file, outcomes, session.plan.questions):
        await session.prepare(_keep, file, page.number, picture, wanted.files)


def _keep(file: ImageFile, page: int, picture: Picture, files: ThumbnailFiles) -> None:
    # Answers are worth more than thumbnails: a full disk stops a run when it cannot write those.
    with suppress(ImageError, OSError):
        files.write(file.content_hash, page, thumbnail(picture))
