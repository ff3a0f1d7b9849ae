"""A run ends with its page, and `report` writes it again; what holds no finished run is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.beam_pipeline.conftest import Classify, Finished
from tests.tierwise.publishing.finished import answers, asked, finished
from tierwise.beam_pipeline.__main__ import main
from tierwise.measurement import MeasuredRoute
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.publishing.closing import settle_earlier
from tierwise.storage.files import files_for

ROOT = Path(__file__).parents[2]
PAGE = "gs://results/out/report.html"
KILLED = "20261130T120000-00000001"


def page(run: Finished) -> str:
    return (run.output / "report.html").read_text("utf-8")


def test_a_run_leaves_its_page_and_report_writes_the_same(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(7))
    assert f"Page: {run.output}/report.html" in capsys.readouterr().out
    assert "<h1>7 of 7 pictures answered for $" in page(run)
    assert run.run["page"] == "report.html"
    before = page(run)
    (run.output / "report.html").unlink()
    assert main(["report", f"--output={run.output}/"]) == 0
    assert page(run) == before


def test_the_page_belongs_to_the_tables_that_are_published(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    """A machine that dies between two moves leaves what the next run finishes, page included."""
    run = classify(photos(3))
    new = page(run).replace("3 of 3", "three of three")
    staging = run.output / f".staging-{KILLED}"
    staging.mkdir()
    (staging / "report.html").write_text(new, "utf-8")
    (staging / "run.json").write_text(json.dumps({**run.run, "run_id": KILLED}), "utf-8")
    settle_earlier(str(run.output), lambda: None)
    assert page(run) == new
    assert run.run["run_id"] == KILLED
    staging.mkdir()  # a run whose page could not be made: the old one would lie about its tables
    (staging / "run.json").write_text(json.dumps({**run.run, "page": ""}), "utf-8")
    settle_earlier(str(run.output), lambda: None)
    assert not (run.output / "report.html").exists()


def test_calibrations_and_measurements_leave_no_page(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    output = tmp_path / "measured"
    words = [f"--input={photos(3)}", f"--output={output}", f"--gemini_endpoint={gemini.url}"]
    assert main(["measure", *words]) == 0
    assert (output / "run.json").exists()
    assert not (output / "report.html").exists()


def test_report_in_a_bucket(bucket: Any, draw: Callable[..., bytes], gemini: Any) -> None:
    for number in range(3):
        bucket.put(f"gs://archive/{number}.jpg", draw(number))
    words = ["--input=gs://archive/", f"--gemini_endpoint={gemini.url}"]
    assert main(["run", *words, "--output=gs://results/out"]) == 0
    html = files_for(PAGE).read(PAGE)
    assert b"<h1>3 of 3 pictures answered for $" in html
    bucket.delete(PAGE)
    assert main(["report", "--output=gs://results/out"]) == 0
    assert files_for(PAGE).read(PAGE) == html


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing there": ({}, "holds no finished run: there is no run.json in it."),
    "a run still going on": ({"status": "running", "ended_at": None}, "still going on"),
    "a run that broke off": ({"status": "broke_off", "ended_at": None}, "did not come to its end"),
    "an older version": ({"asked": None, "tierwise": "0.0.9"}, "tierwise 0.0.9 wrote it"),
    "no run": ({"status": None}, "was not written by tierwise run"),
    "missing tables": (
        {"tables": [{"file": "costs/x.parquet", "rows": 1, "bytes": 9}]},
        "x.parquet: is missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_line(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes, said = REFUSED[case]
    if changes:
        made = finished(tmp_path / "out", {asked(): [answers(["a.jpg"], ["cat"])]})
        made.change(**changes)
    assert main(["report", f"--output={tmp_path}/out"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert err.startswith("tierwise: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("words", [["--runner=DirectRunner"], ["--tasks=x"], []])
def test_flags_of_other_verbs_are_refused(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["--output=out", *words] if words else []
    assert main(["report", *given]) == 2
    assert (words or ["--output"])[0].partition("=")[0] in capfd.readouterr().err


def test_a_page_waits_for_nothing_heavy() -> None:
    program = (
        "import sys, tierwise.beam_pipeline.commands.report\n"
        "heavy = {'apache_beam', 'google.genai', 'matplotlib'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_thumbnails_are_kept_of_what_was_sent_and_a_second_run_keeps_them(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    folder = photos(9)
    run = classify(folder)
    kept = sorted((run.output / "thumbnails").iterdir())
    assert len(kept) == 9
    for path in kept:
        with Image.open(path) as image:
            assert max(image.size) <= 160
    hashes = {row["content_hash"].replace(":", "-") for row in run.answers()}
    assert {path.name.removesuffix("-1.jpg") for path in kept} == hashes
    assert page(run).count('<image id="p') == 9
    when = [path.stat().st_mtime_ns for path in kept]
    again = classify(folder)  # asks nothing, and opens nothing
    assert [path.stat().st_mtime_ns for path in kept] == when
    assert page(again).count('<image id="p') == 9


def test_plots_of_the_calibration_and_of_a_measurement_stand_in_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = finished(
        tmp_path / "out",
        {asked(): [answers(["a.jpg"], ["cat"])]},
        flags={"calibration": f"{tmp_path}/calibrated/calibration.json"},
    )
    routes = [
        MeasuredRoute("x", name, 9, 0, n, n, n, n, 0, 20.0, 3.0, 0.0, Decimal("0.1"), 800.0)
        for name, n in {"high": 1064, "low": 266}.items()
    ]
    svg = tokens_plot("category", routes, emulated=False).svg()
    (tmp_path / "calibrated").mkdir()
    (tmp_path / "calibrated" / "calibration-category.svg").write_text(svg, "utf-8")
    (made.folder / "measurement.svg").write_text(svg, "utf-8")
    assert main(["report", f"--output={made.folder}"]) == 0
    html = (made.folder / "report.html").read_text("utf-8")
    assert html.count('<figure class="plot"') == 2
    assert html.index("Tokens of a picture") < html.index("category: accuracy against dollars")
    assert html.count("Median tokens of a picture, task category: high 1064, low 266.") >= 2
    assert "Plot" not in capsys.readouterr().err


def test_without_thumbnails_none_are_kept_and_the_page_says_so(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    run = classify(photos(2), "--no_thumbnails")
    assert not (run.output / "thumbnails").exists()
    assert "data:image" not in page(run)
    assert "this run kept no thumbnails" in page(run)


def test_pictures_of_groups_have_thumbnails_too(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    tasks = (
        "model: gemini-3.1-flash-lite\n"
        "tasks: {trade: {prompt: 'Which?', labels: [a, b], per: folder, max_per_group: 3}}\n"
    )
    run = classify(photos(5), tasks=tasks)
    assert len(list((run.output / "thumbnails").iterdir())) == 3  # those that were sent


def test_a_page_that_fails_keeps_no_answers_back(
    classify: Classify, photos: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = photos(2)
    run = classify(folder)
    thumbnail = next((run.output / "thumbnails").iterdir())
    thumbnail.unlink()
    thumbnail.symlink_to(run.output / "nowhere")
    again = classify(folder)
    assert len(again.answers()) == 4
    assert again.run["status"] == "done"
    assert again.run["page"] == ""
    assert not (run.output / "report.html").exists()  # the old one would lie about the new tables
    assert "The page could not be made: InputError: " in capfd.readouterr().out
    assert main(["report", f"--output={run.output}"]) == 2
    err = capfd.readouterr().err
    assert err.startswith(f"tierwise: {run.output}/thumbnails: one of them cannot be read: ")
    assert err.count("\n") == 1
    assert main(["report", f"--output={run.output}", "--no_thumbnails"]) == 0


def test_a_lever_that_was_pulled_alone_has_all_of_the_saving(
    classify: Classify, draw: Callable[..., bytes], tmp_path: Path
) -> None:
    """Everything as the naive way has it, but for the service tier."""
    folder = tmp_path / "large"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(draw(number, size=(2000, 1500)))
    tasks = (
        "model: gemini-3.1-flash-lite\n"
        "tasks: {shade: {prompt: 'How light?', labels: [a, b], media_resolution: high, "
        "image: {max_side: 2000}}}\n"
    )
    run = classify(folder, "--service_tier=flex", tasks=tasks)
    rows = re.findall(
        r'<th scope="row">([\w ]+)<span class="what">.*?<span class="n" title="([^"]+)">', page(run)
    )
    steps = {name: Decimal(exact.replace("$", "").replace("\u2212", "-")) for name, exact in rows}
    totals = run.run["totals"]
    assert steps.pop("The naive way") == Decimal(totals["baseline_cost_usd"])
    assert steps.pop("This run") == Decimal(totals["cost_usd"])
    assert steps.pop("Service tier") == -Decimal(totals["saved_usd"]) != 0
    assert set(steps.values()) == {Decimal(0)}


def test_a_page_of_somebody_else_is_not_written_over(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = classify(photos(1))
    page = done.output / "report.html"
    asked = len(gemini.requests())
    page.write_text("<html><head><title>My holidays</title></head></html>")
    assert main(["report", f"--output={done.output}"]) == 2
    assert "is no page of tierwise" in capsys.readouterr().err
    classify(photos(2), status=2)
    assert "Move it away" in capsys.readouterr().err
    assert page.read_text().startswith("<html><head><title>My holidays")
    assert len(gemini.requests()) == asked
