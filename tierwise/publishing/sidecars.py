"""Sidecars of a run's pictures, put beside them or into a folder; originals are only read."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from tierwise.exports.keywords import Keyword, keywords_of
from tierwise.exports.sidecar import NOTHING_WRITTEN, OURS, SidecarError, with_keywords, written_in
from tierwise.publishing.pictures_by_name import PicturesByName
from tierwise.report.gallery import address
from tierwise.storage.files import files_for, join
from tierwise.storage.shown_names import path_of

ENDING = ".xmp"
# Cameras' own files, whose sidecars are called without their ending by many programs.
_RAW_ENDINGS = """
3fr ari arw bay cap cr2 cr3 crw dcr dng erf fff gpr iiq k25 kdc mef mos mrw nef nrw orf pef raf raw
rw2 rwl sr2 srf srw x3f
"""
_RAW = frozenset(_RAW_ENDINGS.split())
# Where the packet with a picture's own keywords lies in nearly all files.
_HEAD_BYTES = 256 << 10
_FOLDERS = 64


class Place(StrEnum):
    """Where sidecars go."""

    BESIDE = "beside"
    EXPORT = "export"


class Naming(StrEnum):
    """What a new sidecar is called: after the whole name of its picture, or without the ending."""

    FULL = "full"
    SHORT = "short"


@dataclass(slots=True)
class Sidecars:
    """What became of them: counts, and of what was left alone one example with the reason.

    `written` and `unchanged` hold our keywords, `cleared` hold them no longer. Files that are
    `gone` have no sidecar either.
    """

    written: int = 0
    unchanged: int = 0
    cleared: int = 0
    gone: int = 0
    left: int = 0
    example: str = ""

    def leave(self, uri: str, reason: str) -> None:
        """Count one that could not be read or written."""
        self.left += 1
        self.example = self.example or f"{uri}: {reason}"


@dataclass(frozen=True, slots=True)
class _Target:
    """The sidecar of a picture: where it is to be; `picture` is the file that lies beside it.

    One that is `former` has our keywords no longer.
    """

    uri: str
    picture: str = ""
    former: bool = False


@dataclass(frozen=True, slots=True)
class _Folder:
    """What lies beside pictures: the endings of files by their stems, and the names of sidecars.

    These are known by their names without the ending, which some cameras write in capitals.
    """

    endings: Mapping[str, frozenset[str]]
    sidecars: Mapping[str, str]


@dataclass(slots=True)
class SidecarWriter:
    """Writes the sidecars of a run, or with `removing` takes our keywords out of them.

    In the folder `below`, or beside the pictures that are files of this machine.
    """

    below: str
    place: Place
    naming: Naming
    removing: bool = False
    done: Sidecars = field(default_factory=Sidecars)
    _folders: dict[str, _Folder] = field(default_factory=dict)

    def write(self, pictures: PicturesByName) -> Sidecars:
        """All of them."""
        run = pictures.run
        for uri, pages in groupby(pictures, lambda picture: picture.uri):
            keywords = () if self.removing else keywords_of(run, pages)
            where = address(uri, run.relative_to)
            for target in self._targets(where, run.relative_to):
                self._write(target, () if target.former else keywords, run.run_id)
        return self.done

    def _targets(self, where: str, root: str) -> Iterator[_Target]:
        in_folder = _Target(sidecar_below(self.below, where, root))
        if self.removing or self.place is Place.EXPORT or "://" in where:
            yield in_folder
        if "://" not in where and (self.removing or self.place is Place.BESIDE):
            picture = path_of(where)
            if not Path(picture).exists():
                self.done.gone += not self.removing
                return
            yield from self._beside(picture)

    def _beside(self, picture: str) -> Iterator[_Target]:
        """Where the sidecar of a file lies: where one lies already, else by the naming.

        Programs that look for both take the one with the whole name, so that one beside a short
        one would hide it. What is removed may lie in both, and so may what was written before
        another file of that stem came.
        """
        stem, ending = os.path.splitext(picture)  # noqa: PTH122 - bytes stay
        full, short = self._sidecar(picture), self._sidecar(stem)
        others = self._beside_in(picture).endings.get(os.path.basename(stem), frozenset())  # noqa: PTH119
        others -= {ending.lower()}
        of_raw = not _is_raw(ending) and any(map(_is_raw, others))
        is_only_one = not others or (_is_raw(ending) and not any(map(_is_raw, others)))
        if self.removing:
            yield _Target(full, picture)
            yield _Target(short, picture)
            return
        is_short = self.naming is Naming.SHORT or Path(short).exists()
        takes_short = is_only_one and is_short and not Path(full).exists()
        yield _Target(short if takes_short else full, picture)
        if not takes_short and not of_raw and _is_of_us(short):
            yield _Target(short, picture, former=True)

    def _sidecar(self, base: str) -> str:
        """The sidecar of this name without its ending, as it is written if there is one."""
        usual = base + ENDING
        if Path(usual).exists():
            return usual
        folder, name = os.path.split(base)
        found = self._beside_in(base).sidecars.get(name, name + ENDING)
        return os.path.join(folder, found)  # noqa: PTH118 - bytes stay

    def _beside_in(self, path: str) -> _Folder:
        """The folder of a file. The last are kept in mind: names come folder by folder."""
        folder = os.path.dirname(path)  # noqa: PTH120
        if folder not in self._folders:
            if len(self._folders) >= _FOLDERS:
                self._folders.clear()
            self._folders[folder] = _look_into(folder)
        return self._folders[folder]

    def _write(self, target: _Target, keywords: Sequence[Keyword], run_id: str) -> None:
        files = files_for(target.uri)
        try:
            before = files.read(target.uri) if files.exists(target.uri) else None
            if before is None and not keywords:
                return
            inside = NOTHING_WRITTEN
            if target.picture:
                inside = written_in(_head(target.picture))
            after = with_keywords(before, keywords, run_id, inside)
            if after is None:
                files.delete(target.uri)
            elif after != before:
                files.write(target.uri, after)
        except SidecarError as error:
            self.done.leave(target.uri, str(error))
        except OSError as error:
            self.done.leave(target.uri, error.strerror or type(error).__name__)
        else:
            self._count(before, after, keywords)

    def _count(
        self, before: bytes | None, after: bytes | None, keywords: Sequence[Keyword]
    ) -> None:
        if after == before:
            self.done.unchanged += bool(keywords)
        elif keywords:
            self.done.written += 1
        else:
            self.done.cleared += 1


def _head(picture: str) -> bytes:
    with files_for(picture).open(picture) as file:
        return file.read(_HEAD_BYTES)


def sidecar_below(folder: str, where: str, root: str) -> str:
    r"""The sidecar of a picture below a folder, as the picture lies below the root of its archive.

    >>> sidecar_below("out", "/data/2009/a.jpg", "/data"), sidecar_below("out", "gs://b/a.jpg", "")
    ('out/2009/a.jpg.xmp', 'out/b/a.jpg.xmp')
    >>> sidecar_below("out", "/data/../x.jpg", "/data"), sidecar_below("gs://b", r"/\xe9.jpg", "/")
    ('out/x.jpg.xmp', 'gs://b/\\xe9.jpg.xmp')
    """
    _, found, rest = where.partition("://")
    path = f"/{rest}" if found else posixpath.normpath(posixpath.join("/", where))
    top = f"{posixpath.normpath(root)}/" if root else "/"
    below = path[len(top) :] if not found and path.startswith(top) else path.lstrip("/")
    is_name = found or "://" in folder  # of an object, which is text
    return join(folder, (below if is_name else path_of(below)) + ENDING)


def _is_raw(ending: str) -> bool:
    return ending[1:].lower() in _RAW


def _is_of_us(sidecar: str) -> bool:
    """Whether an export wrote into a sidecar; others than that are nobody's business here."""
    try:
        return OURS.encode() in files_for(sidecar).read(sidecar)
    except OSError:
        return False


def _look_into(folder: str) -> _Folder:
    endings, sidecars = dict[str, set[str]](), dict[str, str]()
    for name in sorted(os.listdir(folder or ".")):  # noqa: PTH208 - strings are enough
        stem, ending = os.path.splitext(name)  # noqa: PTH122
        if ending.lower() == ENDING:
            sidecars[stem] = name
        else:
            endings.setdefault(stem, set()).add(ending.lower())
    return _Folder({stem: frozenset(some) for stem, some in endings.items()}, sidecars)
