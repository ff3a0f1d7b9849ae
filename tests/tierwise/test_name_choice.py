"""`--include` and `--exclude`: patterns as .gitignore has them, wherever names come from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bucket import Bucket
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.errors import InputError
from tierwise.name_choice import NameChoice, choice_of, read_patterns
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.storage.local_files import LocalFiles
from tierwise.surveying.archive_names import archive_names

TREE = (
    *("a.jpg", "a.PNG", "drafts.jpg", "drafts/b.jpg", "2019/raw/c.dng", "2019/drafts/d.png"),
    *("x/2019/raw/e.dng", "[1].jpg", "a,b.jpg", "!odd.jpg", "größe.jpg"),
)


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("drafts", {"drafts/b.jpg", "2019/drafts/d.png"}),
        ("drafts/", {"drafts/b.jpg", "2019/drafts/d.png"}),
        ("/drafts", {"drafts/b.jpg"}),
        ("drafts*", {"drafts.jpg", "drafts/b.jpg", "2019/drafts/d.png"}),
        ("*.png", {"2019/drafts/d.png"}),
        ("*.[pP][nN][gG]", {"a.PNG", "2019/drafts/d.png"}),
        ("2019/raw", {"2019/raw/c.dng"}),
        ("2019/*", {"2019/raw/c.dng", "2019/drafts/d.png"}),
        ("2019/*.dng", set()),
        ("**/raw/*.dng", {"2019/raw/c.dng", "x/2019/raw/e.dng"}),
        ("2019/**", {"2019/raw/c.dng", "2019/drafts/d.png"}),
        ("2019/**/c.dng", {"2019/raw/c.dng"}),
        ("[[]1].jpg", {"[1].jpg"}),
        (r"\[1\].jpg", {"[1].jpg"}),
        (r"a\,b.jpg", {"a,b.jpg"}),
        (r"\!odd.jpg", {"!odd.jpg"}),
        ("gr*ße.jpg", {"größe.jpg"}),
        ("?.jpg", {"a.jpg", "drafts/b.jpg"}),
        ("[!a].*", {"2019/raw/c.dng", "2019/drafts/d.png", "x/2019/raw/e.dng", "drafts/b.jpg"}),
    ],
)
def test_patterns(pattern: str, matched: set[str]) -> None:
    exclude = choice_of(None, pattern)
    assert {name for name in TREE if exclude.kind_of(name)} == matched
    include = choice_of(pattern, None)
    assert {name for name in TREE if not include.kind_of(name)} == matched


@given(st.text("ab/*?[]!\\,.^-", min_size=1, max_size=8))
def test_any_text_is_patterns_or_refused_in_words(text: str) -> None:
    try:
        choice = NameChoice(exclude=read_patterns(text, "exclude"))
    except InputError as error:
        assert str(error).startswith(f"--exclude={text}: ")
    else:
        assert choice.kind_of("a/b.a") in (None, "excluded")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!*.jpg", r"nothing is negated here. Write --include=\*.jpg"),
        ("a,,b", "a pattern is empty"),
        ("/", "a pattern is empty"),
        ("[z-a]", "is not a pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_command_line(["plan", "--input=photos", f"--exclude={text}"])


def test_the_flag_given_twice_is_one_with_a_comma() -> None:
    words = ["run", "--input=a", "--output=b", "--exclude=*.png", "--include=x", "--exclude=y,z"]
    settings = read_command_line(words).settings
    assert (settings.include, settings.exclude) == ("x", "*.png,y,z")
    assert choice_of(settings.include, settings.exclude).exclude == ("*.png", "y", "z")


def put(folder: Path, *names: str) -> None:
    for name in names:
        LocalFiles().write(str(folder / name), b"x")


def tried(uri: object, choice: NameChoice) -> set[str]:
    names = list_names(find_input(str(uri), choice=choice))
    return {name.uri for name in names if isinstance(name, Named)}


def test_patterns_start_at_the_folder_of_the_input(tmp_path: Path) -> None:
    put(tmp_path, "photos/a.jpg", "photos/sub/a.jpg", "photos/sub/b.png", "photos/.old/c.jpg")
    choice = choice_of("/sub,*.png", "b.*")
    assert tried(tmp_path / "photos", choice) == {f"{tmp_path}/photos/sub/a.jpg"}
    # A pattern's own folder, too; and what is skipped anyway does not come back.
    assert tried(f"{tmp_path}/photos/**", choice) == {f"{tmp_path}/photos/sub/a.jpg"}
    with pytest.raises(InputError, match=r"3 names outside --include .*1 hidden file"):
        find_input(str(tmp_path / "photos"), choice=choice_of("c.jpg", None))


def test_patterns_hold_in_a_bucket_for_every_range(bucket: Bucket) -> None:
    for number in range(40):
        bucket.put(f"gs://archive/in/{number % 2}/{number:02}.jpg", b"x")
    choice = choice_of("1/", "*[05].jpg")
    names = tried("gs://archive/in", choice)
    assert len(names) == 16
    assert all(name.startswith("gs://archive/in/1/") and name[-5] != "5" for name in names)


def test_patterns_hold_for_the_names_of_a_manifest_as_they_are_written(tmp_path: Path) -> None:
    rows = ["a.jpg", "drafts/b.jpg", "./drafts/c.jpg", "/data/drafts/d.jpg", "gs://old/x/e.jpg"]
    manifest = tmp_path / "list.csv"
    manifest.write_text("uri\n" + "".join(f"{row}\n" for row in rows))
    assert tried(manifest, choice_of(None, "drafts/")) == {"a.jpg", "gs://old/x/e.jpg"}
    assert tried(manifest, choice_of("/data,gs://old/", None)) == {rows[3], rows[4]}
    assert tried(manifest, choice_of("/drafts/*", None)) == {rows[1], rows[2]}
    with pytest.raises(InputError, match="5 names by --exclude"):
        find_input(str(manifest), choice=choice_of(None, "*"))


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b.png", "drafts/c.jpg")
    choice = choice_of("*.jpg,*.tif", "drafts/,*.gif,c.*")
    found = archive_names(find_input(str(tmp_path), choice=choice), random.Random(1))
    assert found.skipped.facts() == {
        "skipped_files": {"excluded": 1, "not_included": 1},
        "skipped_examples": {
            "excluded": f"{tmp_path}/drafts/c.jpg",
            "not_included": f"{tmp_path}/b.png",
        },
        "unmatched_patterns": ["--exclude=*.gif", "--include=*.tif"],
    }
    with pytest.raises(InputError, match=r"--include=\*\.bmp matches nothing"):
        find_input(str(tmp_path), choice=choice_of("*.bmp", None))
