"""A bucket or disk that is away: its pictures are not damaged, and their answers stay."""

from __future__ import annotations

import gc
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.test_buckets import rows, run, run_json, upload
from tests.bucket import Bucket, RefusedError
from tests.confined import confined
from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.files import files_for

ROOT = Path(__file__).parents[2]
TASKS = """
model: gemini-3.1-flash-lite
tasks: {light: {prompt: "How light is it?", labels: [dark, bright]}}
"""
OTHER = TASKS.replace("How light", "How dark")
OF_GROUPS = """
model: gemini-3.1-flash-lite
tasks: {shown: {per: folder, prompt: "What do they show?", text: {max_length: 40}}}
"""
IMAGES = 12
# Much shorter than a person would choose.
IMPATIENT = "--give_up_after_s=5"
# By the picture that meets it: what the bucket replies, the reason, and what is told.
TROUBLES = {
    "000.jpg": (403, "x@y has no storage.objects.get", "store_refused", "no permission; give this"),
    "001.jpg": (401, "Anonymous caller", "store_refused", "Google does not know who asks; log in"),
    "002.jpg": (400, "Bucket is a requester pays", "store_refused", "must pay for it"),
    "003.jpg": (403, "The billing account for", "store_refused", "billing account of its project"),
    "004.jpg": (404, "No such object", "store_unavailable", "there is no such object (any more)"),
    "005.jpg": (412, "A pre-condition", "store_unavailable", "changed or deleted after it was"),
    "006.jpg": (408, "slow", "store_unavailable", "does not serve this now (408"),
    "007.jpg": (429, "many", "store_unavailable", "does not serve this now (429"),
    "008.jpg": (503, "later", "store_unavailable", "does not serve this now (503"),
    "009.jpg": (0, "", "store_unavailable", "Cloud Storage could not be reached"),
}
Photos = Callable[..., Path]


@pytest.fixture
def archive(bucket: Bucket, photos: Photos) -> Bucket:
    """Twelve pictures at gs://archive/photos, and a tasks file."""
    upload(bucket, photos(IMAGES), "gs://archive/photos")
    bucket.put("gs://archive/tasks.yaml", TASKS.encode())
    return bucket


def ask(gemini: Any, *flags: str) -> int:
    named = any(flag.startswith("--input=") for flag in flags)
    archive = [] if named else ["--input=gs://archive/photos"]
    words = ["--tasks=gs://archive/tasks.yaml", IMPATIENT, "--output=gs://results/out"]
    return run(gemini, *archive, *words, *flags)


def outcomes() -> dict[str, str]:
    """By the name of a picture its answer, or the reason why there is none."""
    answers = {row["name"]: "answered" for row in rows("gs://results/out", "answers")}
    failures = {row["name"]: row["reason"] for row in rows("gs://results/out", "failures")}
    assert not answers.keys() & failures.keys()
    return answers | failures


# Google's library leaves a connection that is refused with 401 to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_pictures_that_a_bucket_does_not_give_are_asked_by_the_next_run(
    gemini: Any, archive: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as troubles:
        for name, (status, said, _, _) in TROUBLES.items():
            troubles.enter_context(archive.refusing(status, said, kinds="read", only=name))
        assert ask(gemini) == 3
    failures = {row["name"]: row for row in rows("gs://results/out", "failures")}
    assert {name: row["reason"] for name, row in failures.items()} == {
        name: reason for name, (_, _, reason, _) in TROUBLES.items()
    }
    for name, (_, _, _, told) in TROUBLES.items():
        assert failures[name]["message"].startswith(f"gs://archive/photos/{name}: ")
        assert told in failures[name]["message"]
    out = capsys.readouterr().out
    assert "gs://archive: store_refused: 4 rows, such as gs://archive/photos/00" in out
    assert "gs://archive: store_unavailable: 6 rows, such as" in out
    assert len(gemini.requests()) == IMAGES - len(TROUBLES)
    assert ask(gemini) == 0
    assert set(outcomes().values()) == {"answered"}
    assert len(gemini.requests()) == IMAGES
    gc.collect()  # here, and not in the middle of another test


