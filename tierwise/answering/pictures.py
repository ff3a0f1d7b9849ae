"""The pictures of one file: prepared when the first question wants one, and then kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tierwise.answering.asking import Asking
from tierwise.answering.prepare import PreparedPage, prepare_file, prepare_page
from tierwise.answering.read_file import problem_of
from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.journal.recalled import Recalled
from tierwise.local.seen import Looking, Seen
from tierwise.records import ImageFile, ImageSettings, Page
from tierwise.references import Reference, reference_to
from tierwise.routing import has_pixels
from tierwise.sizes import sent_size
from tierwise.storage.thumbnail_files import ThumbnailFiles
from tierwise.tasks import Task


class Pictures:
    """Belongs to one event loop and one file.

    Questions that every image is asked share one reading and decoding of the file. A question that
    only some images are asked reads it again, so that nobody holds an original for long.
    """

    def __init__(
        self,
        file: ImageFile,
        session: Asking,
        recalled: Recalled,
        looking: Looking | None = None,
    ) -> None:
        self._file = file
        self._looking = looking
        # What a local model answers costs nothing, whatever is left to spend.
        self._answers_here = bool(looking and looking.groups)
        self._session = session
        self._recalled = recalled.pages_of(file.content_hash, session.plan.questions.frames)
        shared = settings_of_all(session.plan.questions.of_images, file.content_hash)
        self._reference = None
        by_reference = (t.route.image.by_reference for t in session.plan.questions.of_images)
        if not file.problem and any(by_reference):
            self._reference = reference_to(file.path, file.bytes, file.content_type)
        self._shared = tuple(one for one in shared if not (self._reference and one.by_reference))
        self._known = file.content_hash in recalled.contents
        self._prepared: asyncio.Task[list[PreparedPage]] | None = None

    async def pages(self) -> list[Page]:
        """The images in the file.

        One that something was paid for is opened in any case, so that this has its rows. So is one
        that the journal knows too little of to tell its route.

        Raises:
            ImageError: the file cannot be read, or nothing can be asked any more.
        """
        if self._file.problem and not self._file.content_hash:
            raise problem_of(self._file)
        if self._recalled and all(map(self._session.plan.questions.know_enough, self._recalled)):
            return self._recalled
        if not (self._known or self._answers_here):
            self._session.check_open()
        if self._reference and not self._shared:
            return [Page(format=self._reference.format)]
        return [prepared.page for prepared in await self._prepare()]

    async def seen(self) -> Seen | None:
        """What was looked at besides in a file with one picture; None where nothing could be.

        A picture that the journal knows is opened for that.
        """
        try:
            [prepared] = await self._prepare()
        except ImageError:
            return None
        return prepared.seen

    def reference(self, page: Page, settings: ImageSettings) -> Reference | None:
        """What is sent in the place of a picture: the address of a file with one image."""
        return self._reference if settings.by_reference and page.pages == 1 else None

    async def picture(self, page: Page, settings: ImageSettings) -> Picture:
        """One image, ready to send.

        Raises:
            ImageError: it cannot be decoded, or nothing can be asked any more.
        """
        self._session.check_open()
        found = None
        if shared := self._same_picture(page, settings):
            found = (await self._prepare())[page.number - 1].pictures.get(shared)
        if found is None:  # another question's, or one that a look found to be answered
            limits = self._session.plan.limits
            found = await self._session.prepare(prepare_page, self._file, page, settings, limits)
        if isinstance(found, ImageError):
            raise found
        return found

    def at_hand(self, page: Page) -> Picture | None:
        """The smallest picture of an image that was made for any question, if one was.

        None where its thumbnail is kept already: nobody else wants it.
        """
        if self._prepared is None or not self._prepared.done() or self._prepared.exception():
            return None
        prepared = self._prepared.result()[page.number - 1]
        if prepared.kept:
            return None
        pictures = [one for one in prepared.pictures.values() if isinstance(one, Picture)]
        return min(pictures, key=lambda picture: picture.width * picture.height, default=None)

    def _same_picture(self, page: Page, settings: ImageSettings) -> ImageSettings | None:
        """The shared settings that come to this picture: these, or ones that shrink it no less."""
        if settings in self._shared:
            return settings
        size = (page.width, page.height)
        whole = has_pixels(page) and sent_size(settings, *size) == size
        for shared in self._shared if whole else ():
            alike = replace(shared, max_side=settings.max_side, tokens=settings.tokens) == settings
            if alike and sent_size(shared, *size) == size:
                return shared
        return None

    @property
    def _thumbnails(self) -> ThumbnailFiles | None:
        """Where a thumbnail is kept while the pixels are there; None where the answers decide."""
        wanted = self._session.plan.thumbnails
        keeps = wanted and wanted.always(self._file.content_hash)
        return wanted.files if wanted and keeps else None

    async def _prepare(self) -> list[PreparedPage]:
        if self._prepared is None:
            plan = self._session.plan
            self._prepared = asyncio.create_task(
                self._session.prepare(
                    prepare_file,
                    self._file,
                    self._shared,
                    plan.limits,
                    plan.questions.frames,
                    detail=plan.questions.measures_detail,
                    thumbnails=self._thumbnails,
                    looking=self._looking,
                )
            )
        return await asyncio.shield(self._prepared)


def settings_of_all(tasks: Sequence[Task], content_hash: str) -> tuple[ImageSettings, ...]:
    """The ways in which every image of a content is prepared: for the tasks that ask each."""
    looking = (task for task in tasks if task.reads == "image")
    wanted = (task.route.image for task in looking if task.is_for_certain(content_hash))
    return tuple(dict.fromkeys(wanted))
