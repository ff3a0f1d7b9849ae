"""`tierwise init` looks at an archive and writes a tasks file that holds, over no other."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.storage.files import files_for
from tierwise.tasks import Tasks, load_tasks

ROOT = Path(__file__).parents[2]
Photos = Callable[..., Path]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tasks]:
    """The tasks that it writes for an input, which no emulator or Google was asked for."""
    monkeypatch.chdir(tmp_path)

    def written(place: Path | str, *flags: str) -> Tasks:
        assert main(["init", str(place), *flags]) == 0
        return loaded((tmp_path / "tasks.yaml").read_text("utf-8"))

    return written


def loaded(text: str) -> Tasks:
    return load_tasks(text, path="tasks.yaml")


def options(tasks: Tasks, name: str = "category") -> tuple[str, ...]:
    return next(task for task in tasks.tasks if task.name == name).answer.options()


def commands(out: str) -> list[list[str]]:
    found = re.findall(r"^  tierwise (.*)$", out, re.MULTILINE)
    return [line.split() for line in found]


def test_a_folder_of_photographs_and_the_commands_that_follow(
    init: Callable[..., Tasks], photos: Photos, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(9)
    (folder / "notes.txt").write_text("no picture", "utf-8")
    tasks = init(folder)
    assert [task.name for task in tasks.tasks] == ["category", "contents", "description"]
    assert "landscape" in options(tasks)
    out = capsys.readouterr().out
    assert f"{folder}: 9 files: 9 jpg." in out
    assert "Skipped: 1 file that plainly is no picture" in out
    assert re.search(r"Gemini answers about all of them: some \$0\.\d+, in nine of ten cases", out)
    plan, run, real = commands(out)
    assert main(plan) == 0
    assert main([*run, f"--gemini_endpoint={gemini.url}"]) == 0
    assert "--gemini=developer" in real
    assert "--max_cost_usd=0.10" in real


def test_of_many_pictures_some_are_asked_first(
    init: Callable[..., Tasks], photos: Photos, capsys: pytest.CaptureFixture[str]
) -> None:
    init(photos(201))
    first, every = commands(capsys.readouterr().out)[2:]
    settings = read_command_line(first).settings
    assert (settings.first, settings.gemini, settings.max_cost_usd) == (50, "developer", "0.10")
    assert read_command_line(every).settings.first is None


def test_a_file_that_is_there_is_never_written_over(
    photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("# mine", "utf-8")
    assert main(["init", f"--input={photos(1)}", f"--tasks={mine}"]) == 2
    assert "mine.yaml: is there already, and is not written over." in capsys.readouterr().err
    assert mine.read_text("utf-8") == "# mine"


def test_flags_of_other_verbs_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "photos/", "--runner=DirectRunner"]) == 2
    assert "unknown flag --runner" in capsys.readouterr().err
    assert main(["init", "photos/", "more/"]) == 2
    assert "'more/' is not a flag" in capsys.readouterr().err


def test_what_holds_no_pictures_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    assert main(["init", "photos/"]) == 2
    assert main(["init", "nowhere/"]) == 2
    assert "there is no such file or folder" in capsys.readouterr().err
    assert not (tmp_path / "tasks.yaml").exists()


def test_names_of_folders_that_look_like_labels_become_labels(
    init: Callable[..., Tasks], photos: Photos, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(4, "photos/train/sea: calm")
    photos(3, "photos/val/sea: calm", first=10)
    photos(3, "photos/train/no", first=20)
    tasks = init(photos(3, "photos/train/Übersee", first=30).parents[1])
    assert set(options(tasks)) == {"sea: calm", "no", "Übersee"}
    out = capsys.readouterr().out
    assert "Their names look like labels, 3 of them: they are those of the task category." in out
    assert "look like groups" not in out


def test_folders_by_date_look_like_groups(
    init: Callable[..., Tasks], photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for month in range(1, 5):
        photos(3, f"photos/2026-{month:02}", first=10 * month)
    tasks = init(tmp_path / "photos")
    assert "landscape" in options(tasks)
    assert "They look like groups" in capsys.readouterr().out
    assert "#    per: folder " in (tmp_path / "tasks.yaml").read_text("utf-8")


def test_a_table_among_the_pictures_brings_labels_and_its_columns(
    init: Callable[..., Tasks], photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(9)
    rows = [f"{n:03}.jpg,{('oak', 'elm', 'ash')[n % 3]},B{n // 3}" for n in range(9)]
    (folder / "old.csv").write_text("\n".join(["uri,label,album", *rows]), "utf-8")
    (folder / "other.csv").write_text("name,price\nx,1\n", "utf-8")
    tasks = init(folder)
    assert options(tasks) == ("oak", "elm", "ash")
    out = capsys.readouterr().out
    assert f"--labels={folder}/old.csv takes its columns along." in out
    assert "The column label has 3 values, such as oak" in out
    assert main(commands(out)[0]) == 0
    text = (tmp_path / "tasks.yaml").read_text("utf-8")
    assert "#    per: album " in text
    assert "{label}, {album}" in text


def test_a_manifest_is_looked_at_like_a_folder(
    init: Callable[..., Tasks], photos: Photos, tmp_path: Path
) -> None:
    folder = photos(6)
    rows = [f"{n:03}.jpg,{('oak', 'elm')[n % 2]}" for n in range(6)]
    (folder / "list.csv").write_text("\n".join(["uri,category", *rows]), "utf-8")
    assert options(init(folder / "list.csv")) == ("oak", "elm")


def test_documents_are_asked_about_as_documents(
    init: Callable[..., Tasks], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scans").mkdir()
    source = ROOT / "examples/archive/scans/fax, 3 pages.tif"
    (tmp_path / "scans" / "fax.tif").write_bytes(source.read_bytes())
    tasks = init("scans/")
    assert "invoice" in options(tasks)
    assert [task.name for task in tasks.tasks] == ["category", "facts"]
    assert "each page is a picture: about 3 pictures in all." in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["photographs", "documents", "labels", "groups"])
def test_what_is_commented_out_holds_too(
    kind: str, init: Callable[..., Tasks], photos: Photos, tmp_path: Path
) -> None:
    if kind == "documents":
        (tmp_path / "photos").mkdir()
        source = ROOT / "examples/archive/scans/fax, 3 pages.tif"
        (tmp_path / "photos" / "fax.tif").write_bytes(source.read_bytes())
    elif kind == "photographs":
        photos(2)
    else:
        for name in ("it's", "b", "c") if kind == "labels" else ("1", "2", "3"):
            photos(3, f"photos/{name}", first=10 * ord(name[0]))
    init("photos")
    text = (tmp_path / "tasks.yaml").read_text("utf-8")
    tasks = loaded(re.sub("^#(  +|$)", r"\1", text, flags=re.MULTILINE))
    more = {"writing", "file_name"} | ({"title"} if kind == "groups" else set())
    assert more < {task.name for task in tasks.tasks}


def test_no_name_of_a_file_can_write_into_the_tasks_file(
    init: Callable[..., Tasks], photos: Photos, tmp_path: Path
) -> None:
    for number, name in enumerate(("a\x85model: x", "b\nmodel: y", "c\u2028model: z")):
        photos(3, f"photos/{name}", first=10 * number)
        (tmp_path / "photos" / name / f"{name}.txt").write_text("x", "utf-8")
    tasks = init("photos")
    assert {task.route.model for task in tasks.tasks} == {"gemini-3.1-flash-lite"}


def test_in_a_bucket_it_is_the_same(
    bucket: Any, draw: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        bucket.put(f"gs://archive/{('oak', 'elm')[number % 2]}/{number}.jpg", draw(number))
    assert main(["init", "gs://archive/", "--tasks=gs://results/tasks.yaml"]) == 0
    text = files_for("gs://results/tasks.yaml").read("gs://results/tasks.yaml").decode()
    assert set(options(loaded(text))) == {"oak", "elm"}
    assert main(["init", "gs://archive/", "--tasks=gs://results/tasks.yaml"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_it_waits_for_nothing_heavy() -> None:
    program = (
        "import sys, tierwise.beam_pipeline.commands.init\n"
        "heavy = {'apache_beam', 'google.genai', 'matplotlib'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
