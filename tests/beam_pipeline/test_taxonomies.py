"""Taxonomies of any size, asked of a server with rules of its own, to the rows of the tables."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tests.strict_gemini import StrictGemini, painted, strict_gemini
from tierwise.beam_pipeline.__main__ import main

PICTURES = 12


@pytest.fixture(scope="module")
def server() -> Iterator[StrictGemini]:
    with strict_gemini() as running:
        yield running


@pytest.fixture
def gemini(server: StrictGemini) -> StrictGemini:
    server.forget()
    return server


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        (folder / f"{number:02}.jpg").write_bytes(painted(number * 341 % 4096))
    return folder


Run = Any


@pytest.fixture
def run(
    tmp_path: Path, pictures: Path, gemini: StrictGemini, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("GEMINI_API_KEY", "key-for-tests")

    def of(labels: str, *flags: str, output: str = "out", **keys: Any) -> Finished:
        (tmp_path / "kinds.csv").write_text(labels, encoding="utf-8")
        task = {"prompt": "<kind> What is it?", "labels": "kinds.csv", **keys}
        document = {"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}}
        (tmp_path / "tasks.yaml").write_text(json.dumps(document), encoding="utf-8")
        words = [
            "run",
            *([] if any(flag.startswith("--input") for flag in flags) else [f"--input={pictures}"]),
            f"--tasks={tmp_path / 'tasks.yaml'}",
            f"--output={tmp_path / output}",
            "--gemini=developer",
            f"--gemini_endpoint={gemini.url}",
            *flags,
        ]
        return Finished(main(words), tmp_path / output)

    return of


def flat(labels: int) -> str:
    return "label,id\n" + "".join(f"kind number {n},k{n}\n" for n in range(labels))


def tree(leaves: int, branches: int) -> str:
    """Two levels of branches, and leaves below the second."""
    rows = ["id,label,parent,description"]
    rows += [f"t{n},top {n},,all of {n}" for n in range(8)]
    rows += [f"b{n},branch {n},t{n % 8}," for n in range(branches)]
    rows += [f"l{n},leaf {n},b{n % branches}," for n in range(leaves)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("labels", "form"),
    [(3, "enum"), (60, "numbers"), (260, "codes"), (2_000, "codes"), (20_000, "codes")],
)
def test_lists_of_any_length_are_asked_in_a_form_that_is_taken(
    run: Run, gemini: StrictGemini, labels: int, form: str
) -> None:
    done = run(flat(labels), "--requests_in_flight=1", images_per_request=4)
    assert (done.status, len(done.answers()), gemini.broken) == (0, PICTURES, [])
    assert {row["label_form"] for row in done.answers()} == {form}
    assert all(row["label_id"] == f"k{row['answer'].rpartition(' ')[2]}" for row in done.answers())
    assert {row["label_path"] for row in done.answers()} == {None}
    assert done.cost == gemini.billed
    # A list that is surely too long for an enum is not tried as one.
    assert len(gemini.seen) - len(gemini.answered) == (1 if labels == 260 else 0)
    gemini.seen.clear()
    again = run(flat(labels), images_per_request=4)
    assert (len(gemini.seen), again.values) == (0, done.values)


@pytest.mark.timeout(120)  # two runs, each with 20,000 labels to read and to send to workers
def test_twenty_thousand_labels_of_a_tree_are_asked_in_two_short_questions(
    run: Run,
    gemini: StrictGemini,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(pictures, few := tmp_path / "few", ignore=lambda _, names: names[6:])
    flags = (f"--input={few}", "--requests_in_flight=1")
    done = run(tree(20_000, 150), *flags)
    assert (done.status, len(done.answers()), gemini.broken) == (0, 6, [])
    assert done.cost == gemini.billed
    for row in done.answers():
        number = int(row["answer"].removeprefix("leaf "))
        branch = number % 150
        assert row["label_id"] == f"l{number}"
        assert row["label_path"] == f"top {branch % 8} > branch {branch} > leaf {number}"
    assert len(gemini.answered) == 2 * 6
    said = capsys.readouterr().out
    assert "6 images of 6 asked a second question, below the label of the first" in said
    # Lists in question are six branches and that above them: none is refused twice.
    assert len(gemini.seen) - len(gemini.answered) <= 6 + 1
    assert len(done.run["asked"][0]["labels"]) == 20_000
    # All 20,000 in one question would be above 100,000 tokens for each picture.
    assert sum(row["input_tokens"] for row in done.answers()) < 6 * 4_000
    gemini.seen.clear()
    again = run(tree(20_000, 150), *flags)
    assert (len(gemini.seen), again.values) == (0, done.values)


def test_an_inner_label_is_the_answer_where_it_may_be(run: Run, gemini: StrictGemini) -> None:
    done = run(tree(40, 8), top_down=True, back_off=True)
    assert (done.status, len(done.answers()), gemini.broken) == (0, PICTURES, [])
    levels = {row["label_path"].count(" > ") for row in done.answers()}
    assert levels > {2}, "twelve pictures of pseudo-random answers reach more than leaves"
    whole = run(tree(40, 8), output="whole", top_down=False, back_off=True)
    assert len(whole.answers()) == PICTURES
    assert {row["label_form"] for row in whole.answers()} == {"numbers"}


def test_other_ids_and_aliases_ask_nothing_again(run: Run, gemini: StrictGemini) -> None:
    done = run("label,id,aliases\nkind a,1,\nkind b,2,\nkind c,3,\n")
    gemini.seen.clear()
    more = run("label,id,aliases\nkind a,7,art\nkind b,8,\nkind c,9,\n")
    assert (len(gemini.seen), more.values) == (0, done.values)
    assert {row["label_id"] for row in more.answers()} <= {"7", "8", "9"}


def test_another_name_that_comes_back_is_told_and_not_paid_again(
    run: Run, gemini: StrictGemini
) -> None:
    gemini.said = {"kind a": "Art", "kind b": "kinds b"}
    done = run("label,id,aliases\nkind a,1,art\nkind b,2,\n")
    assert (len(done.answers()), len(gemini.seen)) == (PICTURES, PICTURES)
    said = {(row["answer"], row["answered_as"]) for row in done.answers()}
    assert said == {("kind a", "Art"), ("kind b", "kinds b")}
    assert done.cost == gemini.billed


def test_answers_of_a_tree_are_scored_at_each_level(
    run: Run,
    gemini: StrictGemini,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = run(tree(40, 8), top_down=True)
    said = {Path(row["uri"]).name: row for row in first.answers()}
    # Half of the truths are what was answered, the others the next leaf of the same branch.
    truths = {
        name: row["answer"] if place % 2 else f"leaf {(int(row['label_id'][1:]) + 8) % 40}"
        for place, (name, row) in enumerate(sorted(said.items()))
    }
    *_, by_id, above, above_by_id = sorted(said)
    # One is said by its id; two are labels that others lie below, which cannot be the answer.
    truths |= {by_id: said[by_id]["label_id"], above: "Branch 3", above_by_id: "t1"}
    manifest = tmp_path / "manifest.csv"
    lines = [f"{pictures / name},{truth}" for name, truth in truths.items()]
    manifest.write_text("\n".join(["uri,kind", *lines]), encoding="utf-8")
    done = run(tree(40, 8), f"--input={manifest}", top_down=True)
    found = done.run["evaluation"]["kind"]
    assert (found["images"], found["score"]) == (10, 0.5)
    levels = {"exact": 0.5, "parent right": 1, "sibling": 0.5}
    assert found["levels"] == levels | {"level 1": 1, "level 2": 1, "level 3": 0.5}
    assert "unknown_label" not in found
    inner = [{"label": name, "answer": "", "images": 1} for name in ("branch 3", "top 1")]
    assert found["inner_label"] == inner
    printed = " ".join(capsys.readouterr().out.split())
    assert "without `back_off: true`: branch 3 (1), top 1 (1)." in printed
    page = (done.output / "report.html").read_text("utf-8")
    assert "In the tree: exact 50" in page
    assert page.count('data-doubt="wrong"') == 5, "what cannot be judged is not wrong"


def test_the_page_lists_the_most_frequent_of_two_thousand_labels(run: Run) -> None:
    done = run(flat(2_000))
    page = (done.output / "report.html").read_text("utf-8")
    answered = {row["answer"] for row in done.answers()}
    assert all(label in page for label in answered)
    section = page.partition('<section id="answers"')[2].partition("</section>")[0]
    assert set(re.findall(r"kind number \d+", section)) == answered
    assert len(page) < 3_000_000


def test_the_model_for_refusals_may_take_another_form_of_the_question(
    run: Run, gemini: StrictGemini
) -> None:
    """The first takes an enum of 40 labels and declines; the other takes no enum at all."""
    other = "gemini-3.5-flash-lite"
    labels = "".join(["label\n", *(f"kind {number}\n" for number in range(40))])
    values = run(labels, output="plain").values
    gemini.forget()
    declined = {number * 341 % 4096 for number in (3, 7)}
    gemini.refuses_enums = {other}
    gemini.fault = lambda seen: (
        "RECITATION" if seen.model != other and declined & set(seen.pictures) else ""
    )
    done = run(labels, on_refusal={"model": other})
    assert gemini.broken == []
    assert done.failures == [] and len(done.answers()) == PICTURES
    # Where labels are no values of a schema the answer may be another, but it is one of the list.
    by_other = [row for row in done.answers() if row["model"].startswith(other)]
    assert {row["answer"] for row in by_other} <= {f"kind {number}" for number in range(40)}
    assert len(by_other) == len(declined)
    same = {key: value for key, value in done.values.items() if value == values[key]}
    assert len(same) >= PICTURES - len(declined)
    tried = [one.status for one in gemini.seen if one.model == other]
    # What it refuses is learnt: the second picture may be tried beside the first, and no third.
    assert tried.count(200) == len(declined) and 1 <= tried.count(400) <= 2 * len(declined)


def test_what_the_model_for_refusals_takes_in_no_form_is_told(
    run: Run, gemini: StrictGemini
) -> None:
    other = "gemini-3.5-flash-lite"
    labels = "".join(["label\n", *(f"kind {number}\n" for number in range(40))])
    gemini.fault = lambda seen: "schema" if seen.model == other else "RECITATION"
    done = run(labels, "--first=1", on_refusal={"model": other})
    [failure] = done.failures
    assert failure["reason"] == "rejected"
    assert "RECITATION; on_refusal: 400" in failure["message"]
    # Each form once, which costs nothing; the first reply is paid.
    assert [one.status for one in gemini.seen].count(400) == len(gemini.seen) - 1 == 4
    assert done.cost == gemini.billed > 0
