"""A table of labels: where its relative names start, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bucket import Bucket
from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.storage.listing import Input, Named
from tierwise.storage.manifests import look
from tierwise.storage.sampled_names import sampled_names


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "photos/2009").mkdir(parents=True)
    for name in ("photos/2009/a.jpg", "photos/b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "lists").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        ("2009/a.jpg\nb.jpg", "photos"),
        ("photos/2009/a.jpg\nphotos/b.jpg", ""),
        ("../photos/2009/a.jpg\ngone.jpg", "lists"),
        ("{here}/photos/b.jpg\nb.jpg", "photos"),
    ],
)
def test_relative_names_start_where_they_are_there(place: Path, names: str, folder: str) -> None:
    Path("lists/labels.csv").write_text("uri\n" + names.format(here=place))
    found = with_labels(find_input("photos/"), "lists/labels.csv")
    assert found.labels
    assert found.labels.relative_to == folder


def test_labels_of_a_manifest_start_at_its_folder_too(place: Path) -> None:
    del place
    Path("photos/list.csv").write_text("uri,customer\nb.jpg,x\n")
    Path("lists/labels.jsonl").write_text('{"uri": "b.jpg", "votes": 3}\n')
    found = with_labels(find_input("photos/list.csv"), "lists/*.jsonl")
    assert found.columns == {"customer": "string", "votes": "integer"}
    assert found.own_columns == {"customer": "string"}
    assert found.labels
    assert found.labels.relative_to == "photos"


@pytest.mark.parametrize(
    ("labels", "content", "message"),
    [
        ("labels.txt", "", "--labels=lists/labels.txt: is not the name of a table"),
        ("none.csv", None, "--labels=lists/none.csv: there is no such file"),
        (
            "labels.csv",
            "uri,Customer\nb.jpg,x\n",
            "'Customer' is a column of .*list.csv",
        ),
        ("labels.csv", "uri,old\ngone.jpg,x\n", "of 1 names that were looked for, none is there"),
        ("labels.csv", "name,old\nb.jpg,x\n", "needs a column named uri"),
        ("labels.csv", "uri,old\n", "--labels=lists/labels.csv: the manifest has no rows"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    place: Path, labels: str, content: str | None, message: str
) -> None:
    del place
    Path("photos/list.csv").write_text("uri,customer\nb.jpg,x\n")
    if content is not None:
        Path("lists", labels).write_text(content)
    with pytest.raises(InputError, match=message):
        with_labels(find_input("photos/list.csv"), f"lists/{labels}")


@pytest.mark.parametrize(("listed", "labelled"), [("link", "photos"), ("photos", "link")])
def test_links_to_folders_do_not_part_names(place: Path, listed: str, labelled: str) -> None:
    Path("link").symlink_to("photos")
    Path("lists/labels.csv").write_text(f"uri,old\n{place}/{labelled}/2009/a.jpg,x\n")
    found = with_labels(find_input(f"{place}/{listed}"), "lists/labels.csv")
    names = [name for name in sampled_names(found) if isinstance(name, Named)]
    olds = {Path(name.uri).name: name.columns["old"] for name in names}
    assert olds == {"a.jpg": "x", "b.jpg": None}


@pytest.fixture
def moved(place: Path) -> Path:
    """An older copy of the archive, with a picture that was left out since."""
    shutil.copytree("photos", "old")
    Path("old/c.jpg").write_bytes(b"x")
    return place


def with_rows(found: Input, *names: str) -> Input:
    Path("lists/labels.csv").write_text("\n".join(["uri", *names]))
    return with_labels(found, "lists/labels.csv")


@pytest.mark.parametrize("archive", ["photos", "photos/**.jpg", "photos/list.csv"])
def test_a_table_about_other_places_is_doubted_with_both_forms_of_a_name(
    moved: Path, archive: str
) -> None:
    Path("photos/list.csv").write_text("uri\n2009/a.jpg\nb.jpg\n")
    found = find_input(archive)
    doubt = with_rows(found, f"{moved}/old/c.jpg", f"{moved}/old/b.jpg").doubt
    assert f"none of 2 rows is about an image of {archive}: the table names" in doubt
    assert doubt.endswith(f"'{moved}/old/b.jpg', and there is '{moved}/photos/b.jpg'.")
    # One row that is about an image is enough, and so is one of a picture that is gone.
    assert with_rows(found, f"{moved}/old/c.jpg", f"{moved}/photos/b.jpg").doubt == ""
    if archive != "photos/list.csv":
        rows = [f"{moved}/old/c.jpg", f"{moved}/photos/gone.jpg"]
        assert with_rows(found, *rows).doubt == ""


def test_a_table_about_a_disk_is_refused_for_images_in_a_bucket(
    place: Path, bucket: Bucket
) -> None:
    bucket.put("gs://archive/b.jpg", b"x")
    bucket.put("gs://results/b.jpg", b"x")
    with pytest.raises(InputError) as refused:
        with_rows(find_input("gs://archive"), f"{place}/photos/b.jpg")
    assert f"'{place}/photos/b.jpg', and there is 'gs://archive/b.jpg'. Write" in str(refused.value)
    assert with_rows(find_input("gs://archive"), "gs://results/b.jpg").doubt
    Path("both.csv").write_text("uri\ngs://archive/b.jpg\nphotos/2009/a.jpg\n")
    assert with_rows(find_input("both.csv"), f"{place}/photos/b.jpg").doubt


def test_what_nobody_has_labelled_yet_is_doubted(
    moved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No picture that the table knows is called like one of these: they may have no labels yet.
    doubt = with_rows(find_input("photos"), f"{moved}/old/c.jpg").doubt
    assert doubt.startswith("--labels=lists/labels.csv: none of 1 row is about an image of photos")
    # A large table may be about these in rows that nobody has looked at.
    monkeypatch.setattr(look, "_MOST_ROWS", 2)
    rows = [f"{moved}/old/b.jpg"] * 3
    assert with_rows(find_input("photos"), *rows).doubt.endswith("Not all of them were looked at.")


def test_a_link_that_is_followed_leads_to_what_a_table_is_about(moved: Path) -> None:
    Path("photos/link").symlink_to(moved / "old")
    rows = [f"{moved}/old/b.jpg"]
    assert with_rows(find_input("photos", follow_links=True), *rows).doubt == ""
    assert "none of 1 row is about an image" in with_rows(find_input("photos"), *rows).doubt
