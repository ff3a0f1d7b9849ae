"""`tierwise forget` leaves nothing of a picture, and the account and all others as they were."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.batch_runs import BatchRuns
from tests.beam_pipeline.conftest import Finished
from tests.bucket import Bucket
from tierwise.accounts.admission import Paid
from tierwise.beam_pipeline.__main__ import main
from tierwise.journal.intents import Intent, UnderWay
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import take_lease
from tierwise.publishing.written_before import Claim, read_claims, write_claims
from tierwise.records import Spent
from tierwise.storage.files import files_for

ROOT = Path(__file__).parents[2]
BATCH = """
model: gemini-3.1-flash-lite
service_tier: batch
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""
Photos = Callable[..., Path]
Row = dict[str, Any]


def forget(output: object, *words: str) -> int:
    return main(["forget", f"--output={output}", *words])


def tables(output: str) -> dict[str, tuple[Any, list[Row]]]:
    """Schema and rows of each table, less the names of files."""
    files, found = files_for(output), dict[str, tuple[Any, list[Row]]]()
    for stat in sorted(files.walk(output), key=lambda stat: stat.uri):
        if stat.uri.endswith(".parquet"):
            table = pq.ParquetFile(io.BytesIO(files.read(stat.uri))).read()
            key = stat.uri[len(output) + 1 :].rpartition("/")[0]
            found[key] = table.schema, found.get(key, (None, []))[1] + table.to_pylist()
    return found


def everything(output: str) -> Iterator[tuple[str, str]]:
    """All that an output says, by its files."""
    files = files_for(output)
    for stat in files.walk(output):
        data = files.read(stat.uri)
        if stat.uri.endswith(".parquet"):
            data = repr(pq.ParquetFile(io.BytesIO(data)).read().to_pylist()).encode()
        yield stat.uri, stat.uri + data.decode("utf-8", "replace")


def traces(output: object, *words: str) -> list[str]:
    return [uri for uri, said in everything(str(output)) if any(word in said for word in words)]


def paid(output: str) -> tuple[Spent, int, Mapping[str, Spent]]:
    """What the journal says that all runs paid, its lost lines, and what each run paid."""
    journal = JournalFiles(f"{output}/journal", "looks", 1, mends=False)
    found = sum(map(journal.paid_before, journal.paid_folders()), Paid())
    return found.spent, found.lost_lines, found.runs


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def only(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if Path(row.get("uri", "x")).name != name]


@pytest.fixture
def told(photos: Photos, classify: Callable[..., Finished]) -> tuple[Path, Finished]:
    """A run over pictures with labels: one of them broken, one a twin; a sheet for people."""
    folder = photos(5)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "twin.jpg").write_bytes((folder / "003.jpg").read_bytes())
    lines = [f"{path.name},dim,dark" for path in sorted(folder.iterdir())]
    (folder / "list.csv").write_text("\n".join(["uri,old_shade,shade", *lines]), "utf-8")
    done = classify(folder / "list.csv", "--log_requests=9", status=None)
    assert main(["review", f"--output={done.output}", "--random=20"]) == 0
    return folder, done


