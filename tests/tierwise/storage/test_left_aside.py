"""What is no picture of an archive, by its name: libraries as their programs lay them out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tierwise.skipped_files import Kind
from tierwise.storage.left_aside import kind_of_name

LEFT_ASIDE = {
    "@eaDir/IMG_1.jpg/SYNOPHOTO_THUMB_XL.jpg": "previews",
    "2019/@EADIR/IMG_1.jpg/x": "previews",
    "SYNOFILE_THUMB_M.jpg": "previews",
    "#recycle/private.jpg": "recycle_bins",
    "#snapshot/GMT+02-2026.11.29/a.jpg": "earlier_versions",
    "@Recycle/a.jpg": "recycle_bins",
    ".@__thumb/default_a.jpg": "previews",
    "@Recently-Snapshot/a/b.jpg": "earlier_versions",
    "Lightroom Catalog Previews.lrdata/0/0A/0A1B.lrprev": "previews",
    "LR Smart Previews.lrdata/1/a.dng": "previews",
    "Fotos.photoslibrary/resources/derivatives/masters/6/6DF9_4_5005_c.jpeg": "previews",
    "Fotos.photoslibrary/resources/renders/7/7_1_201_a.jpeg": "previews",
    "Fotos.photoslibrary/database/a.jpg": "previews",
    "Fotos.photoslibrary/scopes/syndication/originals/8/8.jpeg": "previews",
    "iPhoto Library.photolibrary/Thumbnails/2012/a.jpg": "previews",
    "Aperture.aplibrary/Previews/a.jpg": "previews",
    "iPhoto Library/Data/2006/Roll 1/a.jpg": "previews",
    "iPhoto Library/2004/02/24/Thumbs/a.jpg": "previews",
    "shoot/CaptureOne/Cache/Thumbnails/a.CR2.cot": "previews",
    "shoot/CaptureOne/Settings120/a.CR2.cos": "sidecars",
    ".BridgeCacheT": "previews",
    "DCIM/.thumbnails/1.jpg": "previews",
    "DCIM/.trashed-1672531200-IMG_1.jpg": "recycle_bins",
    "data/appdata_oc8ay35v1sfr/preview/a/b/256-256-crop.jpg": "previews",
    "data/anna/files_trashbin/files/a.jpg.d1600000000": "recycle_bins",
    "immich/thumbs/3fa85f64-5717-4562-b3fc-2c963f66afa6/ab/cd/x-preview.jpeg": "previews",
    "storage/cache/thumbnails/a/b/c.jpg": "previews",
    ".picasaoriginals/a.jpg": "earlier_versions",
    "Takeout/Google Photos/Trash/a.jpg": "recycle_bins",
    "Takeout/Google Fotos/Papierkorb/a.jpg": "recycle_bins",
    "Takeout/Google Foto_s/Prullenbak/a.jpg": "recycle_bins",
    "Takeout/Google Photos/Corbeille/a.jpg": "recycle_bins",
    "Takeout/Google Фото/Корзина/a.jpg": "recycle_bins",
    "Takeout/Google フォト/ゴミ箱/a.jpg": "recycle_bins",
    "RECYCLED/Dc1.jpg": "recycle_bins",
    "RECYCLED/Dd12/a.jpg": "recycle_bins",
    "RECYCLER/S-1-5-21-1-2-3-1004/Dc1.jpg": "recycle_bins",
    "storage/sidecar/2019/IMG_1.HEIC.jpg": "previews",
    "photoprism/storage/sidecar/2019/a.jpg": "previews",
    "Takeout/Google Photos/Photos from 2019/a.jpg.json": "sidecars",
    "a.jpg.supplemental-metadata.json": "sidecars",
    "a.jpg.suppl.json": "sidecars",
    "a.XMP": "sidecars",
    "a.AAE": "sidecars",
    "MVI_1.THM": "previews",
    "a/._b.jpg": "system_files",
    "__MACOSX/a/b.jpg": "system_files",
    "Thumbs.db": "system_files",
    "desktop.ini": "system_files",
    ".DS_Store": "system_files",
    "$RECYCLE.BIN/S-1-5-21/$R1.jpg": "recycle_bins",
    "System Volume Information/a.jpg": "system_files",
    ".Trashes/501/a.jpg": "recycle_bins",
    ".Trash-1000/files/a.jpg": "recycle_bins",
}
TRIED = (
    *("thumbs/own.jpg", "Previews/own.jpg", "Thumbnails/a.jpg", "Cache/a.jpg", "Originals/a.jpg"),
    *("Trash/a.jpg", "Bin/a.jpg", "preview/a.jpg", "recycle/a.jpg", "Data/a.jpg", "Masters/a.jpg"),
    *("eaDir/a.jpg", "my@eaDir/a.jpg", "lrdata/a.jpg", "a.lrdata.jpg", "thumbs/2019/a.jpg"),
    *("encoded-video/a.jpg", "storage/a.jpg", "snapshot/a.jpg", "Google Photos/2019/a.jpg"),
    *("iPhoto Library/Originals/2006/a.jpg", "iPhoto Library/2004/02/24/a.jpg"),
    *("Fotos.photoslibrary/originals/0/1.heic", "Alt.photoslibrary/Masters/2012/a.jpg"),
    *("Alt.photolibrary/Masters/a.jpg", "x.aplibrary/Masters/a.jpg", "a.cr2", "a.jpg"),
    *("RECYCLED/a.jpg", "waste/recycled/plastic/0001.jpg", "RECYCLER/a.jpg", "Papierkorb/a.jpg"),
    *("Temporary Items/a.jpg", "storage/sidecar/a.jpg", "storage/sidecar/2019/a.jpg"),
    *("appdata_photos/a.jpg", "appdata_2019/a.jpg", "Google Fotos/2019/a.jpg", "Cestino/a.jpg"),
    *("CaptureOne/a.jpg", "session/Capture/a.CR2", "_a.jpg", "thm.jpg", "xmp/a.jpg", "me.xmp.jpg"),
)


@pytest.mark.parametrize("path", LEFT_ASIDE)
def test_what_programs_and_systems_lay_there_is_left_aside(path: str) -> None:
    assert kind_of_name(path) == kind_of_name(f"deep/er/{path}") == LEFT_ASIDE[path]


@pytest.mark.parametrize("path", TRIED)
def test_folders_and_files_of_people_are_tried(path: str) -> None:
    assert kind_of_name(path) is None


def test_whoever_names_a_library_lists_its_originals_and_a_folder_of_it_means_it() -> None:
    library = "Fotos.photoslibrary"
    assert kind_of_name("resources/renders/1.jpeg", library) == "previews"
    assert kind_of_name("originals/0/1.heic", library) is None
    assert kind_of_name("Data/1.jpg", "iPhoto Library") == "previews"
    # The folder itself was named: what lies in it is meant.
    for folder in ("@eaDir", "derivatives", "#recycle", "Trash", "Cache", "x.lrdata"):
        assert kind_of_name("a/b.jpg", folder) is None


def rules() -> Iterator[tuple[str, str]]:
    text = (files("tierwise") / "facts" / "left_aside.toml").read_text("utf-8")
    for kind, rows in tomllib.loads(text).items():
        for row in rows:
            for name in (*row.get("folders", ()), *row.get("files", ())):
                yield kind, name


@pytest.mark.parametrize(("kind", "name"), list(rules()))
def test_every_rule_says_something(kind: str, name: str) -> None:
    """A name that is made of the pattern is of its kind, in other letters too."""
    made = re.sub(r"\[(.).*?\]", r"\1", name.replace("**/", "")).replace("*", "x").replace("?", "y")
    path = f"a/{made}z.jpg" if name.endswith("/") else f"a/{made}"
    assert kind_of_name(path) == kind_of_name(path.swapcase()) == Kind(kind)
