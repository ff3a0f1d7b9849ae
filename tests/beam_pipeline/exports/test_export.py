"""`tierwise export`: what it refuses, where it writes, and that files are the same each time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bucket import Bucket
from tierwise.beam_pipeline.__main__ import main

Export = Callable[..., Path]


def test_files_go_into_the_output_and_are_the_same_each_time(
    copied: Path, export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = export("csv,jsonl")
    capsys.readouterr()
    assert main(["export", f"--output={copied}/", "--to=jsonl", "--to=csv"]) == 0
    said = capsys.readouterr().out
    assert f"CSV: {copied}/export/pictures.csv: 10 pictures" in said
    assert "EMULATED: these answers come from a local emulator" in said
    for name in ("pictures.csv", "pictures.jsonl"):
        assert (copied / "export" / name).read_bytes() == (elsewhere / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--to is missing"),
        (["--to=cvs"], "cvs is no form. Did you mean csv?"),
        (["--to=csv", "--task=shades"], "shades is no task of this run. Did you mean shade?"),
        (["--to=csv", "--runner=Flink"], "unknown flag --runner"),
    ],
)
def test_what_cannot_be_written_is_refused(
    output: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", f"--output={output}", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_run_that_goes_on_or_is_damaged_is_refused(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", f"--output={copied}", "--to=csv"]
    part = next(copied.glob("wide/*.parquet"))
    whole = part.read_bytes()
    part.write_bytes(whole[:-9])
    assert main(words) == 2
    assert "bytes where run.json lists" in capsys.readouterr().err
    part.write_bytes(whole)
    path = copied / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "status": "running"}))
    assert main(words) == 2
    assert "still going on" in capsys.readouterr().err
    path.unlink()
    assert main(words) == 2
    assert "holds no finished run" in capsys.readouterr().err
    assert not (copied / "export").exists()


def test_a_file_of_somebody_else_is_never_replaced(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "exported").mkdir()
    mine = tmp_path / "exported/pictures.csv"
    mine.write_text("my,own\n", "utf-8")
    export("csv", status=2)
    assert "is not as tierwise export wrote it" in capsys.readouterr().err
    assert mine.read_text("utf-8") == "my,own\n"


def test_what_people_have_corrected_is_never_replaced(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", f"--output={copied}", "--to=csv"]
    path = copied / "export/pictures.csv"
    assert main(words) == 0
    assert main([*words, "--task=shade"]) == 0  # another export, in the place of the first
    corrected = path.read_bytes().replace(b",bright,", b",dark,", 1)
    path.write_bytes(corrected)
    assert main(words) == 2
    assert "is not as tierwise export wrote it" in capsys.readouterr().err
    assert path.read_bytes() == corrected
    path.unlink()
    assert main(words) == 0
    mine = path.with_name("exported.json")
    mine.write_text("{}", "utf-8")
    assert main(words) == 2
    assert mine.read_text("utf-8") == "{}"


def test_in_a_bucket_it_is_the_same(
    output: Path, export: Export, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = "csv,jsonl,xmp,label-studio,fiftyone,coco"
    here = export(forms)
    words = ["export", f"--output={output}", f"--to={forms}", "--into=gs://results/exported"]
    assert main(words) == 0
    assert main(words) == 0
    assert "8 of them as before" in capsys.readouterr().out
    names = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
    there = {name.removeprefix("exported/") for name in bucket.names("results")}
    not_utf_8 = {name for name in names if not name.isprintable() and "\n" not in name}
    assert names - not_utf_8 < there
    assert len(there) == len(names)