def test_nothing_of_it_is_left_and_all_else_is_as_it_was(
    told: tuple[Path, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, done = told
    output, content = str(done.output), digest(folder / "002.jpg")
    shard = done.output / "journal" / content[0]
    (some, *_) = shard.glob("*.jsonl")
    aside = done.output / "journal/set-aside/before" / content[0] / f"{some.name}.damaged"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(some.read_bytes() + b'{"version":2,"answer":"half a li')
    intents = done.output / "journal/intents/before/ab.0.jsonl"
    intents.parent.mkdir()
    under_way = Intent(92, "shade", "m", "", ((f"sha256:{content}", "q1"), ("sha256:00", "q2")))
    intents.write_bytes(UnderWay({"1": under_way}).encoded())
    own = done.output / "requests" / "mine.jsonl"
    own.write_bytes(b"{}")
    forms = "--to=csv,jsonl,xmp,label-studio,fiftyone,coco"
    assert main(["export", f"--output={output}", forms]) == 0
    mine = done.output / "export/coco/mine.json"
    mine.write_text("{}", "utf-8")
    sheet = done.output / "export/pictures.csv"
    sheet.write_bytes(sheet.read_bytes().replace(b"001.jpg,1,", b"001.jpg,9,"))
    own_tasks = done.output / "export/my-tasks.json"
    own_tasks.write_text(f'["{folder}/002.jpg"]', "utf-8")
    before, money, run = tables(output), paid(output), done.run
    assert len(traces(output, "002.jpg", content)) >= 15
    assert any("002.jpg" in row["examples"] for row in before["evaluation"][1])

    assert forget(output, "--uri=002.jpg") == 0
    said = capsys.readouterr().out
    assert f"{folder}/002.jpg is still there" in said
    assert "answers/task=shade: 1 row" in said

    assert f"{own_tasks}: names it still" in said
    own_tasks.unlink()
    assert traces(output, "002.jpg", content, "half a li") == []
    assert "001.jpg,9," in sheet.read_text("utf-8")
    assert not (done.output / "export/pictures.jsonl").exists()
    assert list((done.output / "requests").iterdir()) == [own]
    assert mine.exists()
    assert (done.output / "export/xmp/001.jpg.xmp").exists()
    after = tables(output)
    assert after.keys() == before.keys()
    for table, (schema, rows) in after.items():
        assert schema == before[table][0]
        if table != "evaluation":
            assert rows == only(before[table][1], "002.jpg"), table
    pairs = [row | {"examples": None} for row in before["evaluation"][1]]
    assert [row | {"examples": None} for row in after["evaluation"][1]] == pairs
    assert all(name in intents.read_text("utf-8") for name in ("sha256:00", '"worst":92'))

    assert after["costs"] == before["costs"]
    assert paid(output) == money
    now = done.run
    changed = {"tables", "forgotten", "page", "publication"}
    assert {k: v for k, v in now.items() if k not in changed} == {
        k: v for k, v in run.items() if k not in changed
    }
    asked = len(before["answers/task=shade"][1]) + len(before["answers/task=found"][1])
    left = sum(len(after[f"answers/task={task}"][1]) for task in ("shade", "found"))
    forgotten = now["forgotten"]
    assert forgotten["rows"] == {
        "answers/task=found": 1,
        "answers/task=shade": 1,
        "files": 1,
        "wide": 1,
    }
    assert asked - left == 2
    assert main(["show", f"--output={output}"]) == 0  # compares files with run.json
    assert "001.jpg" in (done.output / "report.html").read_text("utf-8")


def test_the_next_run_asks_it_again_and_a_cap_counts_what_was_paid(
    photos: Photos, classify: Callable[..., Finished], gemini: Any
) -> None:
    folder = photos(3)
    first = classify(folder)
    billed = gemini.billed()
    assert forget(first.output, f"--uri={folder}/001.jpg") == 0
    gemini.reset()
    capped = classify(folder, f"--max_cost_usd={(billed + 1) / 1e9:.9f}", status=None)
    assert gemini.billed() == 0
    assert set(capped.reasons.values()) == {"over_budget"}
    assert {name for name, _ in capped.reasons} == {"001.jpg"}
    again = classify(folder)
    assert {row["uri"] for row in again.answers() if not row["reused"]} == {f"{folder}/001.jpg"}
    assert again.cost == gemini.billed() > 0
    assert again.run["all_runs"]["cost_usd"] == f"{(billed + again.cost) / 1e9:.9f}"
    assert "forgotten" not in again.run


def test_of_twins_one_name_goes_or_all_of_them(
    told: tuple[Path, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, done = told
    content = digest(folder / "twin.jpg")
    journal = traces(done.output / "journal", content)
    assert forget(done.output, "--uri=twin.jpg") == 0
    said = capsys.readouterr().out
    assert f"Other names have the same content, sha256:{content}" in said
    assert "twin.jpg is still there. A later run that sees it gives it rows again:" in said
    assert traces(done.output, "twin.jpg") == []
    assert traces(done.output / "journal", content) == journal != []
    assert {row["uri"] for row in done.answers()} >= {"003.jpg"}
    assert forget(done.output, f"--content={content.upper()}") == 0
    assert traces(done.output, "003.jpg", content) == []


def test_a_content_goes_with_all_its_names(told: tuple[Path, Finished]) -> None:
    folder, done = told
    content = digest(folder / "twin.jpg")
    assert forget(done.output, f"--content=sha256:{content}") == 0
    assert traces(done.output, "003.jpg", "twin.jpg", content) == []


def test_a_picture_that_failed_is_forgotten_too(told: tuple[Path, Finished]) -> None:
    _, done = told
    assert forget(done.output, "--uri=broken.jpg") == 0
    assert done.failures == []
    assert traces(done.output, "broken.jpg") == []


def test_done_twice_it_says_so_and_what_nobody_knows_is_refused(
    told: tuple[Path, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, done = told
    content = digest(folder / "001.jpg")
    for word in ("--uri=001.jpg", "--uri=001.jpg", f"--content={content}"):
        assert forget(done.output, word) == 0
    assert capsys.readouterr().out.count("was forgotten before") == 2
    refused = {
        ("--uri=1.jpg",): "no table in",
        ("--content=" + "0" * 64,): "nothing in",
        ("--content=001.jpg",): "is no content hash",
        ("--content=md5:" + "0" * 64,): "is no content hash",
        (): "Give either --uri or --content",
        ("--uri=a", "--content=b"): "Give either --uri or --content",
    }
    for words, message in refused.items():
        assert forget(done.output, *words) == 2
        assert message in capsys.readouterr().err
    assert forget(folder, "--uri=001.jpg") == 2
    assert "tierwise has left nothing there" in capsys.readouterr().err


def test_examples_of_what_was_skipped_do_not_tell_its_name(
    photos: Photos, classify: Callable[..., Finished]
) -> None:
    folder = photos(3)
    (folder / "001.jpg").rename(folder / "SECRET.jpg")
    (folder / "SECRET.jpg.json").write_text("{}", "utf-8")
    (folder / "SECRET.xmp").write_text("x", "utf-8")
    (folder / "@eaDir/SECRET.jpg").mkdir(parents=True)
    (folder / "@eaDir/SECRET.jpg/thumb.jpg").write_bytes((folder / "000.jpg").read_bytes())
    done = classify(folder)
    assert len(traces(done.output, "SECRET.jpg.json", "@eaDir/SECRET.jpg/")) >= 2
    assert forget(done.output, f"--uri={folder}/SECRET.jpg") == 0
    assert traces(done.output, "SECRET") == []
    assert main(["show", f"--output={done.output}"]) == 0


def test_thumbnails_of_earlier_versions_go_and_what_stays_of_them_is_said(
    photos: Photos, classify: Callable[..., Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(3)
    old = digest(folder / "001.jpg")
    classify(folder)
    Image.new("RGB", (300, 200), "red").save(folder / "001.jpg")
    done = classify(folder)
    thumbnails = done.output / "thumbnails"
    assert traces(thumbnails, old)
    kept = traces(thumbnails, digest(folder / "000.jpg"), digest(folder / "002.jpg"))
    assert forget(done.output, f"--uri={folder}/001.jpg") == 0
    said = capsys.readouterr().out
    assert "thumbnails: 1 picture of no table" in said
    assert "What the journal says of earlier versions of the file stays" in said
    assert traces(thumbnails, "") == kept
    assert traces(done.output / "journal", old)
    assert forget(done.output, f"--content={old}") == 0
    assert traces(done.output, old) == []


def test_names_that_messages_write_with_escapes_go(
    photos: Photos, classify: Callable[..., Finished]
) -> None:
    folder = photos(2)
    (folder / "SECRET\n\u202e.jpg").write_bytes(b"no picture")
    done = classify(folder, status=None)
    document = done.run | {"warnings": [f"{folder}/SECRET\\n\\u202e.jpg: is odd"]}
    (done.output / "run.json").write_text(json.dumps(document), "utf-8")
    assert forget(done.output, f"--uri={folder}/SECRET\n\u202e.jpg") == 0
    assert traces(done.output, "SECRET") == []


def test_it_waits_for_the_end_of_a_run(
    told: tuple[Path, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    _, done = told
    runs = str(done.output / "journal/runs")
    lease = take_lease(runs, new_record("other", untraced_requests=0, journal_version=2))
    assert forget(done.output, "--uri=001.jpg") == 2
    assert "another run writes into this output" in capsys.readouterr().err
    lease.end(untraced_requests=0)
    assert forget(done.output, "--uri=001.jpg") == 0


def test_a_run_that_broke_off_keeps_the_tables_before_it(told: tuple[Path, Finished]) -> None:
    """`run.json` then tells of a run without tables of its own, and no page can be made."""
    _, done = told
    before = tables(str(done.output))
    run = {k: v for k, v in done.run.items() if k not in ("ended_at", "page", "evaluation")}
    (done.output / "run.json").write_text(json.dumps(run | {"status": "broke_off"}), "utf-8")
    assert forget(done.output, "--uri=001.jpg") == 0
    assert tables(str(done.output)).keys() == before.keys()
    assert traces(done.output, "001.jpg") == []
    assert not (done.output / "report.html").exists()


def test_its_part_of_an_answer_to_a_group_goes(
    photos: Photos, classify: Callable[..., Finished], gemini: Any
) -> None:
    tasks = """
model: gemini-3.1-flash-lite
tasks:
  theme: {per: folder, prompt: "Which theme do they share?", labels: [dark, bright]}
"""
    folder = photos(3)
    done = classify(folder, tasks=tasks)
    money, lines = paid(str(done.output)), len(traces(done.output / "journal", '"answer"'))
    assert forget(done.output, f"--uri={folder}/001.jpg") == 0
    assert paid(str(done.output)) == money
    answers = "".join(said for _, said in everything(str(done.output / "journal")))
    assert lines
    assert answers.count('"answer":') == 2
    assert len(done.answers()) == 2
    asked = len(gemini.requests())
    assert len(classify(folder, tasks=tasks).answers()) == 3
    assert len(gemini.requests()) == asked + 1


def test_who_followed_it_no_longer_says_whom(
    tmp_path: Path, classify: Callable[..., Finished]
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    scene = Image.new("RGB", (320, 240))
    for place in range(12):
        scene.paste((place * 97 % 256,) * 3, (place * 25, place * 13, place * 25 + 90, 240))
    scene.save(folder / "a.png")
    scene.save(folder / "b.jpg", quality=90)
    done = classify(folder, "--near_duplicates=6", "--near_duplicates_audit=0")
    (leader,) = {row["shared_with"] for row in done.answers() if row["shared_with"]}
    assert forget(done.output, f"--content={leader}") == 0
    assert {row["shared_with"] for row in done.answers()} == {"(forgotten)"}
    assert traces(done.output, leader.rpartition(":")[2]) == []


def test_small_files_are_deleted_with_their_rows(
    photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, small = photos(3), tmp_path / "small"
    assert main(["optimize", f"--input={folder}", f"--output={small}"]) == 0
    totals = (small / "optimize.json").read_bytes()
    left = small / ".shrinking-killed/pictures/001.jpg"
    left.parent.mkdir(parents=True)
    left.touch()
    claims = [Claim(f"late/{n}", f"{folder}/{n}.jpg", "") for n in ("000", "001")]
    write_claims(str(small / ".shrinking-killed"), claims)
    (small / "late").mkdir()
    for name in ("000.jpg", "001.jpg", "001.txt"):
        (small / "late" / name).touch()
    capsys.readouterr()
    assert forget(small, f"--uri={folder}/001.jpg") == 0
    assert sorted(path.name for path in (small / "late").iterdir()) == ["000.jpg", "001.txt"]
    shutil.rmtree(small / "late")
    (left_claims,) = (small / ".shrinking-killed").rglob("*.jsonl")
    assert read_claims(str(left_claims)) == claims[:1]
    left_claims.unlink()
    assert "small files: 2 pictures" in capsys.readouterr().out
    names = {path.relative_to(small).as_posix() for path in small.rglob("*") if path.is_file()}
    assert names == {"000.jpg", "002.jpg", "metrics.parquet", "optimize.json"}
    assert traces(small, "001.jpg", digest(folder / "001.jpg")) == []
    assert (small / "optimize.json").read_bytes() == totals
    rows = pq.ParquetFile(small / "metrics.parquet").read().to_pylist()
    assert {row["output"] for row in rows} == {"000.jpg", "002.jpg"}


def test_what_a_measurement_lists_goes(photos: Photos, tmp_path: Path, gemini: Any) -> None:
    folder, output = photos(3), tmp_path / "measured"
    words = [f"--input={folder}", f"--output={output}", f"--gemini_endpoint={gemini.url}"]
    assert main(["measure", *words]) == 0
    assert traces(output, "001.jpg")
    assert forget(output, f"--uri={folder}/001.jpg") == 0
    assert traces(output, "001.jpg", digest(folder / "001.jpg")) == []


def test_in_a_bucket_it_is_the_same(
    bucket: Bucket, gemini: Any, photos: Photos, tmp_path: Path
) -> None:
    for path in sorted(photos(3).iterdir()):
        bucket.put(f"archive/in/{path.name}", path.read_bytes())
    output = "gs://results/out"
    words = ["--input=gs://archive/in/", f"--output={output}", f"--gemini_endpoint={gemini.url}"]
    assert main(["run", *words]) == 0
    before, money = tables(output), paid(output)
    rows = next(rows for table, (_, rows) in before.items() if table.startswith("answers"))
    (content,) = {row["content_hash"] for row in rows if row["uri"].endswith("001.jpg")}
    assert forget(output, "--uri=gs://archive/in/001.jpg") == 0
    assert traces(output, "001.jpg", content.rpartition(":")[2]) == []
    after = tables(output)
    for table, (schema, rows) in after.items():
        assert (schema, rows) == (before[table][0], only(before[table][1], "001.jpg"))
    assert paid(output) == money
    assert main(["show", f"--output={output}"]) == 0
    assert forget(output, "--uri=gs://archive/in/001.jpg") == 0


def test_batch_jobs_under_way_are_collected_first(
    batch_runs: BatchRuns, photos: Photos, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(4)
    left = batch_runs.run(folder, "--batch_wait=0", tasks=BATCH)
    assert left.statuses == (4,)
    name = f"--uri={folder}/001.jpg"
    assert forget(left.output, name) == 2
    assert "a run with batch jobs has not come to its end" in capsys.readouterr().err
    done = batch_runs.run(folder, tasks=BATCH, most_starts=9)
    assert done.statuses[-1] == 0
    orphan = Path(done.output) / "journal/batches/parts/killed/part/requests.jsonl"
    orphan.parent.mkdir(parents=True)
    orphan.touch()
    assert forget(done.output, name) == 0
    assert not orphan.exists()
    assert traces(done.output, "001.jpg", digest(folder / "001.jpg")) == []


def test_killed_between_any_two_steps_and_started_again_it_comes_to_the_same(
    photos: Photos, classify: Callable[..., Finished], tmp_path: Path
) -> None:
    folder, scratch = photos(2), tmp_path / "killed"
    (folder / "list.csv").write_text("uri,old_shade\n000.jpg,dim\n001.jpg,dim\n", "utf-8")
    tasks = "model: gemini-3.1-flash-lite\ntasks:\n  shade: {prompt: Light, labels: [a, b]}\n"
    output = classify(folder / "list.csv", tasks=tasks).output
    assert main(["review", f"--output={output}", "--random=2"]) == 0
    words = [sys.executable, "-m", "tests.kills_between_steps", str(output), str(scratch)]
    done = subprocess.run([*words, "001.jpg"], cwd=ROOT, capture_output=True, text=True, check=True)
    statuses = done.stdout.split()
    assert len(statuses) > 20
    assert set(statuses) == {"0"}
    same = what_is_left(scratch / "000")
    for place in sorted(scratch.iterdir()):
        assert what_is_left(place) == same, (place, done.stderr)


def what_is_left(output: Path) -> dict[str, object]:
    """All but the names of parts and the records of starts."""
    run = json.loads((output / "run.json").read_text("utf-8"))
    files = {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file()
        and path.suffix != ".parquet"
        and not {"runs", "closed"}.intersection(path.parts)
    }
    files.pop("run.json")
    told = {**run, "tables": len(run["tables"]), "publication": ""}
    return {**files, **tables(str(output)), "run": told}
