"""A tree of labels in one question and in two, as routes that a calibration tries."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.conftest import EmulatedGemini
from tierwise.beam_pipeline.__main__ import main
from tierwise.emulator import EmulatorConfig, running_emulator

PICTURES = 10
# By folder of what the emulator knows, the colour of what is drawn, and where.
KINDS = {
    "warm/sun": ("red", (60, 60)),
    "warm/fire": ("orange", (196, 60)),
    "cold/sea": ("blue", (60, 196)),
    "cold/ice": ("cyan", (196, 196)),
}
# Labels that nothing is known of, in many branches, so that all in one question are long.
OTHERS = range(400)
BRANCHES = range(20)


def drawn(kind: str, seed: int) -> bytes:
    """A picture of a kind, not quite like the others."""
    colour, (x, y) = KINDS[kind]
    drawing = random.Random(f"{kind} {seed}")
    image = Image.new("RGB", (256, 256), "white")
    size = drawing.randrange(20, 60)
    x, y = x + drawing.randrange(-30, 30), y + drawing.randrange(-30, 30)
    ImageDraw.Draw(image).ellipse((x - size, y - size, x + size, y + size), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("labelled")
    for kind in KINDS:
        (place / "known" / kind).mkdir(parents=True)
        for seed in range(6):
            (place / "known" / kind / f"{seed}.jpg").write_bytes(drawn(kind, seed))
    lines = ["uri,kind"]
    for number in range(PICTURES):
        kind = list(KINDS)[number % len(KINDS)]
        (place / f"{number}.jpg").write_bytes(drawn(kind, 100 + number))
        lines.append(f"{number}.jpg,{kind.rpartition('/')[2]}")
    (place / "labels.csv").write_text("\n".join(lines), "utf-8")
    rows = ["label,parent", "warm,", "cold,", *(f"other {branch}," for branch in BRANCHES)]
    rows += [",".join(reversed(kind.split("/"))) for kind in KINDS]
    rows += [f"kind {number},other {number % len(BRANCHES)}" for number in OTHERS]
    (place / "kinds.csv").write_text("\n".join(rows), "utf-8")
    return place


@pytest.fixture(scope="module")
def knowing(labelled: Path) -> Iterator[EmulatedGemini]:
    with running_emulator(EmulatorConfig(knows=str(labelled / "known"))) as url:
        yield EmulatedGemini(url)


@pytest.fixture
def calibrate(knowing: EmulatedGemini, labelled: Path, tmp_path: Path) -> Callable[..., int]:
    knowing.reset()

    def run(*flags: str, verb: str = "calibrate", output: str = "", **keys: Any) -> int:
        task = {"prompt": "What is it?", "labels": str(labelled / "kinds.csv"), "cache": "off"}
        task |= keys
        document = {"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}}
        (tmp_path / "tasks.yaml").write_text(json.dumps(document), "utf-8")
        own = ["--margin=0.4", "--routing=task"] if verb == "calibrate" else []
        return main(
            [
                verb,
                f"--input={labelled / 'labels.csv'}",
                f"--tasks={tmp_path / 'tasks.yaml'}",
                f"--output={tmp_path / (output or verb)}",
                f"--gemini_endpoint={knowing.url}",
                *own,
                *flags,
            ]
        )

    return run


def test_two_questions_are_a_route_like_others_and_a_run_asks_them(
    calibrate: Callable[..., int],
    knowing: EmulatedGemini,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate("--routes=low,low-x2-top_down,low-top_down") == 0
    found = json.loads((tmp_path / "calibrate/calibration.json").read_text("utf-8"))
    choice = found["tasks"]["kind"]["choice"]
    routes = {one["name"]: one for one in choice["routes"]}
    assert choice["reference"] == "low", "all in one question is the dearest here"
    assert routes["low"]["figures"]["score"] == 1
    # Both questions of a picture count as its costs.
    costs = [Decimal(one["figures"]["usd_per_1000_images"]) for one in routes.values()]
    found_out = sum(costs, Decimal()) * PICTURES * 1_000_000
    assert abs(found_out - knowing.billed()) < len(costs)
    asked = len(knowing.requests())
    # Whoever shared a request in either question counts once.
    assert routes["low-x2-top_down"]["comparison"]["units"] < 5
    assert choice["chosen"] == "low-top_down"
    assert "low-top_down costs least" in capsys.readouterr().out

    calibration = f"--calibration={tmp_path / 'calibrate/calibration.json'}"
    assert calibrate(calibration, verb="run") == 0
    assert len(knowing.requests()) - asked == 2 * PICTURES
    # What was measured in two questions is not asked in one.
    assert calibrate(calibration, "--take_over", verb="run", top_down=False) == 2
    assert "two questions from the top of its tree down" in capsys.readouterr().err


def test_what_a_run_paid_for_both_questions_is_their_cost(
    calibrate: Callable[..., int], knowing: EmulatedGemini, tmp_path: Path
) -> None:
    assert calibrate(verb="run", output="calibrate", top_down=True) == 0
    paid = knowing.billed()
    assert calibrate("--routes=low-top_down,low", top_down=True) == 0
    found = json.loads((tmp_path / "calibrate/calibration.json").read_text("utf-8"))
    figures = found["tasks"]["kind"]["choice"]["routes"][-1]["figures"]
    costs = Decimal(figures["usd_per_1000_images"]) * PICTURES * 1_000_000
    assert len(knowing.requests()) == PICTURES * (2 + 1)
    assert abs(costs - paid) < 1


def test_levels_of_a_flat_list_have_no_margins(
    calibrate: Callable[..., int], knowing: EmulatedGemini, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = ["sun", "fire", "sea", "ice"]
    assert calibrate("--margin=exact=0.4,parent=0.2", labels=flat) == 2
    assert "no labelled image has a truth with 'parent right'" in capsys.readouterr().err
    assert calibrate("--routes=low-top_down", labels=flat) == 2
    assert "cannot be asked from its top down" in capsys.readouterr().err
    assert knowing.requests() == []
