"""What a person can put right is refused in one line that names it, and nothing is asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

GOOD = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Hm?", labels: [x, y]}}\n'
PRICES = """
[[prices]]
model = "gemini-3.1-flash-lite"
from = 2026-10-01
checked = 2026-11-20
source = "our contract"
standard = { input_usd_per_mtok = "0.1", output_usd_per_mtok = "1" }
"""


def lay_out(place: Path, draw: Callable[..., bytes]) -> None:
    files = {
        "good/a.jpg": draw(1),
        "good/b.jpg": draw(2),
        "good.yaml": GOOD.encode(),
        "no-uri.csv": b"name,customer\na.jpg,x\n",
        "no-name.csv": b"uri,customer\n,x\n",
        "ragged.csv": b"uri\na.jpg,b,c\n",
        "twice.csv": b"uri,uri\na,b\n",
        "broken.jsonl": b'{"uri": "a.jpg"}\n{"uri": \n',
        "broken.parquet": b"PAR1 and no more",
        "remote.csv": b"uri\ngood/a.jpg\nftp://host/a.jpg\n",
        "alias.yaml": GOOD.replace("3.1-flash-lite", "flash-latest").encode(),
        "unknown.yaml": GOOD.replace("3.1-flash-lite", "9-giant").encode(),
        "no-yaml.yaml": b"tasks: {a: [",
        "binary.yaml": b"\xff\xfe\x00tasks",
        "key.yaml": GOOD.replace("labels", "lables").encode(),
        "loop.yaml": GOOD.replace("labels", 'when: a == "x", labels').encode(),
        "column.yaml": GOOD.replace("Hm?", "Hm {customer}?").encode(),
        "faults.json": b'{"faults": [{"kind": "earthquake"}]}',
        "mine.toml": PRICES.encode(),
        "float.toml": PRICES.replace('"0.1"', "0.1").encode(),
        "overlap.toml": (PRICES + PRICES).encode(),
        "over.toml": PRICES.replace("checked", "until = 2026-11-01\nchecked").encode(),
        "prices.yaml": b"prices: [{model: gemini-3.1-flash-lite}]\n",
        "prices.json": b'{"prices": []}',
        "shut.yaml": GOOD.replace("3.1-flash-lite", "2.5-flash").encode(),
        "carbon.yaml": GOOD.replace("3.1-flash-lite", "4-carbon").encode(),
        "batch.yaml": GOOD.replace("tasks:", "service_tier: batch\ntasks:").encode(),
        "reference.yaml": GOOD.replace("labels", "image: {send: reference}, labels").encode(),
        "a file": b"",
    }
    (place / "empty").mkdir()
    for name, data in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(data)


I, O = "--input=good", "--output=out"  # noqa: E741
REGION = ["--gemini=vertex", "--gemini_project=p", "--gemini_location=europe-west4"]
VERTEX = ["--gemini=vertex", "--project=p"]
SECRET = "projects/p/secrets/s/versions/1"
REFUSED: dict[str, tuple[list[str], list[str]]] = {
    "input missing": (["run", O], ["--input"]),
    "output missing": (["run", I], ["--output"]),
    "input empty": (["run", "--input=", O], ["--input"]),
    "output empty": (["run", I, "--output="], ["--output"]),
    "no such input": (["run", "--input=nowhere", O], ["--input", "nowhere"]),
    "empty folder": (["run", "--input=empty", O], ["--input", "empty"]),
    "output is input": (["run", I, "--output=./good/../good/"], ["--output", "input folder"]),
    "no match": (["run", "--input=good/*.tif", O], ["--input", "good/*.tif"]),
    "no uri column": (["run", "--input=no-uri.csv", O], ["no-uri.csv", "uri", "name, customer"]),
    "a row without uri": (["run", "--input=no-name.csv", O], ["no-name.csv", "line 2"]),
    "a ragged row": (["run", "--input=ragged.csv", O], ["ragged.csv", "line 2"]),
    "a column twice": (["run", "--input=twice.csv", O], ["twice.csv", "uri"]),
    "broken JSON lines": (["run", "--input=broken.jsonl", O], ["broken.jsonl", "line 2"]),
    "broken Parquet": (["run", "--input=broken.parquet", O], ["broken.parquet"]),
    "strange address in it": (
        ["run", "--input=remote.csv", O],
        ["remote.csv: line 3", "ftp://host/a.jpg"],
    ),
    "strange address": (["run", "--input=ftp://host/", O], ["ftp://host/"]),
    "output is where a pattern starts": (
        ["run", "--input=good/../good/*.jpg", "--output=./good/"],
        ["--output", "input folder"],
    ),
    "output is where a pattern starts, here": (
        ["run", "--input=**/*.jpg", "--output=."],
        ["--output", "input folder"],
    ),
    "output is a file": (["run", I, "--output=a file"], ["--output", "a file"]),
    "output below a file": (["run", I, "--output=a file/out"], ["--output", "a file/out"]),
    "output nowhere": (["run", I, "--output=/proc/none/out"], ["--output", "/proc/none/out"]),
    "unknown flag": (["run", I, O, "--colour=red"], ["--colour"]),
    "mistyped flag": (["run", I, O, "--task=good.yaml"], ["--task", "Did you mean --tasks?"]),
    "mistyped input": (["run", "--inputs=good", O], ["--inputs", "Did you mean --input?"]),
    "abbreviation": (["run", I, O, "--gemini_proj=p"], ["--gemini_proj", "--gemini_project"]),
    "no flag": (["run", I, O, "good.yaml"], ["good.yaml", "--name=value"]),
    "unknown verb": (["runn", I, O], ["runn", "Did you mean run?"]),
    "strange verb": (["launch", I, O], ["launch", "run, plan, measure"]),
    "a key in place of its secret's name": (
        ["run", I, O, "--gemini=developer", "--api_key_secret=AIza-s3cret"],
        ["--api_key_secret: is not the name of a secret's version", "make a new one"],
    ),
    "a secret without a version": (
        ["run", I, O, "--gemini=developer", "--api_key_secret=projects/p/secrets/s"],
        ["--api_key_secret=projects/p/secrets/s: is not the name", "/versions/latest"],
    ),
    "a secret that nobody asks for": (
        ["run", I, O, "--gemini=vertex", f"--api_key_secret={SECRET}"],
        ["--api_key_secret: --gemini=vertex takes no key"],
    ),
    "another verb's flag": (
        ["optimize", I, O, "--tasks=x"],
        ["--tasks belongs to tierwise init, run, plan, measure, calibrate; optimize does not"],
    ),
    "a flag of run for the emulator": (
        ["emulator", "--input=good"],
        [
            "--input belongs to tierwise init, run, plan, measure, calibrate, optimize; ",
            "emulator does not take it.",
        ],
    ),
    "a later flag of run": (["optimize", I, O, "--max_cost_usd=5"], ["belongs to tierwise run"]),
    "a fallback from nothing": (
        ["run", I, O, "--flex_fallback=standard"],
        ["--flex_fallback=standard", "nothing is asked at the flex tier", "--service_tier=flex"],
    ),
    "a fallback to what costs more": (
        ["run", I, O, "--service_tier=flex", "--flex_fallback=priority"],
        ["--flex_fallback", "priority", "standard"],
    ),
    "no patience": (["run", I, O, "--give_up_after_s=0"], ["--give_up_after_s=0.0"]),
    "no tasks file": (["run", I, O, "--tasks=none.yaml"], ["--tasks", "none.yaml"]),
    "tasks are a folder": (["run", I, O, "--tasks=good"], ["--tasks", "good"]),
    "no YAML": (["run", I, O, "--tasks=no-yaml.yaml"], ["no-yaml.yaml"]),
    "no text": (
        ["run", I, O, "--tasks=binary.yaml"],
        ["--tasks=binary.yaml", "byte 1", "Save it as UTF-8"],
    ),
    "unknown key": (["run", I, O, "--tasks=key.yaml"], ["key.yaml", "lables", "labels"]),
    "a loop": (["run", I, O, "--tasks=loop.yaml"], ["loop.yaml", "when"]),
    "no such column": (
        ["run", I, O, "--tasks=column.yaml"],
        ['column.yaml, task "a", key "prompt": {customer}'],
    ),
    "alias": (["run", I, O, "--tasks=alias.yaml"], ["alias.yaml", "gemini-flash-latest"]),
    "unknown model": (["run", I, O, "--tasks=unknown.yaml"], ["unknown.yaml", "gemini-9-giant"]),
    "no price file": (["run", I, O, "--prices=none.toml"], ["--prices=none.toml", "cannot"]),
    "a float price": (
        ["run", I, O, "--prices=float.toml"],
        ["float.toml: row 1 (gemini-3.1-flash-lite): standard.input", "in quotes", "got 0.1"],
    ),
    "overlapping prices": (
        ["run", I, O, "--prices=overlap.toml"],
        ["overlap.toml: rows 1 and 2", "2026-10-01", "`until`"],
    ),
    "a price that is over": (["run", I, O, "--prices=over.toml"], ["until 2026-11-01", "--prices"]),
    "no price for a tier": (
        ["run", I, O, "--prices=mine.toml", "--service_tier=flex"],
        ['service tier "flex"', "Known are: standard"],
    ),
    "prices in YAML": (
        ["plan", I, "--prices=prices.yaml"],
        ["prices.yaml: not valid TOML", "docs/"],
    ),
    "prices in JSON": (
        ["plan", I, "--prices=prices.json"],
        ["prices.json: not valid TOML", "docs/"],
    ),
    "a day before all prices": (
        ["plan", I, "--prices_on=2020-01-01"],
        ["no price is known", "on 2020-01-01", "Known are: standard from 2026-05-07", "--prices"],
    ),
    "a day after the negotiated price": (
        ["plan", I, "--prices=over.toml", "--prices_on=2026-11-01"],
        ["on 2026-11-01", "standard from 2026-10-01 until 2026-11-01"],
    ),
    "no day": (["plan", I, "--prices_on=tomorrow"], ["--prices_on=tomorrow", "2027-01-15"]),
    "a model that is over by then": (
        ["plan", I, "--tasks=shut.yaml", "--prices_on=2026-12-01"],
        ['"gemini-2.5-flash" was shut down on 2026-12-01', 'Pin "gemini-3.5-flash-lite"'],
    ),
    "a tier that the model lacks": (
        ["plan", I, "--tasks=carbon.yaml", "--service_tier=flex", "--gemini=vertex", "--project=p"],
        ["gemini-4-carbon has no service tier flex on Vertex AI; it has: standard"],
    ),
    "no batch price": (
        ["plan", I, "--tasks=batch.yaml", "--prices=mine.toml"],
        ['service tier "batch"', "Known are: standard"],
    ),
    "batch jobs without a bucket": (
        ["plan", I, O, "--tasks=batch.yaml", *VERTEX],
        ["Vertex AI's batch jobs read and write Cloud Storage: give --output=gs://... or"],
    ),
    "a fallback that the model lacks": (
        [
            *("plan", I, "--tasks=carbon.yaml", "--service_tier=batch", "--batch_fallback=flex"),
            *VERTEX,
        ],
        ["--batch_fallback=flex: gemini-4-carbon has no flex tier on Vertex AI", "=standard"],
    ),
    "a fallback that the place lacks": (
        ["plan", I, "--tasks=batch.yaml", "--batch_fallback=flex", *REGION],
        ["gemini-3.1-flash-lite has no flex tier on Vertex AI at europe-west4"],
    ),
    "references in batch jobs": (
        ["plan", I, "--tasks=reference.yaml", "--service_tier=batch"],
        ['key "image.send": reference: Vertex AI alone reads Cloud Storage'],
    ),
    "a wait for nothing": (
        ["run", I, O, "--batch_wait=0"],
        ["--batch_wait: nothing is asked at the batch tier", "--service_tier=batch"],
    ),
    "a deadline of nothing": (["plan", I, "--batch_deadline=24h"], ["--batch_deadline: nothing"]),
    "a fallback of nothing": (["plan", I, "--batch_fallback=none"], ["--batch_fallback: nothing"]),
    "the emulator's prices": (["emulator", "--port=0", "--prices=float.toml"], ["float.toml: row"]),
    "no key": (["run", I, O, "--gemini=developer"], ["--gemini=developer", "GEMINI_API_KEY"]),
    "no project": (["run", I, O, "--gemini=vertex"], ["--gemini=vertex", "--gemini_project"]),
    "flex in a region": (
        ["run", I, O, *REGION, "--service_tier=flex"],
        ["--gemini_location=europe-west4", "flex"],
    ),
    "strange service": (["run", I, O, "--gemini=openai"], ["--gemini", "openai", "vertex"]),
    "strange tier": (["run", I, O, "--service_tier=slow"], ["--service_tier", "slow", "'flex'"]),
    "no duration": (["run", I, O, "--batch_wait=soon"], ["--batch_wait", "'soon'", "90m or 24h"]),
    "a duration without a unit": (["run", I, O, "--batch_wait=90"], ["'90' is no duration"]),
    "a job of no age": (
        ["run", I, O, "--batch_deadline=0"],
        ["--batch_deadline", "no time"],
    ),
    "a usage tier that is none": (["run", I, O, "--usage_tier=4"], ["--usage_tier=4", "at most 3"]),
    "no moment": (["run", I, O, "--finish_by=soon"], ["--finish_by=soon", "2026-12-01T08:00"]),
    "a day without an hour": (["run", I, O, "--finish_by=2030-12-01"], ["hour", "missing"]),
    "a measurement in batch": (
        ["measure", I, O, "--service_tier=batch"],
        ["measure asks 24 images", "--service_tier=standard"],
    ),
    "no address": (["run", I, O, "--gemini_endpoint=localhost"], ["--gemini_endpoint=localhost"]),
    "no host": (["run", I, O, "--gemini_endpoint=http://"], ["--gemini_endpoint"]),
    "a secret": (["run", I, O, "--gemini_endpoint=http://h/?key=s3cret"], ["--gemini_endpoint"]),
    "no requests": (["run", I, O, "--requests_in_flight=0"], ["--requests_in_flight=0", "1"]),
    "no number": (["run", I, O, "--requests_in_flight=many"], ["--requests_in_flight", "many"]),
    "no rate": (["run", I, O, "--requests_per_minute=0"], ["--requests_per_minute=0"]),
    "not a rate": (["run", I, O, "--requests_per_minute=nan"], ["--requests_per_minute=nan"]),
    "endless": (["run", I, O, "--request_timeout_s=inf"], ["--request_timeout_s=inf"]),
    "negative": (["run", I, O, "--emulator_latency_ms=-1"], ["--emulator_latency_ms=-1"]),
    "neither": (["run", I, O, "--accept_truncated=maybe"], ["--accept_truncated", "maybe"]),
    "Beam's number": (["run", I, O, "--num_workers=few"], ["--num_workers", "few"]),
    "Beam's choice": (["run", I, O, "--direct_running_mode=fast"], ["--direct_running_mode"]),
    "unknown runner": (["run", I, O, "--runner=Rocket"], ["--runner=Rocket"]),
    "emulator elsewhere": (["run", I, O, "--runner=DataflowRunner"], ["--gemini=emulator"]),
    "emulator's port": (["emulator", "--port=99999"], ["--port=99999"]),
    "emulator's flag": (["emulator", "--prot=1"], ["--prot", "Did you mean --port?"]),
    "emulator's faults": (["emulator", "--port=0", "--faults=faults.json"], ["earthquake"]),
    "shrunk too far": (["optimize", I, O, "--max_side=1"], ["--max_side=1"]),
    "shrunk onto itself": (["optimize", I, "--output=good/"], ["--output=good/"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(
    case: str,
    tmp_path: Path,
    draw: Callable[..., bytes],
    gemini: Any,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lay_out(tmp_path, draw)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    words, named = REFUSED[case]
    own = any(word.startswith("--gemini") for word in words) or case == "emulator elsewhere"
    if words[0] == "run" and not own:
        words = [*words, f"--gemini_endpoint={gemini.url}"]
    assert main(words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("tierwise: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert not [word for word in named if word not in err], err
    assert "s3cret" not in err
    assert gemini.requests() == []
    assert not (tmp_path / "out" / "run.json").exists()


def test_what_cannot_be_shown_is_written_out(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--input=no\x1b[2J\nsuch", "--output=out"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read and write everything")
@pytest.mark.parametrize("flag", ["input", "output"])
def test_a_locked_folder_is_refused(
    flag: str, tmp_path: Path, draw: Callable[..., bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, draw)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    folders = {"input": tmp_path / "good", "output": tmp_path / "out", flag: locked}
    assert main(["run", *(f"--{name}={path}" for name, path in folders.items())]) == 2
    err = capfd.readouterr().err
    assert f"--{flag}={locked}" in err
    assert err.count("\n") == 1


def test_a_bad_faults_file_is_refused_before_anything_is_told_or_left(
    draw: Callable[..., bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, draw)
    flags = [f"--input={tmp_path}/good", f"--tasks={tmp_path}/good.yaml"]
    flags += [f"--output={tmp_path}/out", f"--emulator_faults={tmp_path}/faults.json"]
    assert main(["run", *flags]) == 2
    told = capsys.readouterr()
    assert "earthquake" in told.err
    assert "Forecast" not in told.out + told.err
    assert not (tmp_path / "out").exists()
