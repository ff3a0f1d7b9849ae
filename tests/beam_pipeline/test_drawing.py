"""Whole runs that draw: files beside the tables, and an account that is the bill."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.beam_pipeline.conftest import Classify, Finished
from tierwise.answering.plan import requests_at_a_time
from tierwise.beam_pipeline.__main__ import main
from tierwise.gemini.finish import Finish, finish_of
from tierwise.gemini.reply import read_reply
from tierwise.questions import as_written
from tierwise.tasks import load_tasks

ROOT = Path(__file__).parents[2]
BANANA = "gemini-nano-banana-2.1"
TASKS = f"""
model: {BANANA}
tasks:
  hero:
    prompt: A clean photograph of what is shown, on white.
    picture: {{size: 1K, aspect_ratio: "16:9"}}
"""
WITH_ANSWERS = f"""
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright]}}
  named: {{prompt: "What is it called?", text: {{max_length: 20}}}}
  found:
    prompt: What is there?
    schema: {{type: object, properties: {{a: {{type: boolean}}}}}}
  hero:
    prompt: Draw {{named}} on white.
    model: {BANANA}
    picture: {{size: {{2K: shade == "bright", otherwise: 1K}}, format: jpeg, keep: input}}
"""


def files_of(run: Finished, task: str = "hero") -> list[Path]:
    folder = run.output / f"pictures/task={task}"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_picture_is_a_file_and_a_row(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    images = photos(3)
    shutil.copy(images / "000.jpg", images / "twin.jpg")
    run = classify(images, tasks=TASKS)
    assert len(run.answers()) == 4
    assert len(files_of(run)) == 3  # twins share one
    assert len(gemini.requests()) == 3
    assert run.cost == gemini.billed() == 3 * int(run.answers()[0]["cost_usd"].scaleb(9))
    for row in run.answers():
        file = run.output / row["answer"]["file"]
        assert row["picture_uri"] == str(file)
        with Image.open(file) as picture:
            assert picture.size == (1376, 768) == (row["answer"]["width"], row["answer"]["height"])
            assert picture.format == "PNG" == row["answer"]["format"].upper()
            assert not picture.info.get("exif")
        assert row["answer"]["bytes"] == file.stat().st_size
        content = row["content_hash"].replace(":", "-")
        assert file.name.startswith("emulated-")
        assert file.name.endswith(f"{content}-{row['request_id']}.png")
        assert (row["drawn_tokens"], row["output_tokens"]) == (
            (0, 0) if row["reused"] else (1120,) * 2
        )
        assert (row["media_resolution"], row["label_form"]) == ("high", None)


def test_the_page_shows_before_and_after_and_dollars_a_picture(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    run = classify(photos(3), "--service_tier=standard", tasks=TASKS)
    page = (run.output / "report.html").read_text("utf-8")
    assert page.count('alt="What was drawn of') == 3
    each = gemini.billed() // 3
    assert f'title="${each / 10**9:.9f}"' in page
    levers = page.split('id="savings"')[1].split("</section>")[0]
    assert "no public price" not in levers
    files_of(run)[0].unlink()
    assert main(["report", f"--output={run.output}"]) == 0  # of what is gone, no copy is shown
    assert (run.output / "report.html").read_text("utf-8").count('alt="What was drawn of') == 2


def test_a_killed_run_goes_on_without_drawing_twice(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path, classify: Classify
) -> None:
    images, output = photos(12), tmp_path / "out"
    (tmp_path / "tasks.yaml").write_text(TASKS)
    gemini.faults({"kind": "latency", "ms": 150})
    words = [f"--input={images}", f"--tasks={tmp_path}/tasks.yaml", f"--output={output}"]
    flags = ["--requests_in_flight=2", f"--gemini_endpoint={gemini.url}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tierwise", "run", *words, *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list(output.glob("pictures/task=hero/emulated-*"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {file: file.stat().st_mtime_ns for file in files_of(Finished(0, output))}
    run = classify(images, tasks=TASKS)
    assert {row["picture_uri"] for row in run.answers()} == set(map(str, files_of(run)))
    assert len(files_of(run)) == 12
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    drawn = Counter(one for line in gemini.requests() for one in line["images"])
    assert sum(drawn.values()) <= 12 + 2  # those under way at the kill, at most
    every = run.run["all_runs"]
    account = Decimal(every["cost_usd"]).scaleb(9)
    assert account <= gemini.billed() <= account + Decimal(every["maybe_billed_usd"]).scaleb(9)


def test_what_was_drawn_is_never_drawn_again(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    images = photos(3)
    first = classify(images, tasks=TASKS)
    made, billed = {file: file.stat().st_mtime_ns for file in files_of(first)}, gemini.billed()
    again = classify(images, tasks=TASKS)
    assert (again.cost, gemini.billed()) == (0, billed)
    assert {row["picture_uri"] for row in again.answers()} == set(map(str, made))
    # As if the run had been killed before its journal told of any.
    shutil.rmtree(again.output / "journal")
    found = classify(images, tasks=TASKS)
    assert (found.cost, gemini.billed()) == (0, billed)
    assert all(row["reused"] for row in found.answers())
    assert {file: file.stat().st_mtime_ns for file in files_of(found)} == made
    # And what was found so is in the journal now.
    assert classify(images, tasks=TASKS).cost == 0
    assert gemini.billed() == billed


def test_a_picture_that_is_gone_is_drawn_again(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    run = classify(photos(2), tasks=TASKS)
    billed = gemini.billed()
    files_of(run)[0].unlink()
    again = classify(photos(2), tasks=TASKS)
    assert len(files_of(again)) == 2
    assert gemini.billed() == billed * 3 // 2
    assert again.cost == billed // 2


def test_another_question_never_replaces_a_picture(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    first = files_of(classify(photos(1), tasks=TASKS))
    second = files_of(classify(photos(1), tasks=TASKS.replace("16:9", "9:16")))
    assert set(first) < set(second)
    assert len(second) == 2


# By the kind of fault and its settings: requests, and why there is no picture, if there is none.
FATES: list[tuple[str, dict[str, Any], int, str]] = [
    ("blocked_answer", {"finish_reason": "NO_IMAGE"}, 2, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "IMAGE_OTHER"}, 2, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "IMAGE_SAFETY"}, 1, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "SAFETY"}, 1, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "PROHIBITED_CONTENT"}, 1, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "IMAGE_PROHIBITED_CONTENT"}, 1, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "RECITATION"}, 1, "blocked_answer"),
    ("blocked_answer", {"finish_reason": "IMAGE_RECITATION"}, 1, "blocked_answer"),
    ("blocked_prompt", {"block_reason": "IMAGE_SAFETY"}, 1, "blocked_prompt"),
    ("text_only", {"text": "Shall I draw a cat?"}, 2, "invalid_answer"),
    ("empty_stop", {}, 2, "invalid_answer"),
    ("max_tokens", {}, 2, "truncated"),
    ("broken_picture", {"how": "cut"}, 2, "invalid_answer"),
    ("broken_picture", {"how": "html"}, 2, "invalid_answer"),
    ("broken_picture", {"how": "gif"}, 2, "invalid_answer"),
    ("broken_picture", {"how": "not_base64"}, 2, "invalid_answer"),
    ("broken_picture", {"how": "empty"}, 2, "invalid_answer"),
    ("several_pictures", {"count": 3}, 1, ""),
    ("thought_pictures", {"count": 2}, 1, ""),
    ("wrong_mime", {"mime_type": "text/html"}, 1, ""),
    ("untold_picture", {}, 1, ""),
]


def test_every_documented_failure_is_accounted_as_it_is_billed(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    images = sorted(photos(len(FATES) + 1).iterdir())
    sent = [hashlib.sha256(image.read_bytes()).hexdigest() for image in images]
    gemini.faults(
        *(
            {"kind": kind, "sha256": [one], **settings}
            for (kind, settings, *_), one in zip(FATES, sent, strict=False)
        )
    )
    run = classify(images[0].parent, tasks=TASKS)
    asked = Counter(one for line in gemini.requests() for one in line["images"])
    assert set(asked) == set(sent)  # so small, they are sent as they are
    answers = {Path(row["uri"]).name: row for row in run.answers()}
    for image, one, (kind, settings, requests, reason) in zip(images, sent, FATES, strict=False):
        told = kind, settings
        assert asked[one] == requests, told
        assert run.reasons.get((image.name, "hero"), "") == reason, told
        if not reason:
            assert answers[image.name]["answer"]["width"] == 1376, told
    assert run.cost == gemini.billed()
    assert len(files_of(run)) == 5
    by_kind = {
        kind: answers[image.name]
        for image, (kind, *_) in zip(images, FATES, strict=False)
        if image.name in answers
    }
    assert by_kind["several_pictures"]["drawn_tokens"] == 3 * 1120
    assert by_kind["thought_pictures"]["drawn_tokens"] == 1120
    assert by_kind["untold_picture"]["drawn_tokens"] == 1120
    messages = {row["uri"]: row["message"] for row in run.failures}
    assert "Shall I draw a cat?" in messages[str(images[9])]
    assert "Unable to show the generated image" in messages[str(images[2])]
    # The next run asks again what was no verdict: NO_IMAGE, IMAGE_OTHER, and twice nothing at all.
    gemini.faults()
    before, failed = len(gemini.requests()), len(run.failures)
    again = classify(images[0].parent, tasks=TASKS)
    assert len(gemini.requests()) == before + 4
    assert len(again.failures) == failed - 4


def test_a_second_try_after_no_image_draws(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    gemini.faults({"kind": "blocked_answer", "finish_reason": "NO_IMAGE", "count": 1})
    run = classify(photos(1), tasks=TASKS)
    [row] = run.answers()
    assert row["attempts"] == 2
    assert run.cost == gemini.billed()


def test_earlier_answers_decide_size_and_words(
    classify: Classify, shades: Callable[[int], Path], gemini: Any
) -> None:
    run = classify(shades(4), "--log_requests=30", tasks=WITH_ANSWERS)
    shade = {row["uri"]: row["answer"] for row in run.answers("shade")}
    assert set(shade.values()) == {"dark", "bright"}
    for row in run.answers("hero"):
        side = 2048 if shade[row["uri"]] == "bright" else 1024
        assert (row["answer"]["width"], row["answer"]["format"]) == (side, "jpeg")
        assert row["drawn_tokens"] == (1680 if side == 2048 else 1120)
    assert run.cost == gemini.billed()
    kept = [file.name for file in files_of(run)]
    assert sum(".input." in name for name in kept) == 4
    assert len(kept) == 8
    # On the wire: the size always, exactly spelt; no media resolution, which models that draw
    # refuse; and never any tools, so that no search is billed.
    logged = [
        json.loads(line)
        for log in (run.output / "requests").rglob("*.jsonl")
        for line in log.read_text("utf-8").splitlines()
    ]
    bodies = [line["request"] for line in logged]
    assert len(bodies) == len(gemini.requests())
    assert not any({"tools", "toolConfig"} & body.keys() for body in bodies)
    drawing = [line["request"] for line in logged if line["model"] == BANANA]
    assert {body["generationConfig"]["imageConfig"]["imageSize"] for body in drawing} == {
        "1K",
        "2K",
    }
    for body in drawing:
        config = body["generationConfig"]
        assert config["responseModalities"] == ["TEXT", "IMAGE"]
        assert config["thinkingConfig"] == {"thinkingLevel": "MINIMAL"}
        assert not {"mediaResolution", "responseSchema", "responseMimeType"} & config.keys()
        assert body["contents"][0]["parts"][0]["text"].startswith("Draw ")
    assert all(
        "inlineData" not in json.dumps(line.get("reply", ""))
        or "sha256" in json.dumps(line["reply"])
        for line in logged
    )


def test_a_column_says_the_size(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    cells = ["1K", "2K", "", "1k", "4K", "512"]
    images = sorted(photos(len(cells)).iterdir())
    lines = [f"{image},{cell}" for image, cell in zip(images, cells, strict=True)]
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(["uri,size", *lines]))
    tasks = TASKS.replace("size: 1K", "size: {column: size}")
    run = classify(manifest, tasks=tasks)
    widths = {Path(row["uri"]).name: row["answer"]["width"] for row in run.answers()}
    assert widths == {"000.jpg": 1376, "001.jpg": 2752, "002.jpg": 1376}
    assert set(run.reasons.values()) == {"rejected"}
    messages = " ".join(row["message"] for row in run.failures)
    assert "not sent: size '1k': pictures are 512, 1K, 2K, 4K. Write \"1K\"" in messages
    assert "size 4K is the exception" in messages
    assert f"size 512: {BANANA} draws 1K, 2K, 4K" in messages
    assert run.cost == gemini.billed()
    assert len(gemini.requests()) == 3
    with_why = classify(manifest, tasks=tasks.replace("size}", "size}, why: posters"), output="why")
    assert len(with_why.answers()) == 4


def test_a_column_that_is_not_there_is_refused(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    classify(photos(1), tasks=TASKS.replace("size: 1K", "size: {column: print}"), status=2)
    assert "key \"picture.size\": 'print' is no column" in capsys.readouterr().err


def test_a_group_is_drawn_once(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    photos(3, "all/a")
    photos(2, "all/b", first=10)
    run = classify(tmp_path / "all", tasks=TASKS + "    per: folder\n")
    assert len(run.answers()) == 5
    assert len(files_of(run)) == 2 == len(gemini.requests())
    assert run.cost == gemini.billed()
    by_folder = {(Path(row["uri"]).parent.name, row["answer"]["file"]) for row in run.answers()}
    assert len(by_folder) == 2
    shutil.rmtree(run.output / "journal")
    assert classify(tmp_path / "all", tasks=TASKS + "    per: folder\n").cost == 0
    assert len(gemini.requests()) == 2


def test_what_is_forgotten_takes_what_was_drawn_of_it(
    classify: Classify, photos: Callable[..., Path], tmp_path: Path
) -> None:
    photos(3, "all/a")
    tasks = TASKS.replace("1K,", "1K, keep: input,") + (
        "  together: {prompt: All on white., picture: {}, per: folder}\n"
    )
    shutil.copy(tmp_path / "all/a/001.jpg", tmp_path / "all/a/twin.jpg")
    run = classify(tmp_path / "all", tasks=tasks)
    assert (len(files_of(run)), len(files_of(run, "together"))) == (6, 1)
    gone = next(row for row in run.answers("hero") if row["uri"].endswith("000.jpg"))
    assert main(["forget", f"--output={run.output}", f"--uri={gone['uri']}"]) == 0
    content = gone["content_hash"].replace(":", "-")
    assert not [file for file in files_of(run) if content in file.name]
    assert len(files_of(run)) == 4
    assert files_of(run, "together") == []  # it may show the picture
    twin = next(row for row in run.answers("hero") if row["uri"].endswith("twin.jpg"))
    assert main(["forget", f"--output={run.output}", f"--uri={twin['uri']}"]) == 0
    assert len(files_of(run)) == 4  # its other name keeps what was drawn


@pytest.mark.parametrize("cap", ["0.05", "0.12"])
def test_a_cap_holds(
    classify: Classify, photos: Callable[..., Path], gemini: Any, cap: str
) -> None:
    run = classify(photos(6), f"--max_cost_usd={cap}", tasks=TASKS, status=3)
    drawn = len(run.answers())
    assert drawn == {"0.05": 1, "0.12": 3}[cap]
    assert set(run.reasons.values()) == {"over_budget"}
    assert run.cost == gemini.billed() <= int(float(cap) * 10**9)


def test_a_model_that_is_over_is_refused_with_what_draws_now(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = TASKS.replace(BANANA, "gemini-3.1-flash-image-preview")
    classify(photos(1), tasks=tasks, status=2)
    said = capsys.readouterr().err
    assert "was shut down on 2026-06-25" in said
    assert f'These draw now: "{BANANA}" ($0.0336 a picture of 1K, $0.0168 in batch)' in said


def test_a_negotiated_price_without_pictures_is_refused(
    classify: Classify,
    photos: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "prices.toml").write_text(
        f'[[prices]]\nmodel = "{BANANA}"\nfrom = 2026-10-06\nsource = "x"\nchecked = 2026-11-01\n'
        'standard = { input_usd_per_mtok = "1", output_usd_per_mtok = "5" }\n'
    )
    classify(photos(1), f"--prices={tmp_path}/prices.toml", tasks=TASKS, status=2)
    assert "image_output_usd_per_mtok" in capsys.readouterr().err


def test_words_alone_may_be_drawn(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    tasks = WITH_ANSWERS.replace("    picture:", "    input: text\n    picture:")
    run = classify(photos(2), tasks=tasks)
    rows = run.answers("hero")
    assert [row["image_tokens"] for row in rows] == [0, 0]
    assert all(row["sent_bytes"] is None for row in rows)
    assert len(files_of(run)) == 2
    assert run.cost == gemini.billed()


def test_a_picture_whose_words_were_cut_off_is_one() -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    body = {"candidates": [{"content": {"parts": [part]}, "finishReason": "MAX_TOKENS"}]}
    assert finish_of(read_reply(body, {})) is Finish.ANSWER


@pytest.mark.parametrize(("size", "most"), [("1K", 32), ("2K", 16), ("4K, why: a wall", 4)])
def test_large_pictures_are_drawn_few_at_a_time(size: str, most: int) -> None:
    questions = as_written(load_tasks(TASKS.replace("1K", size), path="t"))
    assert requests_at_a_time(32, questions, files=9, processes=1) == most


def test_flex_is_refused_with_its_reason(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    classify(photos(1), "--service_tier=flex", tasks=TASKS, status=2)
    assert "no price is known for pictures drawn there" in capsys.readouterr().err


def test_a_file_of_the_source_tells_nothing_of_it(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    folder = photos(0)
    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = "a secret place", {1: "N", 2: (52.0, 30.0, 1.0)}
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 200)).save(buffer, "JPEG", exif=exif, comment=b"secret")
    (folder / "secret name.jpg").write_bytes(buffer.getvalue())
    run = classify(folder, tasks=TASKS.replace("1K,", "1K, keep: input,"))
    for file in files_of(run):
        assert b"secret" not in file.read_bytes()
        assert "secret" not in file.name
    assert len(files_of(run)) == 2
