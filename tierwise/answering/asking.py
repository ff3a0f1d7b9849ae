"""What the life of an image needs of whoever asks its questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from tierwise.answering.plan import Plan
from tierwise.gemini.settle import Ask
from tierwise.journal.lines import Entry
from tierwise.records import ImageFile, Outcome

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Asking(Protocol):
    """Belongs to one event loop."""

    plan: Plan

    async def ask(self, questions: Sequence[Ask]) -> list[Outcome]:
        """The outcome of each question about an image, asked together with other images."""

    async def ask_together(self, asks: Sequence[Ask]) -> dict[str, Outcome]:
        """The outcomes of one question about all images of a group, by request id."""

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Return when entries of the journal are durable that no reply has brought."""

    def check_open(self) -> None:
        """Before a picture is opened of which nothing was paid.

        Raises:
            ImageError: nothing can be asked any more.
        """

    async def prepare(
        self,
        function: Callable[Concatenate[ImageFile, Arguments], Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run a function that reads or shrinks a file, in a thread or a process beside the loop."""
