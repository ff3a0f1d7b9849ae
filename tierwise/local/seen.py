"""What is seen of a picture while its pixels are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwise.local.judgement import Judgement
from tierwise.records import ImageSettings, Record


@dataclass(frozen=True, slots=True)
class Seen(Record):
    """The features of one picture, as bytes of float16, or what models make of them, by task."""

    features: bytes = b""
    judged: tuple[tuple[str, Judgement], ...] = ()


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that was published: of which task, where, and the SHA-256 of its bytes."""

    task: str
    uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class LocalGroup:
    """Tasks that are answered locally together or not at all; `settings` are those they alone need.

    `cuts` are what the score of each must exceed.
    """

    tasks: tuple[str, ...]
    settings: tuple[ImageSettings, ...]
    cuts: tuple[float, ...] = ()

    def answered(self, judged: Mapping[str, Judgement], tasks: Sequence[str]) -> bool:
        """Whether a picture is answered locally for these tasks of the group."""
        cuts = dict(zip(self.tasks, self.cuts, strict=False))
        return bool(tasks) and all(
            name in cuts and name in judged and judged[name].stands_above(cuts[name])
            for name in tasks
        )


@dataclass(frozen=True, slots=True)
class Looking:
    """What a shrinker looks at besides; it travels to its process, so it holds names alone.

    `embedder` is the path of one of the user's own, empty for that of the extra. With `features`,
    these are kept; else `models` judge by them. What a group has answered is not coded, if no other
    task needs it: `always` are the settings of these.
    """

    embedder: str
    features: bool = False
    models: tuple[LocalModel, ...] = ()
    groups: tuple[LocalGroup, ...] = ()
    always: tuple[ImageSettings, ...] = ()
