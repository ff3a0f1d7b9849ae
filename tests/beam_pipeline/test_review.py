"""`tierwise review` draws pictures for people to label, and keeps what they have written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.counts.draw import draw_number

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  hues: {prompt: "Which colours?", labels: [red, green, blue], multiple: true}
  said: {prompt: "What is it?", text: {max_length: 30}}
"""


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(path: Path, answers: dict[tuple[str, str], str]) -> None:
    """Write answers into the sheet, by file name and task, as a spreadsheet would."""
    lines = sheet(path)
    for line in lines:
        key = Path(line["uri"]).name, line["task"]
        line["answer"] = answers.get(key, line["answer"])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(lines)


@pytest.fixture
def archive(classify: Callable[..., Any], photos: Callable[..., Path]) -> Path:
    folder = photos(14)
    (folder / "twin.jpg").write_bytes((folder / "003.jpg").read_bytes())
    (folder / "=odd.jpg").write_bytes((folder / "000.jpg").read_bytes() + b"\0")
    (folder / "broken.jpg").write_bytes(b"no picture")
    output: Path = classify(folder, tasks=TASKS, status=None).output
    return output


def test_pictures_are_drawn_by_content_and_a_larger_draw_begins_with_the_smaller(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", f"--output={archive}", "--random=5", "--seed=3"]) == 0
    said = capsys.readouterr().out
    assert f"Sheet: {archive}/review-random.csv: 5 pictures, 10 lines to fill in." in said
    assert "hues (several as a; b): red, green, blue; none where no label fits" in said
    small = sheet(archive / "review-random.csv")
    assert list(small[0]) == [
        *("uri", "page", "content_hash", "task", "answer", "by", "drawn", "seed"),
    ]
    assert {(one["answer"], one["drawn"], one["seed"]) for one in small} == {("", "random", "3")}
    assert [one["task"] for one in small] == ["shade", "hues"] * 5
    numbers = [draw_number(3, one["content_hash"], int(one["page"])) for one in small]
    assert numbers == sorted(numbers)
    assert all(Path(one["uri"]).is_file() for one in small)

    assert main(["review", f"--output={archive}", "--random=100", "--seed=3"]) == 0
    every = sheet(archive / "review-random.csv")
    assert every[:10] == small
    assert len({one["content_hash"] for one in every}) == len(every) / 2 == 15
    names = {Path(one["uri"]).name for one in every}
    assert "twin.jpg" not in names
    assert "broken.jpg" not in names
    assert "There are no 100 pictures: all are drawn" in capsys.readouterr().out


def test_no_cell_of_the_sheet_is_a_formula(archive: Path) -> None:
    main(["review", f"--output={archive}", "--random=100"])
    text = (archive / "review-random.csv").read_text("utf-8-sig")
    assert "=odd.jpg" in text
    assert not [c for one in csv.reader(text.splitlines()) for c in one if c[:1] in tuple("=+-@")]


def test_what_was_filled_in_is_kept_or_the_draw_is_refused(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = archive / "review-random.csv"
    main(["review", f"--output={archive}", "--random=4"])
    first = [(Path(one["uri"]).name, one["task"]) for one in sheet(path)]
    fill(path, {first[0]: "Bright", first[1]: "red; blue", first[6]: "none"})
    capsys.readouterr()
    assert main(["review", f"--output={archive}", "--random=9"]) == 0
    assert "18 lines to fill in, 3 of them filled in before." in capsys.readouterr().out
    answers = [one["answer"] for one in sheet(path)]
    assert (answers[0], json.loads(answers[1]), answers[6]) == ("bright", ["red", "blue"], "none")
    assert not any(answers[7:])

    before = path.read_bytes()
    for words in (["--random=3"], ["--random=9", "--seed=1"], ["--random=9", "--task=hues"]):
        assert main(["review", f"--output={archive}", *words]) == 2
        assert "that people have filled in would be lost" in capsys.readouterr().err
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--random=5", "--task=hue"], "--task=hue: is no task of this run that has labels"),
        (["--random=5", "--task=said"], "Known tasks: shade, hues."),
        (["--random=0"], "must be at least 1"),
        (["--random=5", "--runner=Flink"], "unknown flag --runner"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    archive: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", f"--output={archive}", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (archive / "review-random.csv").exists()


def test_a_folder_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", f"--output={tmp_path}", "--random=5"]) == 2
    assert "holds no finished run" in capsys.readouterr().err


def test_those_worth_most_are_told_to_be_no_draw(
    classify: Callable[..., Any],
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(12)
    rows = ["uri,old_shade", *(f"{number:03}.jpg,dark" for number in range(12))]
    (folder / "list.csv").write_text("\n".join(rows), "utf-8")
    done = classify(folder / "list.csv", tasks=TASKS)
    output = done.output
    shade = {row["uri"]: row["answer"] for row in done.answers("shade")}
    capsys.readouterr()
    words = ["review", f"--output={output}", "--most_valuable=5", "--task=shade"]
    assert main(words) == 0
    said = capsys.readouterr().out
    lines = sheet(output / "review-chosen.csv")
    assert 1 <= len(lines) <= 5
    assert {line["drawn"] for line in lines} == {"chosen"}
    assert {line["answer"] for line in lines} == {""}
    assert all(line["why"] for line in lines)
    assert "nothing can be counted or estimated by them" in said
    page = (output / "review-chosen.html").read_text("utf-8")
    assert page.count('class="card"') == len(lines)
    assert page.count("data:image/jpeg") == len(lines)
    assert "They are no random draw" in page
    changed = {uri for uri, answer in shade.items() if answer != "dark"}
    assert {Path(line["uri"]).name for line in lines} & {Path(uri).name for uri in changed}

    # Forgotten with a picture.
    forgotten = lines[-1]["content_hash"]
    assert main(["forget", f"--output={output}", f"--content={forgotten}"]) == 0
    assert not (output / "review-chosen.html").exists()
    assert forgotten not in (output / "review-chosen.csv").read_text("utf-8-sig")

    # What was filled in is final once a run has heard of it, and is not looked at again.
    name = Path(lines[0]["uri"]).name
    fill(output / "review-chosen.csv", {(name, "shade"): "dark"})
    assert main(words) == 2
    assert "no run has heard of it" in capsys.readouterr().err
    flag = f"--corrections={output / 'review-chosen.csv'}"
    done = classify(folder / "list.csv", flag, tasks=TASKS)
    assert "counts" not in done.run
    assert main(words) == 0
    assert name not in {Path(line["uri"]).name for line in sheet(output / "review-chosen.csv")}


def test_a_draw_goes_to_label_studio_without_answers_and_comes_back_as_a_draw(
    classify: Callable[..., Any], photos: Callable[..., Path]
) -> None:
    folder = photos(4)
    done = classify(folder, tasks=TASKS)
    words = ["review", f"--output={done.output}", "--to=label-studio"]
    assert main([*words, "--random=3", "--seed=5", "--task=shade"]) == 0
    tasks = json.loads((done.output / "review-random.json").read_text("utf-8"))
    assert len(tasks) == 3
    assert all(task["predictions"] == [] for task in tasks)
    assert {(task["data"]["drawn"], task["data"]["seed"]) for task in tasks} == {("random", 5)}
    assert 'name="shade"' in (done.output / "review-random-labeling.xml").read_text("utf-8")
    for number, task in enumerate(tasks):
        result = {"from_name": "shade", "type": "choices", "value": {"choices": ["dark"]}}
        task |= {"id": number, "annotations": [{"result": [result], "completed_by": 1}]}
    (done.output / "project.json").write_text(json.dumps(tasks), "utf-8")
    flag = f"--corrections={done.output / 'project.json'}"
    done = classify(folder, flag, tasks=TASKS)
    assert done.run["counts"]["shade"]["labelled"] == 3
    assert sum(row["answered_by"] == "human" for row in done.answers("shade")) == 3


@pytest.mark.parametrize("flags", [[], ["--random=2", "--most_valuable=2"]])
def test_which_pictures_must_be_said(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", f"--output={tmp_path}", *flags]) == 2
    assert "give --random=200 for pictures that counts" in capsys.readouterr().err
