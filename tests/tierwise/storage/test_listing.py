"""Every file of an input is named once; what is left out is left out on purpose."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Input, InputKind, Named, Skipped, list_names, starts_at
from tierwise.storage.local_files import LocalFiles

AWKWARD = ["a b.jpg", "a#1.jpg", "[1].jpg", "what?.jpg", "50%.jpg", "größe 風景.jpg", "no ending"]


def put(folder: Path, *names: str) -> None:
    for name in names:
        LocalFiles().write(str(folder / name), b"x")


def named(uri: Path | str, excluded: Path | str = "") -> list[str]:
    found = find_input(str(uri), excluded=str(excluded))
    return [name.uri for name in list_names(found) if isinstance(name, Named)]


def names(folder: Path, uri: Path | str, excluded: Path | str = "") -> set[str]:
    listed = named(uri, excluded)
    assert len(listed) == len(set(listed))
    return {os.path.relpath(name, folder) for name in listed}


def test_a_folder_means_every_file_below_it(tmp_path: Path) -> None:
    put(tmp_path, *AWKWARD, "sub/deeper/x.tif")
    assert names(tmp_path, tmp_path) == {*AWKWARD, "sub/deeper/x.tif"}
    assert names(tmp_path, f"{tmp_path}/") == {*AWKWARD, "sub/deeper/x.tif"}


def test_plain_non_pictures_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "a.XMP", "notes.txt", ".hidden.jpg", "data.json", "odd.xyz", "b.zip")
    listed = list(list_names(find_input(str(tmp_path))))
    skipped = {Path(name.uri).name for name in listed if isinstance(name, Skipped)}
    assert skipped == {"a.XMP", "notes.txt", ".hidden.jpg", "data.json", "b.zip"}
    assert {Path(name.uri).name for name in listed} - skipped == {"a.jpg", "odd.xyz"}


@pytest.mark.parametrize("name", AWKWARD)
def test_a_single_file_is_taken_by_its_very_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, *AWKWARD)
    assert find_input(str(tmp_path / name)).kind is InputKind.FILE
    assert names(tmp_path, tmp_path / name) == {name}


def test_a_file_named_alone_is_asked_whatever_its_ending(tmp_path: Path) -> None:
    put(tmp_path, "scan.txt")
    assert names(tmp_path, tmp_path / "scan.txt") == {"scan.txt"}


TREE = [
    "1.jpg",
    "2.JPG",
    "[1].jpg",
    "a/1.jpg",
    "a/b/1.jpg",
    "a/b/2.png",
    "-.jpg",
    "^.jpg",
    "größe.jpg",
]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*.jpg", {"1.jpg", "[1].jpg", "-.jpg", "^.jpg", "größe.jpg"}),
        ("?.jpg", {"1.jpg", "-.jpg", "^.jpg"}),
        ("[0-9].jpg", {"1.jpg"}),
        ("[!0-9].jpg", {"-.jpg", "^.jpg"}),
        ("[^1].jpg", {"1.jpg", "^.jpg"}),
        ("[[]1].jpg", {"[1].jpg"}),
        ("a/*.jpg", {"a/1.jpg"}),
        ("a[!x]1.jpg", set()),
        ("**/*.jpg", {"1.jpg", "[1].jpg", "-.jpg", "^.jpg", "größe.jpg", "a/1.jpg", "a/b/1.jpg"}),
        ("a/**", {"a/1.jpg", "a/b/1.jpg", "a/b/2.png"}),
        ("a/**/2.*", {"a/b/2.png"}),
        ("gr*ße.jpg", {"größe.jpg"}),
        ("*.jp", set()),
    ],
)
def test_patterns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, matched: set[str]
) -> None:
    put(tmp_path, *TREE)
    monkeypatch.chdir(tmp_path)
    for uri in (str(tmp_path / pattern), pattern, f"./{pattern}"):
        if matched:
            assert find_input(uri).kind is InputKind.PATTERN
            assert names(tmp_path, uri) == matched
        else:
            with pytest.raises(InputError, match="no file matches this pattern"):
                find_input(uri)


@given(st.text("ab[]!^-?*/\\.", min_size=1, max_size=12))
def test_any_pattern_is_matched_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    assume(".." not in text)  # that names the folder above, where other tests keep files
    folder = tmp_path_factory.getbasetemp() / "patterns"
    put(folder, "a/b")
    try:
        assert names(folder, f"{folder}/{text}") <= {"a/b"}
    except InputError as error:
        assert str(error).startswith("--input=")


@pytest.mark.parametrize("inside", ["out", "sub/out", "./out/", "sub/../out"])
def test_the_output_within_the_input_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "in/a.jpg", "in/sub/b.jpg", "in/outer.jpg", "in/out2/c.jpg")
    put(tmp_path / "in" / inside, "small.jpg", "below/x.jpg")
    kept = {"in/a.jpg", "in/sub/b.jpg", "in/outer.jpg", "in/out2/c.jpg"}
    assert names(tmp_path, "in", f"in/{inside}") == kept
    assert names(tmp_path, "./in/", tmp_path / "in" / inside) == kept
    assert names(tmp_path, tmp_path / "in", f"in/{inside}") == kept
    assert names(tmp_path, "in/**/*.jpg", f"in/{inside}") == kept
    assert names(tmp_path, "**/*.jpg", f"./in/{inside}") == kept


def test_an_output_elsewhere_or_around_leaves_nothing_out(tmp_path: Path) -> None:
    put(tmp_path, "in/a.jpg", "in/b/c.jpg")
    for output in (tmp_path / "in", tmp_path, tmp_path / "elsewhere", "gs://bucket/out", ""):
        assert names(tmp_path, tmp_path / "in", output) == {"in/a.jpg", "in/b/c.jpg"}


def test_an_input_that_holds_but_the_output_is_empty(tmp_path: Path) -> None:
    put(tmp_path, "out/a.jpg")
    with pytest.raises(InputError, match="holds no files"):
        find_input(str(tmp_path), excluded=str(tmp_path / "out"))


def test_what_a_manifest_names_is_taken_even_from_the_output(tmp_path: Path) -> None:
    put(tmp_path, "out/a.jpg")
    (tmp_path / "list.csv").write_text("uri,label\nout/a.jpg,x\n")
    (name,) = list_names(find_input(str(tmp_path / "list.csv"), excluded=str(tmp_path / "out")))
    assert name == Named("out/a.jpg", f"{tmp_path}/out/a.jpg", {"label": "x"})


def test_a_manifest_with_an_unsupported_address_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("uri\na.jpg\nftp://x/b.jpg\n")
    with pytest.raises(InputError, match=r"ftp://x/b\.jpg"):
        list(list_names(find_input(str(tmp_path / "list.csv"))))


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing", "there is no such file or folder"), ("empty", "the folder holds no files")],
)
def test_inputs_that_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty" / "below").mkdir(parents=True)
    with pytest.raises(InputError, match=rf"^--input={tmp_path}/{name}: {message}\.$"):
        find_input(str(tmp_path / name))


@pytest.mark.parametrize("name", ["", "/*.txt", "/**"])
def test_an_input_of_skipped_files_alone_is_refused(tmp_path: Path, name: str) -> None:
    put(tmp_path, *(f"{letter}.txt" for letter in "abcde"))
    with pytest.raises(InputError) as caught:
        find_input(f"{tmp_path}{name}")
    assert str(caught.value) == (
        f"--input={tmp_path}{name}: no file that may be an image; 5 files skipped: 5 files that "
        f"plainly are no pictures ({tmp_path}/a.txt). Name such a file or its folder alone to try "
        "it."
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_manifest_without_rows_is_refused(tmp_path: Path, ending: str) -> None:
    manifest = tmp_path / f"list.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"uri": pa.array([], pa.string())}), manifest)
    else:
        manifest.write_text("uri,customer\n" if ending == "csv" else "")
    # A file of JSON Lines without lines has no columns either.
    with pytest.raises(InputError, match=r"needs a column named uri|the manifest has no rows"):
        find_input(str(manifest))


def test_what_is_there_and_no_regular_file_is_called_so() -> None:
    with pytest.raises(InputError, match="/dev/null: is not a regular file"):
        find_input("/dev/null")


def test_a_name_that_is_no_unicode_is_shown_and_can_be_read(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (name,) = list_names(find_input(str(tmp_path)))
    assert isinstance(name, Named)
    assert name.uri == f"{tmp_path}/caf\\xe9.jpg"
    assert LocalFiles().read(name.path) == b"x"


def test_a_file_named_like_the_escapes_of_another_is_a_file_of_its_own(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    files = {b"bad\xff\xfename.jpg": b"one", rb"bad\xff\xfename.jpg": b"two", b"\xff.txt": b"none"}
    for name, data in files.items():
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(data)
    found = list(list_names(find_input(str(tmp_path))))
    assert len({name.uri.encode() for name in found}) == 3
    read = [LocalFiles().read(name.path) for name in found if isinstance(name, Named)]
    assert sorted(read) == [b"one", b"two"]
    # A manifest that is made of these names, as the page makes one, means the same files.
    rows = [{"uri": name.uri} for name in found if isinstance(name, Named)]
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    again = list(list_names(find_input(f"{tmp_path}/list.jsonl")))
    assert [LocalFiles().read(name.path) for name in again if isinstance(name, Named)] == read


def test_nothing_is_opened_by_listing(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    (tmp_path / "a.jpg").chmod(0)
    assert list(list_names(Input(str(tmp_path), InputKind.FOLDER))) == [
        Named(f"{tmp_path}/a.jpg", f"{tmp_path}/a.jpg")
    ]


def test_what_lies_in_a_hidden_folder_is_hidden(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", ".thumbnails/b.jpg", "c/.trash/d/e.jpg")
    found = list(list_names(find_input(str(tmp_path))))
    assert [type(name).__name__ for name in found].count("Named") == 1
    assert len(found) == 3


def test_relative_names_start_where_the_command_was_given_or_at_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "photos/a.jpg")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "new.csv").write_text("uri\n../photos/a.jpg\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    for uri, begin in (("photos", tmp_path), ("lists/new.csv", tmp_path / "lists")):
        found = find_input(uri)
        assert starts_at(found) == str(begin)
        [name] = list_names(found)
        assert isinstance(name, Named)
        assert Path(begin, name.uri).resolve() == tmp_path / "photos" / "a.jpg"
    assert starts_at(Input("gs://archive/x", InputKind.FOLDER)) == ""


@pytest.mark.parametrize("form", ["{0}", "{0}/*", "{0}/**"])
def test_links_out_of_a_folder_are_followed_only_where_that_is_asked(
    tmp_path: Path, form: str
) -> None:
    archive, outside = tmp_path / "archive", tmp_path / "outside"
    for folder in (archive / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"a")
    (archive / "inside.jpg").symlink_to(archive / "sub" / "a.jpg")
    (archive / "secret.jpg").symlink_to("../outside/a.jpg")
    (archive / "all").symlink_to("/", target_is_directory=True)
    (tmp_path / "link").symlink_to(archive, target_is_directory=True)
    for root in (archive, tmp_path / "link"):
        uri = form.format(root)
        names = list(list_names(find_input(uri)))
        tried = {Path(name.uri).name for name in names if isinstance(name, Named)}
        skipped = {Path(name.uri).name for name in names if isinstance(name, Skipped)}
        assert tried == {"inside.jpg", "a.jpg"} if form != "{0}/*" else {"inside.jpg"}
        assert skipped == {"secret.jpg", "all"}
    (archive / "all").unlink()
    followed = list_names(find_input(form.format(archive), follow_links=True))
    assert "secret.jpg" in {Path(name.uri).name for name in followed if isinstance(name, Named)}
