"""The pictures that `make run` answers from: free, small, none of the archive, and of some use."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.test_examples import BROKEN, FREE, LICENCE_ROW, PICTURES
from tierwise.emulator.known import KnownPictures, know_pictures
from tierwise.emulator.looks import Look
from tierwise.emulator.seeing import way_of_seeing
from tierwise.emulator.sight import see
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.picture import Picture
from tierwise.images.unlikeness import unlikeness
from tierwise.models import find_model
from tierwise.near_duplicates import MOST_UNLIKE
from tierwise.records import ImageSettings, MediaResolution

EXAMPLES = Path(__file__).parents[1] / "examples"
KNOWN = EXAMPLES / "known"
LICENSES = KNOWN / "LICENSES.md"
FILES = sorted(KNOWN.rglob("*.jpg"))
MODEL = find_model("gemini-3.1-flash-lite")
# Of 64 bits. Pictures that differ in fewer are looked at more closely.
NEAR = 10
look_at, _ = way_of_seeing("features")


def shrunk(path: Path, side: int) -> Picture:
    settings = ImageSettings(max_side=side)
    return optimize(path.read_bytes(), name=path.name, page=1, settings=settings, limits=Limits())


def seen(path: Path) -> Look:
    return look_at(see(shrunk(path, 768).data, MODEL, MediaResolution.LOW))


@pytest.fixture(scope="module")
def known() -> KnownPictures:
    return know_pictures(KNOWN, look_at).pictures


def test_they_are_small_and_nothing_else_is_there() -> None:
    files = [path for path in KNOWN.rglob("*") if path.is_file()]
    assert set(files) == {*FILES, LICENSES}
    assert sum(path.stat().st_size for path in files) <= 1_500_000


def test_each_has_its_licence_and_is_what_that_says() -> None:
    lines = LICENSES.read_text("utf-8").splitlines()
    rows = {row["file"]: row for line in lines if (row := LICENCE_ROW.fullmatch(line))}
    assert set(rows) == {path.relative_to(KNOWN).as_posix() for path in FILES}
    for path in FILES:
        row = rows[path.relative_to(KNOWN).as_posix()]
        assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert row["licence"] in FREE
        assert not row["licence"].startswith("CC BY") or row["attribution"] != "none asked"
    texts = LICENSES.read_text("utf-8").split("## Texts")[1]
    assert all(row["licence"].casefold() in texts.casefold() for row in rows.values())


def test_none_is_of_the_archive_nor_near_any_picture_of_it() -> None:
    archive = [shrunk(path, 256) for path in PICTURES if path != BROKEN]
    ours = [shrunk(path, 256) for path in FILES]
    for one in ours:
        for other in archive:
            assert one.features
            assert other.features
            apart = one.features.perceptual_hash ^ other.features.perceptual_hash
            if apart.bit_count() < NEAR:
                assert unlikeness(one, other) > MOST_UNLIKE


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pets/chelsea.png", "cat"),
        ("pets/Rex.jpeg", "dog"),
        ("pets/dog on carpet.jpg", "dog"),
        ("2009 holiday/iguana.JPG", "reptile"),
        ("2009 holiday/mountain & cars.jpg", "mountains"),
        ("web/bicycles.jpg", "bicycles"),
        ("scans/typewriter page.png", "document"),
        ("scans/Grace Hopper.jpg", "people"),
    ],
)
def test_a_cat_is_called_a_cat(known: KnownPictures, name: str, kind: str) -> None:
    assert known.shown(seen(EXAMPLES / "archive" / name)) == kind


def test_a_known_picture_is_no_neighbour_of_itself(known: KnownPictures) -> None:
    with Image.open(KNOWN / "animal/cat/cat-300572.jpg") as image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=70)
    look = look_at(see(buffer.getvalue(), MODEL, MediaResolution.LOW))
    votes = known.vote(look, ["animal", "document"])
    alone = KnownPictures([["cat-300572"]], [seen(KNOWN / "animal/cat/cat-300572.jpg")])
    assert alone.vote(look, ["cat-300572", "other"]) == {"cat-300572": 0, "other": 0}
    assert votes["animal"] > 0.9
