"""Whole calibrations against a real emulator, and runs that use them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tierwise.beam_pipeline.__main__ import main
from tierwise.report.inlined_svg import inlined_svg

TASKS = """
model: gemini-3.1-flash-lite
defaults: {image: {quality: 90}}
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  written: {prompt: "Is there text in it?", labels: ["yes", "no"]}
  about: {prompt: "What?", text: {max_length: 20}}
"""
PICTURES = 10


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]) -> Path:
    """A manifest of pictures, dark and bright, with and without small text."""
    place = tmp_path_factory.mktemp("labelled")
    lines = ["uri,shade,written"]
    for number in range(PICTURES):
        bright, written = number % 2 == 0, number < 5
        name = f"{number:02}.jpg"
        (place / name).write_bytes(page(number, bright=bright, written=written))
        lines.append(f"{name},{'bright' if bright else 'dark'},{'yes' if written else 'no'}")
    (place / "labels.csv").write_text("\n".join(lines), "utf-8")
    (place / "tasks.yaml").write_text(TASKS, "utf-8")
    return place


@pytest.fixture
def calibrate(gemini: Any, labelled: Path, tmp_path: Path) -> Callable[..., int]:
    def run(*flags: str, source: str = "labels.csv") -> int:
        words = [f"--input={labelled / source}", f"--output={tmp_path}/calibrated"]
        settings = [f"--tasks={labelled}/tasks.yaml", "--margin=0.3", "--routes=medium,low"]
        settings.append("--routing=task")
        return main(["calibrate", *words, *settings, f"--gemini_endpoint={gemini.url}", *flags])

    return run


def calibration(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "calibrated/calibration.json").read_text("utf-8"))
    return found


def test_each_task_gets_the_route_that_it_needs_and_a_run_uses_it(
    calibrate: Callable[..., int],
    gemini: Any,
    labelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate() == 0
    found = calibration(tmp_path)
    assert found["emulated"] is True
    assert set(found["tasks"]) == {"shade", "written"}  # nobody said what the third is about
    assert found["tasks"]["shade"]["choice"]["chosen"] == "low"
    assert found["tasks"]["written"]["choice"]["chosen"] == "medium"

    medium, low = found["tasks"]["written"]["choice"]["routes"]
    assert (medium["name"], medium["figures"]["score"]) == ("medium", 1)
    assert low["figures"]["score"] == 0.5
    assert low["comparison"]["lost"] == PICTURES / 2
    assert {"label": "yes", "answer": "no", "images": 5} in low["figures"]["confusion"]

    printed = capsys.readouterr().out
    assert "written: 10 labelled images (emulated)" in printed
    assert "EMULATED" in printed

    for name in found["tasks"]:
        with Image.open(tmp_path / f"calibrated/calibration-{name}.png") as plot:
            assert plot.width > plot.height > 200
        svg = (tmp_path / f"calibrated/calibration-{name}.svg").read_bytes()
        assert inlined_svg(svg, "") is not None

    # Dollars per thousand images are those of the bill.
    routes = [route for task in found["tasks"].values() for route in task["choice"]["routes"]]
    costs = [Decimal(route["figures"]["usd_per_1000_images"]) for route in routes]
    billed = gemini.billed()
    assert billed > 0
    assert abs(sum(costs) * PICTURES / 1000 * 10**9 - billed) < len(costs)

    # Calibrating again asks only what has changed.
    asked = len(gemini.requests())
    assert asked == PICTURES * 4
    assert calibrate() == 0
    assert calibration(tmp_path)["tasks"] == found["tasks"]
    assert len(gemini.requests()) == asked

    # A run uses the chosen routes, and keeps the others of the tasks file.
    words = [
        f"--input={labelled}/00.jpg",
        f"--tasks={labelled}/tasks.yaml",
        f"--output={tmp_path}/out",
    ]
    words += [f"--gemini_endpoint={gemini.url}"]
    assert main(["run", *words, f"--calibration={tmp_path}/calibrated/calibration.json"]) == 0
    tables = [pq.read_table(path) for path in (tmp_path / "out/costs").glob("*.parquet")]
    rows = [row for table in tables for row in table.to_pylist()]
    assert {row["task"]: row["media_resolution"] for row in rows} == {
        "shade": "low",
        "written": "medium",
        "about": "low",
    }


def test_a_calibration_that_no_longer_fits_is_refused(
    calibrate: Callable[..., int],
    gemini: Any,
    labelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate("--routes=low,low-300px") == 0
    changed = tmp_path / "changed.yaml"
    changed.write_text(TASKS.replace("How light", "How dark"), "utf-8")
    words = ["run", f"--input={labelled}/00.jpg", f"--tasks={changed}", f"--output={tmp_path}/out"]
    words += [f"--gemini_endpoint={gemini.url}"]
    words += [f"--calibration={tmp_path}/calibrated/calibration.json"]
    assert main(words) == 2
    assert "task 'shade': its prompt has changed. Calibrate again" in capsys.readouterr().err
    assert main([*words, "--on_stale=warn"]) == 0
    printed = capsys.readouterr()
    assert "its prompt has changed" in printed.err
    assert "but the calibration measured" not in printed.out

    # That Google has moved the model on is seen when it answers.
    gemini.faults({"kind": "other_version", "version": "gemini-3.1-flash-lite-002"})
    (tmp_path / "same.yaml").write_text(TASKS, "utf-8")
    words[2:4] = [f"--tasks={tmp_path}/same.yaml", f"--output={tmp_path}/later"]
    assert main(words) == 0
    told = "shade: 1 answer of gemini-3.1-flash-lite-002, but the calibration measured gemini-3.1-"
    assert told in capsys.readouterr().out
    run = json.loads((tmp_path / "later/run.json").read_text("utf-8"))
    assert run["tasks"]["shade"]["model_versions"] == {"gemini-3.1-flash-lite-002": 1}
    assert run["calibrated_versions"]["shade"] == ["gemini-3.1-flash-lite"]


def test_a_cap_bounds_a_calibration(
    calibrate: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate("--max_cost_usd=0.0001") == 3
    said = capsys.readouterr().err
    assert "0 images answered at every route, at least 10 are needed: over_budget 10." in said
    assert "Cap: $0.000100000; spent before $0.000000000" in said
    assert "Run again with a higher --max_cost_usd" in said
    assert gemini.billed() <= 100_000
    # A few images are too few here as well.
    assert calibrate("--max_cost_usd=0.002") == 3
    assert 0 < gemini.billed() <= 2_000_000
    said = capsys.readouterr().err
    few, lost = map(
        int, re.findall(r"'shade': (\d+) images? answered .* over_budget (\d+)\.", said)[0]
    )
    assert (few + lost, few < PICTURES) == (PICTURES, True)
    assert "No calibration is written. Raise --max_cost_usd" in said
    assert not (tmp_path / "calibrated/calibration.json").exists()
    assert calibrate("--max_cost_usd=1") == 0
    assert "Cap: $1.000000000; spent before $0.0" in capsys.readouterr().out
    assert calibration(tmp_path)["tasks"]["written"]["choice"]["chosen"] == "medium"


def test_a_folder_per_label_makes_its_own_task(
    gemini: Any, draw: Callable[..., bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(24):
        folder = tmp_path / "in" / ("blue" if number % 2 else "red")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(draw(number))
    (tmp_path / "in/red/broken.jpg").write_bytes(b"no picture")
    (tmp_path / "in/blue/twin.jpg").write_bytes(draw(2))  # red elsewhere
    (tmp_path / "in/nowhere.jpg").write_bytes(draw(99))
    words = [f"--input={tmp_path}/in", f"--output={tmp_path}/calibrated", "--routes=low,low-x8"]
    assert main(["calibrate", *words, "--margin=0.3", f"--gemini_endpoint={gemini.url}"]) == 0
    (name, task), *_ = calibration(tmp_path)["tasks"].items()
    assert (name, task["choice"]["images"]) == ("category", 23)
    assert task["left_out"] == {"conflicting_labels": 1, "unsupported_format": 1}
    said = capsys.readouterr().err
    assert "1 left out: category: the same picture has several labels in column label (" in said
    assert f"'blue' of {tmp_path}/in/blue/twin.jpg and 'red' of {tmp_path}/in/red/2.jpg" in said
    made = (tmp_path / "calibrated/tasks.yaml").read_text("utf-8")
    assert 'labels: ["blue", "red"]' in made


def test_folders_whose_accents_a_disk_took_apart_are_the_labels_of_the_task(
    draw: Callable[..., bytes], gemini: Any, tmp_path: Path
) -> None:
    for number in range(24):
        folder = tmp_path / "in" / ("ble\u0301" if number % 2 else "ROSE")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(draw(number))
    tasks = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: x, labels: ["bl\u00e9", rose]}}\n'
    (tmp_path / "tasks.yaml").write_text(tasks, "utf-8")
    words = [f"--input={tmp_path}/in", f"--tasks={tmp_path}/tasks.yaml"]
    words += [f"--output={tmp_path}/calibrated", f"--gemini_endpoint={gemini.url}"]
    assert main(["calibrate", *words]) == 0
    assert calibration(tmp_path)["tasks"]["a"]["choice"]["images"] == 24


def test_bad_labels_are_named_with_counts_and_the_rest_is_calibrated(
    calibrate: Callable[..., int],
    gemini: Any,
    labelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number, name in enumerate(("cut.jpg", "twin.jpg")):
        whole = (labelled / f"{number:02}.jpg").read_bytes()
        (labelled / name).write_bytes(whole[: len(whole) // 9] if name == "cut.jpg" else whole)
    page = (labelled / "02.jpg").read_bytes()
    more = [f"more{number}.jpg" for number in range(6)]
    for number, name in enumerate(more):  # other files, which look the same
        (labelled / name).write_bytes(page + bytes([number]))
    good = [f"{number:02}.jpg,{'bright' if number % 4 == 0 else 'dark'}" for number in range(10)]
    bad = ["gone1.jpg,dark", "gone2.jpg,dark", "00.jpg,dim", "02.jpg,dim", "04.jpg,dim"]
    rows = [*good[2:], *bad, "twin.jpg,dark", "01.jpg,bright", "cut.jpg,dark", "03.jpg,bright"]
    rows += [f"{name},dark" for name in more]
    lines = ["uri,shade,written", *(f"{row},yes" for row in rows)]
    (labelled / "mixed.csv").write_text("\n".join(lines), "utf-8")
    assert calibrate(source="mixed.csv") == 0
    captured = capsys.readouterr()
    said = " ".join(captured.err.split())
    assert "3 left out: shade: 'dim' is not a label. Known labels: dark, bright. (00" in said
    assert "2 left out: cannot be read: No such file or directory (gone1.jpg, gone2.jpg)" in said
    conflicts = "'dark' and 'bright' of 03.jpg, 'dark' of twin.jpg and 'bright' of 01.jpg"
    several = "the same picture has several labels in column shade"
    assert f"2 left out: shade: {several} ({conflicts})" in said
    assert "shade: fewer than 5 images have the label bright" in said
    tasks = calibration(tmp_path)["tasks"]
    shade, written = tasks["shade"], tasks["written"]
    # Two of those with an unknown label have a known one in another row.
    lost = {"unknown_label": 1, "missing": 2, "conflicting_labels": 2, "unreadable": 1}
    assert shade["left_out"] == lost
    assert shade["choice"]["images"] == len(good[2:]) - 1 + len(more)
    # What is said of one task takes nothing from another.
    assert written["left_out"] == {"missing": 2, "unreadable": 1}
    assert written["choice"]["images"] == PICTURES + len(more)
    printed = captured.out
    assert "Labelled images left out: missing 2, unreadable 1." in printed


def test_structs_several_labels_and_texts_are_judged_too(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tasks.yaml").write_text(
        """
