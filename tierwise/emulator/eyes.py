"""The pictures of requests as the model sees them, each looked at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from tierwise.emulator.request import GeminiRequest, SentPicture
from tierwise.emulator.seeing import LookAt
from tierwise.emulator.views import SeenPicture, view_of
from tierwise.models import Model

_VIEWS_KEPT = 8192

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Eyes:
    """Looks in threads, and remembers what it saw."""

    def __init__(self, look_at: LookAt) -> None:
        self._look_at = look_at
        self._views: OrderedDict[tuple[object, ...], SeenPicture] = OrderedDict()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="eyes")

    async def viewed(self, asked: GeminiRequest) -> list[SeenPicture]:
        """A view of each picture of a request.

        Raises:
          Refusal: 400, one of them is no picture or a broken one.
        """
        return [await self._view(picture, asked.model) for picture in asked.pictures]

    async def beside(
        self,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run what takes long in the threads of the eyes."""
        work = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _view(self, picture: SentPicture, model: Model) -> SeenPicture:
        resolution = (model.generation, picture.media_resolution)
        key = (picture.sha256, resolution, picture.grid, picture.numbers)
        if key in self._views:
            self._views.move_to_end(key)
            return self._views[key]
        look = partial(view_of, picture, model, self._look_at)
        view = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        self._views[key] = view
        if len(self._views) > _VIEWS_KEPT:
            self._views.popitem(last=False)
        return view
