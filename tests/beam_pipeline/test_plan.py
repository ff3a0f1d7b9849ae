"""`tierwise plan` spends nothing, answers at once, and says beforehand what a run comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TASKS = EXAMPLES / "tasks.yaml"
DATA = ROOT.parent / "shared" / "data"
PACKED = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}
  closer:
    when: shade == "dark"
    prompt: What is there?
    schema: {type: object, properties: {thing: {type: string}}, required: [thing]}
    media_resolution: high
"""


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["plan", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def usd(row: Any, name: str) -> Decimal:
    return Decimal(row[name])


def check_within(forecast: Any, run: Any) -> None:
    cost = Decimal(run["totals"]["cost_usd"])
    low, high, worst = (usd(forecast, name) for name in ("low_usd", "high_usd", "worst_usd"))
    assert low <= cost <= high < worst


def test_the_forecast_of_the_example_archive_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={EXAMPLES}/manifest.csv", f"--tasks={TASKS}"]
    forecast = planned(capsys, *words)
    assert main(["run", *words, f"--output={tmp_path}/out"]) == 0
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    check_within(forecast, run)
    for name, task in forecast["tasks"].items():
        assert usd(task, "low_usd") <= Decimal(run["tasks"][name]["cost_usd"])
        assert Decimal(run["tasks"][name]["cost_usd"]) <= usd(task, "worst_usd")
    expected, truth = (one["tasks"]["category"]["image_tokens"] for one in (forecast, run))
    assert expected == pytest.approx(truth, rel=0.05)


@pytest.mark.skipif(not DATA.exists(), reason=f"no data at {DATA}")
@pytest.mark.parametrize(
    ("archive", "sample"),
    [
        ("archive/ianare+exif-samples", 400),
        ("labelled/hat", 20),
        ("archive/thumbor+thumbor", 400),
        ("hostile/lovell+sharp", 400),
    ],
)
def test_the_forecast_of_real_archives_holds(
    archive: str, sample: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={DATA}/{archive}", f"--tasks={TASKS}"]
    forecast = planned(capsys, *words, f"--sample={sample}")
    assert main(["run", *words, f"--output={tmp_path}/out"]) == 0
    check_within(forecast, json.loads((tmp_path / "out/run.json").read_text("utf-8")))


def test_a_run_tells_forecast_and_truth_side_by_side(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    finished = classify(photos(9))
    check_within(finished.run["forecast"], finished.run)
    printed = capsys.readouterr().out
    assert printed.startswith("Forecast: ")
    assert 0 < printed.rindex("Forecast: ") - printed.index("cost: $") < 200


@pytest.mark.parametrize(
    "kind", ["outside_labels", "max_tokens", "truncated_json", "blocked_answer", "blocked_prompt"]
)
def test_no_run_costs_more_than_the_worst_case(
    kind: str, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": kind, "rate": 1.0})
    finished = classify(photos(5))
    assert finished.run["totals"]["wasted_usd"] == finished.run["totals"]["cost_usd"]
    assert 0 < finished.cost <= usd(finished.run["forecast"], "worst_usd").scaleb(9)


def test_it_spends_nothing_and_writes_nothing(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={photos(3)}", f"--gemini_endpoint={gemini.url}"]
    assert main(["plan", *words, f"--output={tmp_path}/out", "--gemini=developer"]) == 0
    assert "nothing was spent" in capsys.readouterr().out
    assert gemini.requests() == []
    assert not (tmp_path / "out").exists()


def test_rows_that_name_an_image_once_more_cost_nothing(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = photos(4) / "list.csv"
    names = ["000.jpg", "001.jpg", "002.jpg", "003.jpg", "000.jpg", "000.jpg", "003.jpg"]
    manifest.write_text("\n".join(["uri", *names]))
    words = (f"--input={manifest}", f"--tasks={TASKS}")
    forecast = planned(capsys, *words)
    assert (forecast["files"], forecast["images"], forecast["repeated_rows"]) == (4, 4, 3)
    assert main(["plan", *words]) == 0
    said = capsys.readouterr().out
    assert "4 files, all looked at" in said
    assert "3 rows of the manifest name an image once more, and cost nothing." in said
    finished = classify(manifest, tasks=TASKS.read_text("utf-8"))
    told = (finished.run["files"], finished.run["images"], finished.run["repeated_rows"])
    assert told == (4, 4, 3)
    check_within(forecast, finished.run)


def test_what_is_paid_already_is_not_planned_again(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(10)
    finished = classify(folder, tasks=PACKED)
    tasks = finished.output.parent / "tasks.yaml"
    words = [f"--input={folder}", f"--tasks={tasks}", f"--output={finished.output}"]
    capsys.readouterr()
    again = planned(capsys, *words)
    assert again["requests"] == usd(again, "high_usd") == usd(again, "worst_usd") == 0
    assert again["tasks"]["shade"]["already_paid"] == 10
    assert again["tasks"]["closer"]["already_paid"] == finished.run["tasks"]["closer"]["asked"]
    photos(6, first=10)
    more = planned(capsys, *words)
    assert more["tasks"]["shade"]["questions"] == 6
    dark = [row["answer"] for row in finished.answers("shade")].count("dark")
    assert more["tasks"]["closer"]["questions"] == pytest.approx(6 * dark / 10, abs=1)
    assert main(["plan", *words]) == 0
    assert "Paid already, and not asked again: shade 10" in capsys.readouterr().out


def test_a_large_archive_is_forecast_from_a_sample(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.yaml").write_text(PACKED, "utf-8")
    words = [f"--input={photos(60)}", f"--tasks={tmp_path}/t.yaml"]
    whole, part = planned(capsys, *words), planned(capsys, *words, "--sample=5")
    assert (whole["files_looked_at"], part["files_looked_at"]) == (60, 5)
    assert part["tasks"]["shade"] == whole["tasks"]["shade"]


def test_times_at_the_given_quotas(
    photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={photos(20)}", f"--tasks={TASKS}"]
    seconds = planned(capsys, *words, "--requests_per_minute=6", "--requests_in_flight=1")
    requests = seconds["requests"]
    assert seconds["seconds"]["6 requests per minute"] == requests * 10
    assert seconds["seconds"]["1 requests in flight, 1.5 s each"] == requests * 1.5
    tier = seconds["seconds"]["usage tier 1: $10 in ten minutes"]
    assert tier == pytest.approx(float(usd(seconds, "cost_usd")) * 60)


def test_answers_dearer_than_pictures_are_warned_of(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = "model: gemini-3.1-flash-lite\ntasks: {long: {prompt: Tell, text: {max_length: 2000}}}"
    (tmp_path / "t.yaml").write_text(tasks, "utf-8")
    assert main(["plan", f"--input={photos(3)}", f"--tasks={tmp_path}/t.yaml"]) == 0
    assert "long: answers and thoughts cost more than pictures" in capsys.readouterr().out


def test_a_model_near_its_end_is_warned_of(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = "model: gemini-3.7-flash\ntasks: {a: {prompt: Which, labels: [x, y]}}"
    (tmp_path / "t.yaml").write_text(tasks, "utf-8")
    row = planned(
        capsys, f"--input={photos(3)}", f"--tasks={tmp_path}/t.yaml", "--prices_on=2026-11-27"
    )
    assert "answered by gemini-3.8-flash" in row["warnings"][0]


def test_another_day_has_its_own_prices_and_warnings(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = "model: gemini-3.8-flash\ntasks: {a: {prompt: Which, labels: [x, y]}}"
    (tmp_path / "t.yaml").write_text(tasks, "utf-8")
    words = [f"--input={photos(3)}", f"--tasks={tmp_path}/t.yaml"]
    before = planned(capsys, *words, "--prices_on=2026-12-31")
    after = planned(capsys, *words, "--prices_on=2027-01-01")
    assert usd(after, "cost_usd") == 2 * usd(before, "cost_usd") > 0
    [warning] = before["warnings"]
    assert "0.75 / 3.75" in warning
    assert "1.50 / 7.50 from 2027-01-01, in 1 day;" in warning
    assert after["warnings"] == []


def test_pictures_that_models_draw(capsys: pytest.CaptureFixture[str]) -> None:
    rows = planned(capsys, "--image_output=all", "--prices_on=2026-11-27", "--gemini=vertex")
    found = {(row["model"], row["size"], row["service_tier"]): row for row in rows}
    drawn = found["gemini-3.1-flash-image", "2K", "standard"]
    assert (drawn["tokens"], usd(drawn, "usd_each")) == (1680, Decimal("0.1008"))
    assert {int(n): Decimal(cost) for n, cost in drawn["usd"].items()} == {
        100: Decimal("10.08"),
        1_000: Decimal("100.8"),
        10_000: Decimal("1008"),
    }
    assert usd(found["gemini-3-pro-image", "4K", "batch"], "usd_each") == Decimal("0.12")
    assert not [row for row in rows if row["model"].endswith("image-preview")]  # shut down
    day = ["--image_count=7", "--prices_on=2026-11-27"]
    [only] = planned(capsys, "--image_output=512", *day, "--gemini=vertex")[:1]
    assert (only["size"], only["usd"]) == ("512", {"7": "0.313740000"})
    assert planned(capsys, "--image_output=512", *day) == []  # shut down there
    [cheapest] = planned(capsys, "--image_output=4K", *day)[-2:-1]
    assert (cheapest["model"], cheapest["usd_each"]) == ("gemini-nano-banana-2.1", "0.113400000")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["plan", f"--input={EXAMPLES}/manifest.csv", f"--tasks={TASKS}"]) == 0
    assert main(["plan", f"--input={EXAMPLES}/manifest.csv", "--compare"]) == 0
    assert main(["plan", "--image_output=all"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if {"┃", "│"} & set(line)]
    assert len(lines) > 20
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if "…" in line]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "--input is missing"),
        (["--image_output=1k"], '512, 1K, 2K, 4K or all. Write "1K"'),
        (["--image_output=8K"], "512, 1K, 2K, 4K or all."),
        (["--input=none"], "--input=none"),
        (["--input=examples/archive", "--sampel=3"], "Did you mean --sample?"),
        (["--input=examples/archive", "--sample=0"], "--sample=0: must be at least 1"),
        (["--input=examples/archive", "--service_tier=slow"], "--service_tier"),
        (["--input=examples/archive", "--prices=none"], "--prices=none: cannot be read"),
        (["--input=examples/archive", "--input=examples/other"], "--input is given 2 times"),
        (["--input=examples/archive", "--labels=a.csv", "--labels=b.csv"], "--labels is given 2"),
    ],
)
def test_bad_flags_are_refused(
    words: list[str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan", *words]) == 2
    assert named in capsys.readouterr().err


def test_a_manifest_of_which_no_file_is_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.csv").write_text("uri\na.jpg\nb.jpg\n")
    assert main(["plan", f"--input={tmp_path}/list.csv"]) == 2
    assert "2 files to be looked at could not be read, such as" in capsys.readouterr().err


def test_it_does_not_wait_for_beam(photos: Callable[..., Path]) -> None:
    program = (
        "import sys\n"
        "from tierwise.beam_pipeline.__main__ import main\n"
        f"main(['plan', '--input={photos(2)}'])\n"
        "sys.exit(', '.join({'apache_beam', 'google.genai'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_other_ways_by_price(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"--input={EXAMPLES}/manifest.csv", f"--tasks={TASKS}"]
    forecast = planned(capsys, *words)
    compared = planned(capsys, *words, "--compare")
    costs = [usd(way, "cost_usd") for way in compared["ways"]]
    assert costs == sorted(costs)
    as_asked, naive = (
        next(way for way in compared["ways"] if (way["change"], way["to"]) == (change, ""))
        for change in ("as asked", "naive way")
    )
    assert as_asked["cost_usd"] == forecast["cost_usd"]
    assert naive["cost_usd"] == forecast["baseline_usd"]
    assert usd(as_asked, "saved_usd") == usd(naive, "cost_usd") - usd(as_asked, "cost_usd")
    assert compared["lever"].startswith("The biggest lever that changes no answer: ")


def test_the_ways_that_matter_are_shown_and_all_on_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["plan", f"--input={EXAMPLES}/manifest.csv", f"--tasks={TASKS}"]
    shown = dict[str, int]()
    for word in ("--compare", "--all"):
        assert main([*words, word, "--prices_on=2026-11-27"]) == 0
        out = capsys.readouterr().out
        shown[word] = sum(" │ " in line for line in out.splitlines())
        assert (f"{word} --all." in out) is (word == "--compare")
    assert shown["--compare"] == 8
    assert shown["--all"] > 30


def test_groups_that_are_paid_are_not_planned_again(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    theme = "{per: folder, prompt: 'What is {folder}?', labels: [x, y]}"
    tasks = f"model: gemini-3.1-flash-lite\ntasks: {{theme: {theme}}}"
    place = photos(4, "all/a").parent
    photos(3, "all/b", first=10)
    finished = classify(place, tasks=tasks)
    words = [f"--input={place}", f"--tasks={tmp_path}/tasks.yaml", f"--output={finished.output}"]
    capsys.readouterr()
    again = planned(capsys, *words)
    assert (again["requests"], again["tasks"]["theme"]["already_paid"]) == (0, 7)
    assert usd(again, "worst_usd") == 0
    photos(2, "all/c", first=20)
    photos(1, "all/b", first=30)
    more = planned(capsys, *words)["tasks"]["theme"]
    assert (more["requests"], more["already_paid"]) == (2, 4)
    assert more["questions"] == 6
