"""A measurement of a small archive against a real emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tierwise.beam_pipeline.__main__ import main
from tierwise.report.inlined_svg import inlined_svg


@pytest.fixture
def measure(gemini: Any, draw: Callable[..., bytes], tmp_path: Path) -> Callable[..., int]:
    folder = tmp_path / "archive"
    folder.mkdir()
    for number, (form, size) in enumerate(
        [("JPEG", (400, 300)), ("PNG", (500, 200)), ("JPEG", (300, 400)), ("WEBP", (256, 256))] * 2
    ):
        (folder / f"{number}.{form.lower()}").write_bytes(draw(number, size=size, form=form))

    def run(*flags: str) -> int:
        words = [f"--input={folder}", f"--output={tmp_path}/measured", "--sample=4"]
        return main(["measure", *words, f"--gemini_endpoint={gemini.url}", *flags])

    return run


def test_tokens_are_read_back_and_held_against_the_rule(
    measure: Callable[..., int], gemini: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--models=gemini-2.5-flash-lite") == 0
    found = json.loads((tmp_path / "measured/measurement.json").read_text("utf-8"))
    assert found["emulated"] is True
    routes = {route["name"]: route for route in found["routes"]}
    assert routes["gemini-2.5-flash-lite/low-912px"]["image_tokens_median"] == 64
    assert routes["low"]["image_tokens_most"] == 266
    assert routes["high"]["image_tokens_most"] > 1000
    assert routes["low-s4"]["image_tokens_most"] <= 70
    assert all(route["unlike_rule"] == 0 for route in routes.values())
    assert all(route["images"] == 4 for route in routes.values())

    rows = pq.read_table(tmp_path / "measured/measurement.parquet").to_pylist()
    look = found["look"]
    apart = [f"{task}@low" for task in look["tasks"] if task != found["task"]]
    together = [f"{task}@low+together" for task in look["tasks"]]
    assert {row["route"] for row in rows} == {*routes, *apart, *together}
    assert len(rows) == 4 * (len(routes) + len(apart) + len(together))
    assert sum(row["cost_usd"] for row in rows) == Decimal(gemini.billed()).scaleb(-9)
    ways = {way["way"]: way for way in look["ways"]}
    shared = [row for row in rows if row["route"] in together]
    usd = sum(row["cost_usd"] for row in shared)
    assert Decimal(ways["together"]["usd_per_1000_images"]) == usd * 1000 / 4
    assert ways["together"]["image_tokens"] == sum(row["image_tokens"] for row in shared) / 4
    assert ways["apart"]["image_tokens"] == len(look["tasks"]) * ways["together"]["image_tokens"]
    assert len({(row["sent_width"], row["sent_height"]) for row in rows}) >= 3

    with Image.open(tmp_path / "measured/measurement.png") as plot:
        assert plot.height > 200
    assert inlined_svg((tmp_path / "measured/measurement.svg").read_bytes(), "") is not None

    printed = capsys.readouterr().out
    assert "Forecast: " in printed
    assert "Every picture was billed by the documented rule." in printed
    assert "EMULATED" in printed

    # Again: nothing is asked, and the figures are those that were paid for.
    asked = len(gemini.requests())
    assert measure("--models=gemini-2.5-flash-lite") == 0
    again = json.loads((tmp_path / "measured/measurement.json").read_text("utf-8"))
    assert again["routes"] == found["routes"]
    assert len(gemini.requests()) == asked


def test_the_other_service_is_measured_beside_the_first(
    measure: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "any")
    (tmp_path / "t.yaml").write_text(
        "model: gemini-3.1-flash-lite\n"
        "tasks: {a: {prompt: Which, labels: [x, y], media_resolution: high}}\n"
    )
    both = ["--gemini=developer", "--also=vertex", "--gemini_project=p"]
    assert measure(*both, f"--tasks={tmp_path}/t.yaml", "--max_cost_usd=0.2") == 0
    found = json.loads((tmp_path / "measured/measurement.json").read_text("utf-8"))
    routes = {route["name"]: route for route in found["routes"]}
    there = routes["high at vertex"]
    assert there["varied"] == "endpoint"
    # Those whose tokens differ, Gemini 2.5 at `high`, have ended on Vertex AI.
    assert there["image_tokens_most"] == routes["high"]["image_tokens_most"] > 1000
    assert there["unlike_rule"] == 0
    paths = {name.endswith(" at vertex") for name in routes}
    assert paths == {True, False}
    assert "\n endpoint " in capsys.readouterr().out


def test_a_measurement_stays_below_its_cap(
    measure: Callable[..., int], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--max_cost_usd=0.00001") == 3
    assert gemini.requests() == []
    printed = capsys.readouterr().out
    assert "Nothing was measured: no image was answered at any route." in printed
    assert "Cap: $0.000010000; spent before $0.000000000" in printed
    assert "Run again with a higher --max_cost_usd" in printed
    assert "All that was left to ask is forecast at $0.0" in printed
    assert "documented rule" not in printed

    assert measure("--max_cost_usd=0.01") == 3
    assert 0 < gemini.billed() <= 10_000_000
    assert "Cap: $0.010000000" in capsys.readouterr().out


def test_what_was_not_measured_is_named_and_medians_stand_beside_medians(
    gemini: Any, draw: Callable[..., bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    for number, size in enumerate([(400, 300), (900, 100), (256, 256), (300, 400)]):
        (folder / f"{number}.jpg").write_bytes(draw(number, size=size))
    whole = draw(9, size=(800, 800))
    (folder / "broken.jpg").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "t.yaml").write_text(
        "model: gemini-3.1-flash-lite\n"
        "tasks: {first: {prompt: Which, labels: [x, y]}, second: {prompt: Who, labels: [x, y]},\n"
        "  third: {prompt: Whose, labels: [x, y], together: false}}\n"
    )
    words = [f"--input={folder}", f"--output={tmp_path}/measured", f"--tasks={tmp_path}/t.yaml"]
    assert main(["measure", *words, f"--gemini_endpoint={gemini.url}"]) == 0
    found = json.loads((tmp_path / "measured/measurement.json").read_text("utf-8"))
    for route in found["routes"]:
        assert abs(route["image_tokens_median"] - route["rule_tokens_median"]) <= 1
        assert route["unanswered"] == 1
    (lost,) = found["without_answer"]
    assert (Path(lost["uri"]).name, lost["reason"]) == ("broken.jpg", "unreadable")
    assert lost["routes"] == [route["name"] for route in found["routes"]]

    printed = capsys.readouterr().out
    named = f"1 image ({folder}/broken.jpg: unreadable at every route)."
    assert f"Without an answer, and in no figure above: {named}" in printed
    assert "Every picture that was answered was billed by the documented rule." in printed
    assert "Measured with the task first, the first that looks" in printed
    assert "Not asked: third." in printed
    assert "first, second: tokens per image, for all" in printed


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--sample=9", "the archive has 8 files"),
        ("--models=gemini-nine", 'model "gemini-nine" is not known'),
        ("--also=vertex", "beside the other one of --gemini=developer and --gemini=vertex"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    flag: str,
    said: str,
    measure: Callable[..., int],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert measure(flag) == 2
    assert said in capsys.readouterr().err
    assert gemini.requests() == []