model: gemini-3.1-flash-lite
tasks:
  seen: {prompt: Which, labels: [red, green, blue], multiple: true}
  about: {prompt: What, text: {max_length: 60}}
  made:
    prompt: What
    schema: {type: object, properties: {thing: {type: string}, big: {type: boolean}}}
""",
        "utf-8",
    )
    folder = photos(10)
    rows = [f"{n:03}.jpg,red; blue,a picture,thing,true" for n in range(10)]
    lines = ["uri,seen,about,made.thing,made.big", *rows]
    (folder / "labels.csv").write_text("\n".join(lines), "utf-8")
    words = [
        f"--input={folder}/labels.csv",
        f"--tasks={tmp_path}/tasks.yaml",
        "--routes=low,low-x4",
    ]
    words += [f"--output={tmp_path}/calibrated", f"--gemini_endpoint={gemini.url}"]
    assert main(["calibrate", *words]) == 0
    found = calibration(tmp_path)["tasks"]
    for task in found.values():
        assert task["choice"]["images"] == 10
        assert all(0 <= route["figures"]["score"] <= 1 for route in task["choice"]["routes"])
    first = {name: task["choice"]["routes"][0]["figures"] for name, task in found.items()}
    assert [label["images"] for label in first["seen"]["labels"]] == [10, 0, 10]
    assert [field["name"] for field in first["made"]["fields"]] == ["thing", "big"]
    assert [field["name"] for field in first["about"]["fields"]] == ["text"]
    assert any(0 < figures["score"] < 1 for figures in first.values())
    # People see them too: labels of the route that was chosen, fields of structs and texts.
    printed = capsys.readouterr().out
    assert printed.count(", by label") == 1
    assert printed.count(", by field") == 2
    shown = [line.split() for line in printed.splitlines()]
    assert ["label", "images", "answered", "recall", "precision", "F1"] in shown
    for field in first["made"]["fields"]:
        cells = [field["name"], "10", f"{field['exact']:.2f}", f"{field['word_f1']:.2f}"]
        assert cells in shown

    # What has no labels has none to protect, which is told.
    assert main(["calibrate", *words, "--protect=each-label"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "no labels to protect in about, made, held to the margin on average" in told
    protected = {name: t["choice"]["protect"] for name, t in calibration(tmp_path)["tasks"].items()}
    assert protected == {"seen": "each-label", "about": "average", "made": "average"}


@pytest.mark.parametrize(
    ("rows", "flags", "said"),
    [
        (["uri,other", "00.jpg,x"], [], "no task has labelled images"),
        (["uri,shade", *(f"{n:02}.jpg,dim" for n in range(20))], [], "'dim' is not a label"),
        (["uri,shade", *(f"x{n}.jpg,dark" for n in range(20))], [], "cannot be read"),
        (["uri,shade", "00.jpg,dark"], [], "1 image has a usable label; at least 10"),
        (["uri", "00.jpg"], [], "columns: none)"),
        (None, ["--sample=9"], "--sample=9"),
        (None, ["--routes=low"], "and task 'written' is asked at low already"),
        (None, ["--sample=11"], "there are only 10 labelled images"),
        (None, ["--routes=huge"], "'huge' is not a route"),
        (None, ["--routes=gemini-2.5-flash-lite/ultra_high"], "has no media resolution"),
        (None, ["--margin=0"], "--margin=0"),
        (None, ["--confidence=1"], "--confidence=1"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_before_anything_is_spent(
    rows: list[str] | None,
    flags: list[str],
    said: str,
    calibrate: Callable[..., int],
    gemini: Any,
    labelled: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if rows:
        (labelled / "bad.csv").write_text("\n".join(rows), "utf-8")
    assert calibrate(*flags, source="bad.csv" if rows else "labels.csv") == 2
    assert said in capsys.readouterr().err
    assert gemini.requests() == []
