"""Finds outputs of tierwise in a listing, so that nobody pays for thumbnails of an earlier run.

A folder is an output of `run` (and of those that ask as it does) when it holds `run.json` of ours,
or `journal/runs/000001.json`, which is there as soon as the run is; and one of `optimize` when it
holds `optimize.json` of ours, or what it writes while it publishes. Its name says nothing, so it
may have been renamed or copied. Of an output of `run`, files are skipped by the names that tierwise
gives them, so that pictures which somebody keeps beside them, or in a folder that is called like
one of ours, are tried. Small files of `optimize` are called as their originals are: what its table
or claims name is skipped, unless it is the very folder that is listed. Where they are gone or
damaged, or name more than anybody can hold, nobody can tell, and all of it is skipped.

Names of one folder come together in every listing, so whoever looks at a thousand at a time sees
all of each folder that begins and ends among them. Of the few that reach over an edge, the store
is asked, each time the listing comes upon one. So a worker that lists a range of a bucket knows
what the worker beside it knows, and nobody holds the listing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from typing import Protocol, TypeVar

from tierwise.json_text import read_json_text
from tierwise.storage.files import Files, files_for
from tierwise.storage.small_names import SmallNames, small_names

# With the name behind them, which tells whether there is one, as many as a bucket lists at a time.
_WINDOW = 999
# Folders over an edge whose answers are kept.
_MOST_KNOWN = 10_000
# Outputs of `optimize`, one within the other, whose records are kept: each has up to 32 MB.
_MOST_READ = 4
_RUN_ID = r"\d{8}T\d{6}-[0-9a-f]{8}"
# What ends so stands in an output: a file that must be ours, or a name that nobody else gives.
_MARKS = re.compile(
    rf"/(?:(?P<document>run\.json|optimize\.json)|(?P<run>journal/runs/\d+\.json)"
    rf"|(?P<small>\.publishing/{_RUN_ID}\.parquet|\.shrinking-{_RUN_ID}/.*))\Z",
    re.DOTALL,
)
# In an output of `run`. Folders of pictures may be called so too: what else lies there is tried.
_FILES = re.compile(
    r"(?:(?:answers|failures|costs|wide|counts|evaluation|files|new)/.*\.parquet|requests/.*\.jsonl"
    r"|journal/(?:(?:batches|doubts)/.*|.*/[^/.]*|.*\.(?:jsonl?|damaged)))\Z",
    re.DOTALL,
)
# In an output of `optimize`, beside the small files.
_RECORDS = re.compile(r"(?:optimize\.json|metrics\.parquet)\Z|\.(?:publishing/|leases/|shrinking-)")
_PLOTS = re.compile(r"(?:calibration-[^/]*|measurement)\.(?:png|svg)\Z")
# Wherever they lie: names that only tierwise gives.
_OURS_BY_NAME = re.compile(
    r"/thumbnails/(?:md5|sha256)-[0-9a-f]{32,64}-\d+\.jpg\Z|/pictures/task=[^/]+/"
    rf"|/tierwise-batches/|/\.(?:staging|shrinking)-{_RUN_ID}/"
)


class _HasUri(Protocol):
    @property
    def uri(self) -> str:
        """Its address; that of a folder ends with a slash."""


_Found = TypeVar("_Found", bound=_HasUri)


class _Of(Enum):
    RUN = auto()
    OPTIMIZE = auto()


_NONE: frozenset[_Of] = frozenset()


def marked(
    found: Iterable[_Found], root: str, *, whole: bool = True
) -> Iterator[tuple[_Found, bool]]:
    """Each name of a listing below `root`, and whether it belongs to an output of tierwise.

    Args:
        found: names in an order that keeps those of a folder together.
        root: the folder that is listed.
        whole: whether these are all names of the folders below it, or those of a range.
    """
    outputs, names = _Outputs(root), iter(found)
    ahead, begins = list(islice(names, _WINDOW + 1)), whole
    while window := ahead[:_WINDOW]:
        ahead = [*ahead[_WINDOW:], *islice(names, _WINDOW)]
        outputs.look_at(window, begins=begins, ends=whole and not ahead)
        yield from ((one, outputs.hold(one.uri)) for one in window)
        begins = False


class _Outputs:
    """What is known of the folders of one window."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/") if root != "/" else ""
        self._files: Files = files_for(root or ".")
        self._small: dict[str, SmallNames | None] = {}
        self._asked: dict[str, frozenset[_Of]] = {}
        self._marks: dict[str, list[re.Match[str]]] = {}
        self._known: dict[str, frozenset[_Of]] = {}
        self._edges: frozenset[str] = frozenset()

    def look_at(self, window: Sequence[_HasUri], *, begins: bool, ends: bool) -> None:
        """Take the next names; the listing may begin or end with them."""
        edges = {self._root} if begins else set(self._above(window[0].uri))
        self._edges = frozenset(edges if ends else edges.union(self._above(window[-1].uri)))
        self._marks = defaultdict(list)
        for mark in filter(None, map(_mark_of, window)):
            self._marks[mark.string[: mark.start()]].append(mark)
        if len(self._asked) > _MOST_KNOWN:
            self._asked.clear()
        self._known = {}

    def hold(self, uri: str) -> bool:
        """Whether a name belongs to an output."""
        if _OURS_BY_NAME.search(uri, len(self._root)):
            return True
        for folder in self._above(uri):
            rest = uri[len(folder) + 1 :]
            if (
                folder != self._root
                and _Of.OPTIMIZE in self._kinds(folder)
                and self._is_small(folder, rest)
            ):
                return True
            ours = _FILES.match(rest) or _PLOTS.match(rest)
            if ours and _Of.RUN in self._kinds(folder):
                return True
        return False

    def _is_small(self, folder: str, name: str) -> bool:
        """Whether a name below an output of `optimize` is one of its files."""
        if folder not in self._small:
            if len(self._small) == _MOST_READ:
                self._small.pop(next(iter(self._small)))
            self._small[folder] = small_names(folder)
        known = self._small[folder]
        return known is None or name in known or _RECORDS.match(name) is not None

    def _above(self, uri: str) -> Iterator[str]:
        """The folders above a name, from the root on."""
        at = len(self._root)
        while at >= 0:
            yield uri[:at]
            at = uri.find("/", at + 1, len(uri) - 1)

    def _kinds(self, folder: str) -> frozenset[_Of]:
        if folder in self._edges:
            if folder not in self._asked:
                self._asked[folder] = frozenset(self._looked_up(folder))
            return self._asked[folder]
        if folder not in self._marks:
            return _NONE
        if folder not in self._known:
            self._known[folder] = frozenset(self._told_by(folder, self._marks[folder]))
        return self._known[folder]

    def _looked_up(self, folder: str) -> Iterator[_Of]:
        """What an edge's folder is, by what the store says."""
        if self._holds(f"{folder}/journal/runs") or self._is_ours(f"{folder}/run.json"):
            yield _Of.RUN
        if self._is_ours(f"{folder}/optimize.json") or self._holds(f"{folder}/.publishing"):
            yield _Of.OPTIMIZE

    def _told_by(self, folder: str, marks: Sequence[re.Match[str]]) -> Iterator[_Of]:
        """What a folder is, by its own names."""
        documents = {mark["document"] for mark in marks}
        if any(mark["run"] for mark in marks) or (
            "run.json" in documents and self._is_ours(f"{folder}/run.json")
        ):
            yield _Of.RUN
        if any(mark["small"] for mark in marks) or (
            "optimize.json" in documents and self._is_ours(f"{folder}/optimize.json")
        ):
            yield _Of.OPTIMIZE

    def _holds(self, folder: str) -> bool:
        """Whether a folder holds what an output has there."""
        try:
            below = list(islice(self._files.walk(folder), _WINDOW))
        except PermissionError:
            return False
        return any(mark and not mark["document"] for mark in map(_mark_of, below))

    def _is_ours(self, uri: str) -> bool:
        """Whether a file is there and tells of tierwise, as far as it may be read."""
        try:
            if not self._files.exists(uri):
                return False
            document = read_json_text(self._files.read(uri))
        except (FileNotFoundError, PermissionError, ValueError):
            return False
        return isinstance(document, dict) and "tierwise" in document and "run_id" in document


def _mark_of(found: _HasUri) -> re.Match[str] | None:
    return _MARKS.search(found.uri)
