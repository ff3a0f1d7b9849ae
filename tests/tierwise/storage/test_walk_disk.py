"""One folder that cannot be read keeps nobody from the others; links are told apart."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.errors import InputError
from tierwise.name_choice import NameChoice
from tierwise.skipped_files import Tally
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.storage.local_files import LocalFiles
from tierwise.storage.stat import Stat
from tierwise.storage.walk_disk import walk_disk

# Root reads everything; here it gives up the two capabilities that let it (CAP_DAC_OVERRIDE and
# CAP_DAC_READ_SEARCH, see capabilities(7)), for itself and whatever it starts.
AS_ANYBODY = """
import ctypes, os, sys
if os.getuid() == 0:
    for capability in (1, 2):
        if ctypes.CDLL(None, use_errno=True).prctl(24, capability, 0, 0, 0):
            sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "tierwise", *sys.argv[1:]])
"""


def put(folder: Path, *names: str) -> None:
    for name in names:
        LocalFiles().write(str(folder / name), b"x")


def listed(uri: Path, **how: Any) -> tuple[set[str], dict[str, int]]:
    tally = Tally()
    names = list(list_names(find_input(str(uri), **how), tally))
    tried = {str(Path(name.uri).relative_to(uri)) for name in names if isinstance(name, Named)}
    return tried, dict(tally.skipped.counts)


def as_anybody(*words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", AS_ANYBODY, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode == 77:
        pytest.skip("root cannot give up its right to read everything here (prctl is refused)")
    return done


def test_folders_that_may_not_be_read_are_told_and_the_run_goes_on(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    archive, place = tmp_path / "archive", tmp_path / "place"
    for folder in (archive / "lost+found", archive / "shut", archive / "names"):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(draw(len(str(folder))))
    (archive / "b.jpg").write_bytes(draw(7))
    modes = {"lost+found": 0, "shut": 0o311, "names": 0o644}  # the last is read, and not entered
    for name, mode in modes.items():
        (archive / name).chmod(mode)
    planned = as_anybody("plan", f"--input={archive}")
    assert planned.returncode == 0, planned.stderr
    assert f"1 folder that cannot be read ({archive}/shut)" in flat(planned.stdout)
    assert f"Warning: folders that cannot be read: 1, such as {archive}/shut." in flat(
        planned.stdout
    )
    shrunk = as_anybody("optimize", f"--input={archive}", f"--output={place}/small")
    assert shrunk.returncode == 3, shrunk.stderr
    assert "1 folder that cannot be read" in flat(shrunk.stdout)
    ran = as_anybody("run", f"--input={archive}", f"--output={place}/out", "--json")
    assert ran.returncode == 3, ran.stderr
    run = json.loads(ran.stdout)
    assert run["skipped_files"] == {"system_files": 1, "unreadable_folders": 1}
    assert (run["files"], run["images"]) == (2, 2)
    archive.chmod(0)
    for words in (("plan",), ("run", f"--output={place}/out2")):
        refused = as_anybody(*words, f"--input={archive}")
        assert refused.returncode == 2
        assert f"tierwise: --input={archive}: cannot be read: Permission" in refused.stderr
    for path in (archive, *(archive / name for name in modes)):
        path.chmod(0o755)


def test_a_pattern_misses_no_folder_that_holds_none_of_its_names(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    for name in ("2019", "2020", "private"):
        (archive / name).mkdir(parents=True)
        (archive / name / "a.jpg").write_bytes(draw(len(name)))
        (archive / name / "list.csv").write_text(f"uri\n{archive}/2019/a.jpg\n")
    for name, pictures, lists in (("private", 0, 0), ("2020", 3, 2)):
        (archive / name).chmod(0)
        words = ("optimize", f"--input={archive}/20*/*.jpg", f"--output={out}")
        assert as_anybody(*words).returncode == pictures
        planned = as_anybody("plan", f"--input={archive}/20*/*.csv")
        assert planned.returncode == lists, planned.stderr
    assert f"{archive}/2020 cannot be read, and may hold files of the manifest" in planned.stderr
    for name in ("2020", "private"):
        (archive / name).chmod(0o755)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_folder_that_is_gone_when_its_turn_comes_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    tally = Tally()
    names = list_names(find_input(str(tmp_path)), tally)
    # Names are looked at a thousand at a time: the walk itself is asked.
    walk = walk_disk(str(tmp_path), follow_links=False, aside=lambda _: False)
    assert next(walk) == Stat(f"{tmp_path}/a/1.jpg", 0)
    for path in (tmp_path / "b", tmp_path / "c"):
        path.rename(tmp_path.parent / f"moved-{path.name}")
    told = list(walk)
    assert [one.uri for one in told] == [f"{tmp_path}/b/", f"{tmp_path}/c/"]
    assert len(list(names)) == 1


@pytest.fixture
def bad_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of which the system cannot read one: no disk here breaks on request."""
    put(tmp_path, "a.jpg", "bad/1.jpg")
    scan = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("/bad"):
            raise OSError(errno.EIO, "Input/output error", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return tmp_path


def test_trouble_of_the_disk_ends_the_listing_unless_the_folder_is_left_out(
    bad_disk: Path,
) -> None:
    with pytest.raises(InputError, match=r"/bad: cannot be read: Input/output error.*--exclude"):
        listed(bad_disk)
    choice = NameChoice(exclude=("bad/",))
    assert listed(bad_disk, choice=choice) == ({"a.jpg"}, {"excluded": 1})


def test_links_inside_are_other_names_of_what_is_listed_anyway(tmp_path: Path) -> None:
    put(tmp_path, "z/real/a.jpg", ".store/hidden/b.jpg")
    (tmp_path / "a").symlink_to("z/real", target_is_directory=True)
    (tmp_path / "again").symlink_to("z/real", target_is_directory=True)
    (tmp_path / "circle").symlink_to(".", target_is_directory=True)
    (tmp_path / "file.jpg").symlink_to("z/real/a.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    # Kept where nobody lists it, as some programs do, and shown under a name.
    (tmp_path / "shown").symlink_to(".store/hidden", target_is_directory=True)
    (tmp_path / "twice").symlink_to(".store/hidden", target_is_directory=True)
    tried = {"z/real/a.jpg", "file.jpg", "loop.jpg", "gone.jpg", "shown/b.jpg"}
    assert listed(tmp_path) == (tried, {"linked_folders": 4, "hidden": 1})


def test_links_out_that_are_followed_end(tmp_path: Path) -> None:
    put(tmp_path, "archive/a.jpg", "outside/b.jpg", "outside/deep/c.jpg")
    (tmp_path / "outside" / "deep" / "back").symlink_to("..", target_is_directory=True)
    (tmp_path / "outside" / "home").symlink_to("../archive", target_is_directory=True)
    for name in ("one", "two"):
        (tmp_path / "archive" / name).symlink_to("../outside", target_is_directory=True)
    archive = tmp_path / "archive"
    assert listed(archive) == ({"a.jpg"}, {"links_out": 2})
    assert listed(archive, follow_links=True) == (
        {"a.jpg", "one/b.jpg", "one/deep/c.jpg"},
        {"linked_folders": 3},
    )


def test_names_that_are_no_unicode_are_told_as_tables_show_them(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    raw = os.fsencode(tmp_path) + b"/caf\xe9/.trash-1000/x.jpg"
    Path(os.fsdecode(raw)).parent.mkdir(parents=True)
    Path(os.fsdecode(raw)).write_bytes(b"x")
    tally = Tally()
    list(list_names(find_input(str(tmp_path)), tally))
    facts = tally.skipped.facts()
    assert facts["skipped_examples"] == {"recycle_bins": rf"{tmp_path}/caf\xe9/.trash-1000/x.jpg"}


def test_a_pattern_looks_no_deeper_than_its_names_lie(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "p/b.jpg", "p/q/c.jpg")
    walk = walk_disk(str(tmp_path), follow_links=False, aside=lambda _: False, deepest=1)
    assert [one.uri for one in walk] == [f"{tmp_path}/a.jpg", f"{tmp_path}/p/b.jpg"]
    for pattern, names in (
        ("*.jpg", {"a.jpg"}),
        ("*/*.jpg", {"p/b.jpg"}),
        ("**/c*", {"p/q/c.jpg"}),
    ):
        found = list_names(find_input(f"{tmp_path}/{pattern}"))
        assert {str(Path(name.uri).relative_to(tmp_path)) for name in found} == names


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        # The folder that `sel` leads to lies too deep, or is called otherwise, for its own names.
        ("*/*.jpg", {"a/1.jpg", "sel/2.jpg", "top/0.jpg"}),
        ("s*/**/*.jpg", {"sel/2.jpg"}),
        ("s*/*", {"sel/2.jpg"}),
        # By these patterns it is listed anyway.
        ("**/*.jpg", {"0.jpg", "a/1.jpg", "a/inner/2.jpg"}),
        ("**", {"0.jpg", "a/1.jpg", "a/inner/2.jpg"}),
        ("*/inner/*.jpg", {"a/inner/2.jpg"}),
    ],
)
def test_a_pattern_follows_links_inside_where_it_has_no_other_name(
    tmp_path: Path, pattern: str, names: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "0.jpg", "a/1.jpg", "a/inner/2.jpg")
    (tmp_path / "sel").symlink_to("a/inner", target_is_directory=True)
    (tmp_path / "top").symlink_to(".", target_is_directory=True)
    (tmp_path / "twin").symlink_to("a", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for beginning in ("", f"{tmp_path}/"):
        found = list_names(find_input(beginning + pattern))
        tried = [name.uri.removeprefix(beginning) for name in found if isinstance(name, Named)]
        assert sorted(tried) == sorted(names)


def test_a_link_to_a_folder_above_names_no_picture_twice(tmp_path: Path) -> None:
    put(tmp_path, "archive/a.jpg", "archive/deep/b.jpg", "beside/c.jpg")
    (tmp_path / "archive" / "deep" / "up").symlink_to("../..", target_is_directory=True)
    assert listed(tmp_path / "archive", follow_links=True) == (
        {"a.jpg", "deep/b.jpg", "deep/up/beside/c.jpg"},
        {"linked_folders": 1},
    )


@pytest.mark.parametrize(
    ("include", "tried"),
    [
        ("*.jpg", {"2019/a.jpg"}),
        ("**/*.jpg", {"2019/a.jpg"}),
        ("*/*.jpg", {"2019/a.jpg"}),
        ("2019/", {"2019/a.jpg"}),
        ("alias/", {"alias/a.jpg"}),
        ("alias/*.jpg", {"alias/a.jpg"}),
    ],
)
def test_wanted_names_are_listed_once_whatever_links_lead_to_them(
    tmp_path: Path, include: str, tried: set[str]
) -> None:
    put(tmp_path, "2019/a.jpg")
    (tmp_path / "alias").symlink_to("2019")
    (tmp_path / "2019" / "loop").symlink_to(".")
    assert listed(tmp_path, choice=NameChoice(include=(include,)))[0] == tried