@pytest.mark.parametrize(
    ("status", "told"),
    [(403, "no permission; give this"), (404, "no such object"), (503, "serve this now (503")],
)
def test_a_bucket_that_gives_nothing_is_told_and_the_tables_stay(
    status: int, told: str, gemini: Any, archive: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(gemini) == 0
    asked, before = len(gemini.requests()), outcomes()
    archive.put("gs://archive/tasks.yaml", OTHER.encode())
    with archive.refusing(status, kinds="read", only="photos"):
        assert ask(gemini) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("tierwise: --input: not one picture could be read, and nothing was")
    assert told in message
    assert run_json("gs://results/out")["exit_status"] == 2
    assert len(gemini.requests()) == asked
    assert outcomes() == before


def test_what_is_known_needs_no_bucket(gemini: Any, archive: Bucket) -> None:
    assert ask(gemini) == 0
    before = outcomes()
    with archive.refusing(403, kinds="read", only="photos"):
        assert ask(gemini) == 0
    assert outcomes() == before


def test_permission_that_is_lost_half_way_costs_no_answer(gemini: Any, archive: Bucket) -> None:
    # The forecast has read the head of each before.
    with archive.refusing(403, kinds="read", only="photos", after=IMAGES + 5):
        assert ask(gemini) == 3
    assert sorted(outcomes().values()) == ["answered"] * 5 + ["store_refused"] * 7
    assert len(gemini.requests()) == 5
    assert ask(gemini) == 0
    assert len(gemini.requests()) == IMAGES


def test_a_bucket_that_is_away_for_a_moment_is_waited_for(gemini: Any, archive: Bucket) -> None:
    with archive.refusing(503, kinds="read", only="photos", times=20):
        assert ask(gemini, "--give_up_after_s=60") == 0
    assert set(outcomes().values()) == {"answered"}


def test_a_bucket_that_refuses_all_is_asked_a_few_times(
    gemini: Any, bucket: Bucket, photos: Photos
) -> None:
    upload(bucket, photos(190), "gs://archive/photos")
    bucket.put("gs://archive/tasks.yaml", TASKS.encode())
    with bucket.refusing(403, kinds="read", only="photos"):
        assert ask(gemini, "--requests_in_flight=8") == 2
    # Fifty each by the forecast and the run, and what was under way then.
    assert bucket.counts["read"] < 150


def test_what_a_manifest_names_is_remembered_by_its_name(gemini: Any, archive: Bucket) -> None:
    names = [f"gs://archive/photos/{number:03}.jpg" for number in range(IMAGES)]
    archive.put("gs://archive/list.csv", "\n".join(["uri", *names]).encode())
    flag = "--input=gs://archive/list.csv"
    assert ask(gemini, flag) == 0
    before = outcomes()
    with archive.refusing(403, kinds="read stat", only="photos"):
        assert ask(gemini, flag) == 3
    assert outcomes() == before
    assert run_json("gs://results/out")["remembered_files"] == IMAGES
    assert len(gemini.requests()) == IMAGES


def test_an_output_that_cannot_be_written_blames_no_picture(
    gemini: Any, archive: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(kind: str, path: str) -> RefusedError | None:
        asked = kind == "write" and "results" in path and len(gemini.requests()) >= 5
        return RefusedError(403, "x@y may not write any more") if asked else None

    archive.refusals.append(refuse)
    try:
        assert ask(gemini, "--requests_in_flight=2") == 1
    finally:
        archive.refusals.remove(refuse)
    told = capsys.readouterr().err
    assert "tierwise: the output cannot be written any more: " in told
    assert "Traceback" not in told
    assert len(gemini.requests()) <= 5 + 2


def test_small_files_stay_where_nothing_can_be_read(archive: Bucket) -> None:
    words = ["optimize", "--input=gs://archive/photos", "--output=gs://results/small"]
    assert main(words) == 0
    before = archive.names("results")
    with archive.refusing(403, kinds="read", only="photos%2F"):
        assert main(words) == 2
    assert set(before) <= set(archive.names("results"))


@pytest.mark.parametrize(("only", "status"), [("000.jpg", 0), ("photos", 2)])
def test_a_forecast_tells_what_it_could_not_look_at(
    only: str, status: int, archive: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--input=gs://archive/photos", "--tasks=gs://archive/tasks.yaml"]
    with archive.refusing(503, kinds="read", only=only, times=10**6):
        assert main(["plan", *words]) == status
    told = "".join(capsys.readouterr())
    files = 1 if status == 0 else IMAGES
    assert f"{files} file{'s' * (files > 1)} to be looked at could not be read" in told
    assert "Cloud Storage does not serve this now (503: no)" in told


def test_a_group_waits_for_a_picture_that_may_come(gemini: Any, archive: Bucket) -> None:
    archive.put("gs://archive/tasks.yaml", OF_GROUPS.encode())
    with archive.refusing(503, kinds="read", only="000.jpg"):
        assert ask(gemini) == 2
    assert gemini.requests() == []
    with archive.refusing(403, kinds="read", only="000.jpg"):
        assert ask(gemini) == 3
    assert sorted(outcomes().values()) == ["answered"] * 11 + ["store_refused"]
    assert ask(gemini) == 0
    assert set(outcomes().values()) == {"answered"}


def test_near_duplicates_of_what_is_away_are_not_guessed(gemini: Any, archive: Bucket) -> None:
    with archive.refusing(403, kinds="read", only="photos%2F00"):
        assert ask(gemini, "--near_duplicates=4") == 3
    found = outcomes()
    assert {name for name, came in found.items() if came != "answered"} == {
        f"{number:03}.jpg" for number in range(10)
    }
    assert ask(gemini, "--near_duplicates=4") == 0
    assert set(outcomes().values()) == {"answered"}


@pytest.fixture
def on_disk(photos: Photos, tmp_path: Path, gemini: Any) -> Callable[..., Any]:
    """Runs a verb as somebody who may not read everything."""
    folder = photos(IMAGES)
    (tmp_path / "tasks.yaml").write_text(TASKS)

    def run_verb(verb: str = "run") -> subprocess.CompletedProcess[str]:
        words = [f"--input={folder}", f"--output={tmp_path}/out"]
        if verb == "run":
            words += [f"--tasks={tmp_path}/tasks.yaml", f"--gemini_endpoint={gemini.url}"]
        return subprocess.run(
            confined("-m", "beam_pipeline", verb, *words, as_others=True),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_verb


def test_a_disk_that_refuses_takes_no_answer_away(
    on_disk: Callable[..., Any], photos: Photos, tmp_path: Path, gemini: Any
) -> None:
    folder = photos(IMAGES)

    def found() -> dict[str, str]:
        out = f"{tmp_path}/out"
        answers = {row["name"]: "answered" for row in rows(out, "answers")}
        return answers | {row["name"]: row["reason"] for row in rows(out, "failures")}

    for number in range(3):
        (folder / f"{number:03}.jpg").chmod(0)
    some = on_disk()
    assert some.returncode == 3, some.stderr
    assert sorted(found().values()) == ["answered"] * 9 + ["store_refused"] * 3
    for path in folder.iterdir():
        path.chmod(0o644 if path.name < "003.jpg" else 0)
    # Of nine it is not known any more what they are; three are new.
    others = on_disk()
    assert others.returncode == 3, others.stderr
    assert set(found().values()) == {"answered"}
    assert json.loads(files_for("").read(f"{tmp_path}/out/run.json"))["remembered_files"] == 9
    assert len(gemini.requests()) == IMAGES
    (tmp_path / "tasks.yaml").write_text(OTHER)
    for path in folder.iterdir():
        path.chmod(0)
    none = on_disk()
    assert none.returncode == 2, none.stderr
    assert "not one picture could be read" in none.stderr
    assert set(found().values()) == {"answered"}


@pytest.fixture
def shut(photos: Photos) -> Iterator[Path]:
    """A folder with half of the pictures, that a test may shut."""
    archive = photos(IMAGES)
    folder = archive / "b" / "c"
    folder.mkdir(parents=True)
    for number in range(IMAGES // 2):
        (archive / f"{number:03}.jpg").rename(folder / f"{number:03}.jpg")
    yield folder.parent
    folder.parent.chmod(0o755)


@pytest.mark.parametrize("mode", [0, pytest.param(0o644, marks=pytest.mark.prove)])
def test_a_folder_that_cannot_be_listed_takes_no_answer_away(
    mode: int, on_disk: Callable[..., Any], shut: Path, tmp_path: Path, gemini: Any
) -> None:
    out = f"{tmp_path}/out"
    assert on_disk().returncode == 0
    before = {row["name"]: row["answer"] for row in rows(out, "answers")}
    assert len(before) == IMAGES
    shut.chmod(mode)  # it, or the folder in it, cannot be listed
    for _ in range(2):
        run = on_disk()
        assert run.returncode == 3, run.stderr
        told = " ".join(run.stdout.split())
        folder = shut if mode == 0 else shut / "c"
        assert f"Warning: folders that cannot be read: 1, such as {folder}." in told
        assert {row["name"]: row["answer"] for row in rows(out, "answers")} == before
        facts = json.loads(files_for("").read(f"{out}/run.json"))
        assert (facts["status"], facts["remembered_files"]) == ("rows_left", IMAGES // 2)
        assert facts["repeated_rows"] == 0
    shut.chmod(0o755)
    (shut / "c" / "000.jpg").unlink()  # what is gone indeed leaves the tables
    assert on_disk().returncode == 0
    assert len(list(rows(out, "answers"))) == IMAGES - 1
    assert len(gemini.requests()) == IMAGES
