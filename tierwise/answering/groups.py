"""Groups of images that are asked one question together, and get one answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest

from tierwise.errors import ImageError, StoreError
from tierwise.journal.recalled import free
from tierwise.records import Answer, Answered, Failure, ImageFile, Outcome, Page, Scalar, Sent
from tierwise.tasks.grouping import BY_FOLDER, Beyond, Grouping
from tierwise.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Group:
    """The files of a group that may be sent, in the order of their names, no two of one content.

    `name` is the folder, or the column's value; `parts` says where all its files are in their
    crowd.
    """

    task: str
    name: str
    files: tuple[ImageFile, ...]
    parts: int = 0

    @property
    def content_hash(self) -> str:
        """Stands for the group in the journal; other names of the same files do not change it."""
        return digest_of(self.files)


@dataclass(frozen=True, slots=True)
class AnsweredGroup:
    """What became of a group.

    `members` are the files that were opened, an outcome per page; `rest` holds for every other file
    of the group, whose pages are not known yet. `parts` says where all of them wait for it.
    """

    task: str
    name: str
    members: tuple[Answered, ...]
    rest: Outcome
    parts: int = 0


def group_name(uri: str, columns: Mapping[str, Scalar], by: str) -> str | None:
    """The group that a name belongs to, None for none; `columns` is its row of the manifest.

    >>> group_name("shop/17/front.jpg", {}, "folder"), group_name("a.jpg", {"sku": 7}, "sku")
    ('shop/17', '7')
    """
    if by == BY_FOLDER:
        return uri.rpartition("/")[0]
    value = columns.get(by)
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def value_in_prompt(name: str, by: str) -> str:
    """What stands for a group in its prompt: a folder's own name, without the folders above it.

    >>> value_in_prompt("gs://shop/shoes/17", "folder"), value_in_prompt("a/b", "sku")
    ('17', 'a/b')
    """
    return name.rpartition("/")[2] if by == BY_FOLDER else name


def choose_files(files: Iterable[ImageFile], grouping: Grouping) -> tuple[ImageFile, ...]:
    """The files of a group that may be sent: one of each content, in the order of their names.

    Holds no more than a few times `most` files in memory. Where more images than that are to fail,
    one too many comes back.
    """
    most = grouping.most + (grouping.beyond is Beyond.FAIL)
    kept: dict[str, ImageFile] = {}
    for file in files:
        before = kept.get(file.content_hash)
        if file.content_hash and (before is None or file.uri < before.uri):
            kept[file.content_hash] = file
        if len(kept) > 4 * most:
            kept = {one.content_hash: one for one in _best(kept.values(), most, grouping)}
    return tuple(sorted(_best(kept.values(), most, grouping), key=lambda file: file.uri))


def choose_images(images: Sequence[tuple[str, int]], most: int, beyond: Beyond) -> list[int]:
    """The positions of at most `most` images, each given as content hash and page."""
    if beyond is not Beyond.SAMPLE:
        return list(range(len(images)))[:most]
    ranks = [_rank(*image) for image in images]
    return sorted(nsmallest(most, range(len(images)), key=ranks.__getitem__))


def digest_of(files: Iterable[ImageFile], unsent: Iterable[tuple[str, int]] = ()) -> str:
    """The content of a group: that of its files, less the images (content, page) not sent."""
    written = json.dumps([sorted(file.content_hash for file in files), sorted(unsent)])
    return "sha256:" + hashlib.sha256(written.encode()).hexdigest()


def member_id(group_id: str, content_hash: str, page: int) -> str:
    """Under which the journal keeps one image's part of what a group's request brought."""
    return hashlib.sha256(f"{group_id} {content_hash} {page}".encode()).hexdigest()[:32]


def outcome_of_rest(sent: Sequence[Outcome]) -> Outcome:
    """What holds for images of a group that were not sent: its answer, or why there is none.

    It costs nothing, and the request of the naive way has no more images than ours.
    """
    first = replace(free(sent[0]), page=Page(), baseline=0)
    return replace(first, sent=Sent()) if isinstance(first, Answer) else first


def left_out(task: Task, page: Page, error: ImageError) -> Failure:
    """The failure of an image that was not sent, and costs nothing."""
    return Failure(
        request_id="",
        task=task.name,
        page=page,
        reason=error.reason,
        message=error.message,
        model=task.route.model,
        media_resolution=task.route.media_resolution,
        service_tier=task.route.service_tier,
        run_ended=isinstance(error, StoreError) and error.ended,
    )


def _best(files: Iterable[ImageFile], most: int, grouping: Grouping) -> list[ImageFile]:
    if grouping.beyond is Beyond.SAMPLE:
        return nsmallest(most, files, key=lambda file: _rank(file.content_hash, 1))
    return nsmallest(most, files, key=lambda file: file.uri)


def _rank(content_hash: str, page: int) -> bytes:
    """A place in an order that has nothing to do with names, so that a sample is a fair one."""
    return hashlib.sha256(f"{content_hash} {page}".encode()).digest()
