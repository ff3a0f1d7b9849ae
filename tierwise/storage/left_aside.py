"""Folders in which programs keep previews, sidecars and deleted files: not pictures of an archive.

By the names that the programs give them, read in public reports of photo programs that imported
them: Synology's thumbnails (immich-go #319), Lightroom's previews, Apple's photo libraries, whose
own pictures lie in `originals` or `Masters` (osxphotos #50), and recycle bins of disks and servers
(photoprism #555). Names that begin with a dot are hidden anyhow.
"""

from __future__ import annotations

from itertools import pairwise

_FOLDERS = frozenset(
    (
        *("@eadir", "#snapshot", "@__thumb", "__macosx", "lost+found"),
        *("#recycle", "@recycle", "@recently-snapshot", "$recycle.bin", "recycler"),
        "system volume information",
    )
)
_PREVIEWS = (".lrdata", ".lrcat-data", ".cocatalogdb")
_LIBRARIES = (".photoslibrary", ".migratedphotolibrary", ".photolibrary", ".aplibrary")
_ORIGINALS = ("originals", "masters")


def is_left_aside(path: str) -> bool:
    """Whether a file lies in such a folder, by its path below the folder that is listed.

    >>> paths = ("a/@eaDir/b.jpg/SYNO.jpg", "L Previews.lrdata/0/1.jpg", "$RECYCLE.BIN/x.png")
    >>> [is_left_aside(path) for path in (*paths, "a/b.jpg")]
    [True, True, True, False]
    >>> library = "Fotos.photoslibrary"
    >>> [is_left_aside(f"{library}/{path}") for path in ("originals/0/1.heic", "resources/1.jpeg")]
    [False, True]
    """
    folders = [folder.lower() for folder in path.split("/")[:-1]]
    for folder, below in pairwise([*folders, ""]):
        if folder in _FOLDERS or folder.endswith(_PREVIEWS):
            return True
        if folder.endswith(_LIBRARIES) and below not in _ORIGINALS:
            return True
    return False
