"""Whole runs in which each picture takes its own route: calibrated, asked, paid, recalled."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.beam_pipeline.conftest import Finished
from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  written: {prompt: "Is there text in it?", labels: ["yes", "no"]}
"""
PLAIN, PRINTED = 24, 8
FULL, LITTLE = (1800, 1350), (640, 480)


def picture(number: int, *, written: bool = False, size: tuple[int, int] = FULL) -> bytes:
    """Flat colours, or print of which an x is 6 px high: `high` reads it, `low` does not."""
    image = Image.new(
        "RGB", size, "white" if written else (number * 37 % 200, number * 91 % 200, 60)
    )
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 40, 90 + number, 90), fill=(200, number % 200, 30))
    for row in range(120, size[1] - 20, 18) if written else ():
        line = f"Page {number}: the quick brown fox jumps over lazy dogs " * 5
        pen.text((30, row), line, 30, ImageFont.load_default(12))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


@dataclass(frozen=True)
class Place:
    """A calibration that was made, an archive that it knows nothing of, and who answers."""

    folder: Path
    gemini: Any
    calibration: dict[str, Any]

    def run(self, *flags: str, output: str = "out", calibrated: bool = True) -> Finished:
        """A run of the archive; the emulator forgets what it did before."""
        self.gemini.reset()
        words = [f"--input={self.folder}/archive", f"--tasks={self.folder}/tasks.yaml"]
        if calibrated:
            words.append(f"--calibration={self.folder}/calibrated/calibration.json")
        words += [f"--output={self.folder / output}", f"--gemini_endpoint={self.gemini.url}"]
        return Finished(main(["run", *words, *flags]), self.folder / output)

    def asked(self) -> Counter[str]:
        """Pictures that the emulator was sent, by media resolution."""
        lines = self.gemini.requests()
        return Counter(level for line in lines for level in line["media_resolution"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, running_gemini: Any) -> Place:
    folder = tmp_path_factory.mktemp("routing")
    (folder / "tasks.yaml").write_text(TASKS, "utf-8")
    lines = ["uri,written"]
    for number in range(PLAIN + PRINTED):
        written = number < PRINTED
        (folder / f"{number}.jpg").write_bytes(picture(number, written=written))
        lines.append(f"{number}.jpg,{'yes' if written else 'no'}")
    (folder / "labels.csv").write_text("\n".join(lines), "utf-8")
    archive = folder / "archive"
    archive.mkdir()
    for number in range(100, 103):
        (archive / f"page{number}.jpg").write_bytes(picture(number, written=True))
        (archive / f"plain{number}.jpg").write_bytes(picture(number))
        (archive / f"note{number}.jpg").write_bytes(picture(number, written=True, size=LITTLE))
    running_gemini.reset()
    words = [f"--input={folder}/labels.csv", f"--tasks={folder}/tasks.yaml", "--routes=high,low"]
    words += [f"--output={folder}/calibrated", f"--gemini_endpoint={running_gemini.url}"]
    assert main(["calibrate", *words, "--margin=0.25"]) == 0
    found = json.loads((folder / "calibrated/calibration.json").read_text("utf-8"))
    return Place(folder, running_gemini, found)


@pytest.fixture(scope="module")
def first(place: Place) -> Iterator[tuple[Finished, Counter[str], int]]:
    """The first run by the calibration, the pictures that it sent, and the bill."""
    finished = place.run()
    yield finished, place.asked(), place.gemini.billed()


def taken(finished: Finished) -> dict[str, tuple[str, str]]:
    """By kind of picture, the media resolution and the reason, without its figure."""
    return {
        Path(row["uri"]).name.rstrip("0123456789.jpg"): (
            row["media_resolution"],
            row["route_reason"].partition(" 0.")[0],
        )
        for row in finished.answers()
    }


def test_the_threshold_is_found_that_asks_print_at_high_and_nothing_else(place: Place) -> None:
    choice = place.calibration["tasks"]["written"]["choice"]
    chosen = next(one for one in choice["routes"] if one["name"] == choice["chosen"])
    assert choice["chosen"].startswith("low, high above ")
    assert chosen["routing"]["raised_share"] == PRINTED / (PLAIN + PRINTED)
    assert chosen["figures"]["score"] == 1
    scores = {one["name"]: one["figures"]["score"] for one in choice["routes"]}
    assert (scores["high"], scores["low"]) == (1, PLAIN / (PLAIN + PRINTED))
    costs = {
        one["name"]: Decimal(one["figures"]["usd_per_1000_images"]) for one in choice["routes"]
    }
    assert costs["low"] < costs[choice["chosen"]] < costs["high"] / 2


def test_each_picture_takes_its_route_and_says_why(
    first: tuple[Finished, Counter[str], int],
) -> None:
    finished, asked, billed = first
    assert taken(finished) == {
        "page": ("high", "fine detail"),
        "plain": ("low", "as calibrated"),
        "note": ("low", "640x480 px fit low"),
    }
    assert asked == {"high": 3, "low": 6}
    assert finished.cost == billed
    values = {Path(row["uri"]).name: row["answer"] for row in finished.answers()}
    assert {values[f"page{n}.jpg"] for n in range(100, 103)} == {"yes"}
    details = {Path(row["uri"]).name: row["fine_detail"] for row in finished.answers()}
    assert details["plain100.jpg"] < 0.01 < 0.3 < details["page100.jpg"]


def test_the_end_says_how_many_were_asked_elsewhere(
    first: tuple[Finished, Counter[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    finished = first[0]
    found = finished.run["followed_pictures"]
    assert found == {"written": {"media_resolution": "low", "lower": 0, "higher": 3}}
    capsys.readouterr()
    assert main(["show", f"--output={finished.output}"]) == 0
    assert "written 3 pictures higher than low (column route_reason)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("keys", "asked", "followed"),
    [
        ("media_resolution: high", {"high": 9}, {}),
        ("media_resolution: auto", {"low": 9}, {}),
        (
            "media_resolution: high, routing: {fit_pixels: true}",
            {"high": 6, "low": 3},
            {"a": {"media_resolution": "high", "lower": 3, "higher": 0}},
        ),
    ],
)
def test_what_the_tasks_file_names_is_what_is_asked(
    place: Place,
    tmp_path: Path,
    keys: str,
    asked: dict[str, int],
    followed: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of nine pictures, three have no more pixels than low shows."""
    (tmp_path / "tasks.yaml").write_text(
        "model: gemini-3.1-flash-lite\n"
        f'tasks: {{a: {{prompt: "Is it dark?", labels: ["yes", "no"], {keys}}}}}\n'
    )
    place.gemini.reset()
    words = [f"--input={place.folder}/archive", f"--tasks={tmp_path}/tasks.yaml"]
    words += [f"--output={tmp_path}/out", f"--gemini_endpoint={place.gemini.url}"]
    assert main(["run", *words]) == 0
    assert place.asked() == asked
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert run["followed_pictures"] == followed
    assert ("a 3 pictures lower than high" in capsys.readouterr().out) is bool(followed)


def test_the_account_tells_media_resolutions_apart(
    first: tuple[Finished, Counter[str], int],
) -> None:
    finished, _, billed = first
    rows = {row["media_resolution"]: row for row in finished.costs}
    assert {level: row["images"] for level, row in rows.items()} == {"high": 3, "low": 6}
    assert rows["high"]["image_tokens"] == 3 * 1064
    assert rows["low"]["image_tokens"] == 6 * 266
    assert sum(row["cost_usd"] for row in rows.values()) == Decimal(billed).scaleb(-9)


def test_a_second_run_asks_nothing(place: Place, first: tuple[Finished, Counter[str], int]) -> None:
    again = place.run()
    assert place.gemini.requests() == []
    assert again.cost == 0
    assert taken(again) == taken(first[0])


def test_turned_off_every_picture_takes_the_task_s_route(
    place: Place, first: tuple[Finished, Counter[str], int]
) -> None:
    literal = place.run("--routing=task")
    assert set(taken(literal).values()) == {("low", "as the task says")}
    assert place.asked() == {"low": 3}  # the pages; all else was asked there before
    place.run()
    assert place.gemini.requests() == []


def test_an_audit_asks_the_reference_to_the_letter(
    place: Place, first: tuple[Finished, Counter[str], int]
) -> None:
    audited = place.run("--audit_rate=1")
    rows = [row for row in audited.answers() if row["task"] == "written@audit"]
    assert {row["media_resolution"] for row in rows} == {"high"}
    assert place.asked() == {"high": 6}  # the pages were asked there already
    assert audited.run["audit"]["written"]["images"] == 9


def test_a_forecast_knows_sizes_and_says_what_it_cannot_know(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    def planned(*flags: str) -> dict[str, Any]:
        words = [f"--input={place.folder}/archive", f"--tasks={place.folder}/tasks.yaml"]
        assert main(["plan", *words, "--json", *flags]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    calibration = f"--calibration={place.folder}/calibrated/calibration.json"
    adapted, literal = planned(calibration), planned(calibration, "--routing=task")
    assert literal["image_tokens"] == 9 * 266
    # Six pictures have the pixels for high; of the calibration's, a quarter had the detail.
    assert adapted["image_tokens"] == pytest.approx(9 * 266 + 6 / 4 * (1064 - 266), rel=0.01)
    assert "how many pictures have fine detail" in adapted["uncertainty"]
    assert "how many pictures have fine detail" not in literal["uncertainty"]
    assert Decimal(adapted["worst_usd"]) > Decimal(literal["worst_usd"])
