"""`tierwise compare` holds two outputs against each other: words, JSON, a list and a page."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.beam_pipeline.conftest import Classify
from tests.bucket import Bucket
from tests.report_page import HOSTILE
from tests.tierwise.publishing.finished import Made, answers, asked, digest, failures, finished
from tierwise.beam_pipeline.__main__ import main
from tierwise.publishing import compare_runs
from tierwise.report.task_facts import AskedTask
from tierwise.spreadsheets import FORMULA_SIGNS, unguarded
from tierwise.statistics.intervals import share_interval
from tierwise.storage.files import files_for
from tierwise.storage.thumbnail_files import thumbnails_below

STRUCT = {
    "type": "object",
    "properties": {"where": {"type": "string"}, "size": {"type": "number"}},
}
LABELS = {"type": "array", "items": {"type": "string"}}

Tables = Mapping[AskedTask, Sequence[pa.Table]]
Compare = Callable[..., dict[str, Any]]


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., Made]:
    """Lays out the old or the new output; its name is its run's."""

    def lay(name: str, tables: Tables, **more: Any) -> Made:
        return finished(tmp_path / name, tables, **{"run_id": name, **more})

    return lay


@pytest.fixture
def compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Compare:
    """What a comparison of these two says as JSON."""

    def compared(*flags: str) -> dict[str, Any]:
        capsys.readouterr()
        words = [f"{tmp_path}/old", f"{tmp_path}/new/", "--json", *flags]
        assert main(["compare", *words]) == 0
        facts: dict[str, Any] = json.loads(capsys.readouterr().out)
        return facts

    return compared


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_what_changed_is_counted_and_listed(
    laid: Callable[..., Made], compare: Compare, tmp_path: Path
) -> None:
    names = [f"{n}.jpg" for n in range(8)]
    old = laid(
        "old",
        {
            asked(): [answers(names[:6], ["cat", "cat", "dog", "dog", "cat", "cat"])],
            asked("gone"): [answers(names[:1], ["cat"])],
        },
        failed=failures(names[6:], "blocked_answer"),
    )
    laid(
        "new",
        {asked(): [answers([*names[:5], "6.jpg"], ["cat", "dog", "dog", "cat", "dog", "dog"])]},
        failed=pa.concat_tables([failures(["5.jpg"], "timeout"), failures(["7.jpg"])]),
    )
    facts = compare()
    task = facts["tasks"]["category"]
    assert (task["compared"], task["changed"], task["share_changed"]) == (5, 3, 0.6)
    assert task["pairs"] == [
        {"old": "cat", "new": "dog", "pictures": 2},
        {"old": "dog", "new": "cat", "pictures": 1},
    ]
    assert task["labels"] == [
        {"label": "cat", "old": 3, "new": 2},
        {"label": "dog", "old": 2, "new": 3},
    ]
    assert task["failures"] == {
        "old": {"blocked_answer": 2},
        "new": {"timeout": 1, "unreadable": 1},
        "answered_in_old_failed_in_new": {"timeout": 1},
        "failed_in_old_answered_in_new": {"blocked_answer": 1},
        "failed_in_both": 1,
    }
    assert "low" not in task
    assert facts["tasks_only_in_old"] == ["gone"]
    assert sheet(tmp_path / "new" / "changes.csv") == [
        {
            "uri": f"{n}.jpg",
            "page": "1",
            "content_hash": digest(f"{n}.jpg"),
            "task": "category",
            "old": then,
            "new": now,
        }
        for n, then, now in ((1, "cat", "dog"), (3, "dog", "cat"), (4, "cat", "dog"))
    ]
    assert not (old.folder / "changes.csv").exists()


def test_pictures_of_one_output_alone_are_no_changes(
    laid: Callable[..., Made], compare: Compare
) -> None:
    laid("old", {asked(): [answers(["a.jpg", "b.jpg", "c.jpg"], ["cat"] * 3)]})
    laid("new", {asked(): [answers(["a.jpg", "d.jpg"], ["dog"] * 2)]})
    task = compare()["tasks"]["category"]
    assert (task["compared"], task["changed"]) == (1, 1)
    assert (task["only_in_old"], task["only_in_new"]) == (2, 1)


def test_a_picture_counts_once_under_whatever_names(
    laid: Callable[..., Made], compare: Compare, tmp_path: Path
) -> None:
    """Twins that were asked apart are held each against itself, moved files by their content."""
    same = [digest("x"), digest("x"), digest("y")]
    laid("old", {asked(): [answers(["b", "a", "y"], ["dog", "cat", "cat"], content_hash=same)]})
    more = [*same, digest("y")]
    new = ["b", "c", "moved/y", "moved/z"]
    laid("new", {asked(): [answers(new, ["dog", "cat", "dog", "cat"], content_hash=more)]})
    task = compare()["tasks"]["category"]
    assert (task["compared"], task["changed"]) == (2, 1)
    assert [row["uri"] for row in sheet(tmp_path / "new" / "changes.csv")] == ["moved/y"]


def test_what_says_the_same_has_not_changed(
    laid: Callable[..., Made], compare: Compare, tmp_path: Path
) -> None:
    names = ["a.jpg", "b.jpg"]
    hues = asked("hues", kind="labels", labels=("red", "blue", "sky; sea"))
    place = asked("place", kind="struct", labels=())
    said = asked("said", kind="text", labels=())
    turned = {"type": "object", "properties": dict(reversed(STRUCT["properties"].items()))}  # type: ignore[attr-defined]
    laid(
        "old",
        {
            hues: [answers(names, [["red", "blue"], ["red"]], kind=LABELS)],
            place: [answers(names, [{"where": "Left", "size": 2}, {"where": "x"}], kind=STRUCT)],
            said: [answers(names, ["A  Cat", "=1+1"])],
        },
    )
    laid(
        "new",
        {
            hues: [answers(names, [["blue", "red"], ["blue", "sky; sea"]], kind=LABELS)],
            place: [answers(names, [{"where": "left", "size": 2}, {"where": "y"}], kind=turned)],
            said: [answers(names, ["a cat", "-2"])],
        },
    )
    facts = compare()
    assert [one["changed"] for one in facts["tasks"].values()] == [1, 1, 1]
    assert "pairs" not in facts["tasks"]["said"]
    assert {"label": "sky; sea", "old": 0, "new": 1} in facts["tasks"]["hues"]["labels"]
    rows = sheet(tmp_path / "new" / "changes.csv")
    assert [(row["old"], row["new"]) for row in rows] == [
        ("red", '["blue", "sky; sea"]'),
        ('{"where": "x"}', '{"where": "y"}'),
        ("'=1+1", "'-2"),
    ]


def test_a_sample_has_an_interval_in_which_pages_of_a_file_count_together(
    laid: Callable[..., Made], compare: Compare
) -> None:
    names = [f"{n}.jpg" for n in range(40)]
    laid("old", {asked(): [answers(names, ["cat"] * 40)]})
    said = ["dog" if n < 6 else "cat" for n in range(20)]
    laid("new", {asked(): [answers(names[:20], said)]}, first={"asked_for": 20})
    task = compare()["tasks"]["category"]
    exact = share_interval(6, 20)
    assert (task["low"], task["high"]) == (exact.low, exact.high)

    pages = [1 + n % 2 for n in range(20)]
    files = [digest(str(n // 2)) for n in range(20)]
    for name, values in (("old", ["cat"] * 20), ("new", said)):
        paged = answers(
            [f"{n // 2}.tif" for n in range(20)], values, page=pages, content_hash=files
        )
        laid(name, {asked(): [paged]}, first={"asked_for": 10})
    task = compare()["tasks"]["category"]
    of_files = share_interval(3, 10)
    assert task["high"] - task["low"] > exact.high - exact.low
    assert (task["low"], task["high"]) == pytest.approx((of_files.low, of_files.high), abs=0.1)


def test_counts_of_labels_stand_beside_what_is_so(
    laid: Callable[..., Made], compare: Compare, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    counted = {
        **{"task": "category", "label": "dog", "share": 0.25, "low": 0.1, "high": 0.4},
        **{"method": "corrected", "labelled": 50, "answered": 1, "pictures": 4},
    }
    names = ["a.jpg", "b.jpg"]
    laid("old", {asked(): [answers(names, ["cat", "dog"])]}, counted=[counted])
    laid("new", {asked(): [answers(names, ["dog", "dog"])]})
    labels = compare()["tasks"]["category"]["labels"]
    known = {name: counted[name] for name in ("share", "low", "high", "method", "labelled")}
    assert labels == [
        {"label": "dog", "old": 1, "new": 2, **known},
        {"label": "cat", "old": 1, "new": 0},
    ]
    assert main(["compare", f"--old={tmp_path}/old", f"--new={tmp_path}/new"]) == 0
    assert "25.0%" in capsys.readouterr().out


def test_how_right_each_was_is_told_where_its_manifest_had_labels(
    laid: Callable[..., Made], compare: Compare, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    score = {"score": 0.75, "images": 40, "low": 0.588, "high": 0.873}
    for name, more in (("old", {}), ("new", {"label": [], **score})):
        evaluation = {"category": more}
        laid(name, {asked(): [answers(["a.jpg"], ["cat"])]}, evaluation=evaluation)
    assert compare()["tasks"]["category"]["scores"] == {"new": score}
    main(["compare", f"{tmp_path}/old", f"{tmp_path}/new"])
    said = "category: right by the labels of the manifest: new 0.750 (0.588-0.873) of 40 pictures."
    assert said in capsys.readouterr().out


def test_answers_of_people_are_none_of_a_model(laid: Callable[..., Made], compare: Compare) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    laid("old", {asked(): [answers(names, ["cat"] * 3)]})
    by = ["human", "gemini", "gemini"]
    laid("new", {asked(): [answers(names, ["dog", "dog", "cat"], answered_by=by)]})
    task = compare()["tasks"]["category"]
    assert (task["compared"], task["changed"], task["answered_by_people"]) == (2, 1, 1)


def test_dollars_of_the_archive_are_those_of_pictures_that_were_asked(
    laid: Callable[..., Made], compare: Compare
) -> None:
    """Twins cost nothing, and what an earlier run has paid is taken to cost what the others do."""
    names = ["a.jpg", "b.jpg", "twin.jpg", "c.jpg", "d.jpg"]
    hashes = [digest(name) for name in ("a", "b", "b", "c", "d")]
    cents = [Decimal("0.01"), Decimal("0.03"), Decimal(0), Decimal(0), Decimal(0)]
    reused = [False, False, True, True, True]
    rows = answers(names, ["cat"] * 5, content_hash=hashes, cost_usd=cents, reused=reused)
    laid("old", {asked(): [rows]})
    rows = answers(["a.jpg"], ["cat"], content_hash=hashes[:1], cost_usd=Decimal("0.05"))
    laid("new", {asked(): [rows]})
    facts = compare()
    assert facts["archive_pictures"] == 4
    assert facts["old"]["spent_usd"] == "0.040000000"
    assert facts["old"]["archive_usd"] == "0.080000000"
    assert facts["new"]["archive_usd"] == "0.200000000"
    rows = answers(["a.jpg"], ["cat"], content_hash=hashes[:1], cost_usd=Decimal(0), reused=True)
    laid("new", {asked(): [rows]})
    assert compare()["new"]["archive_usd"] is None


def test_what_was_never_asked_costs_what_the_others_do(
    laid: Callable[..., Made], compare: Compare, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = [f"{n}.jpg" for n in range(10)]
    cent, nothing = Decimal("0.01"), Decimal(0)
    laid("old", {asked(): [answers(names, ["cat"] * 10, cost_usd=cent)]})
    by = ["gemini", "gemini", "human"]
    rows = answers(names[:3], ["cat"] * 3, answered_by=by, cost_usd=[cent, cent, nothing])
    left = [
        failures(names[3:7], "over_budget"),
        failures(names[7:8], "store_unavailable"),
        failures(names[8:9], "timeout", cost_usd=cent),
        failures(names[9:], "unreadable"),
    ]
    laid("new", {asked(): [rows]}, failed=pa.concat_tables(left))
    new = compare()["new"]
    assert new["unasked"] == {"by_people": 1, "over_budget": 4, "store_unavailable": 1}
    # Whatever is asked, nobody pays for the file that is no picture.
    assert new["archive_usd"] == "0.090000000"
    assert new["usd_per_1000_pictures"] == "9.000000000"
    assert main(["compare", f"{tmp_path}/old", f"{tmp_path}/new"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "what its others do: 1 by_people, 4 over_budget, 1 store_unavailable." in said


def test_what_was_asked_otherwise_is_told(laid: Callable[..., Made], compare: Compare) -> None:
    laid("old", {asked(): [answers(["a.jpg"], ["cat"])]})
    new = asked(labels=("cat", "bird"), model="gemini-3.5-flash-lite")
    laid("new", {new: [answers(["a.jpg"], ["bird"])]})
    task = compare()["tasks"]["category"]
    assert task["asked_otherwise"] == {"model": ["gemini-3.1-flash-lite", "gemini-3.5-flash-lite"]}
    assert (task["labels_gone"], task["labels_added"]) == (["dog"], ["bird"])


def test_the_number_of_buckets_changes_nothing(
    laid: Callable[..., Made], compare: Compare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [f"{n}.jpg" for n in range(60)]
    for name, step in (("old", 2), ("new", 3)):
        values = ["cat" if n % step else "dog" for n in range(60)]
        laid(name, {asked(): [answers(names, values)]})
    at_once = compare()
    rows = sheet(tmp_path / "new" / "changes.csv")
    monkeypatch.setattr(compare_runs, "_ROWS_PER_BUCKET", 5)
    assert compare() == at_once
    assert sorted(map(str, sheet(tmp_path / "new" / "changes.csv"))) == sorted(map(str, rows))
    assert len(rows) == at_once["tasks"]["category"]["changed"] == 30


def test_the_list_as_parquet_in_a_folder_of_its_own(
    laid: Callable[..., Made], compare: Compare, tmp_path: Path
) -> None:
    for name, value in (("old", "cat"), ("new", "dog")):
        laid(name, {asked(): [answers(["a.jpg"], [value])]})
    compare(f"--into={tmp_path}/compared")
    facts = compare("--table=parquet", f"--into={tmp_path}/compared/")
    assert not (tmp_path / "compared" / "changes.csv").exists()
    assert facts["changes"] == f"{tmp_path}/compared/changes.parquet"
    assert pq.read_table(facts["changes"]).to_pylist() == [
        {
            **{"uri": "a.jpg", "page": 1, "content_hash": digest("a.jpg")},
            **{"task": "category", "old": "cat", "new": "dog"},
        }
    ]
    assert not (tmp_path / "new" / "changes.csv").exists()
    assert not (tmp_path / "new" / "changes.html").exists()


def test_outputs_in_a_bucket(
    laid: Callable[..., Made], bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("old", "cat"), ("new", "dog")):
        made = laid(name, {asked(): [answers(["a.jpg"], [value])]})
        for path in made.folder.rglob("*.*"):
            place = f"gs://results/{name}/{path.relative_to(made.folder)}"
            if path.is_file():
                bucket.put(place, path.read_bytes())
    assert main(["compare", "gs://results/old/", "gs://results/new", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["changes"] == "gs://results/new/changes.csv"
    lines = files_for(facts["changes"]).read(facts["changes"]).decode("utf-8-sig").splitlines()
    assert lines[1:] == [f"a.jpg,1,{digest('a.jpg')},category,cat,dog"]
    assert files_for(facts["page"]).exists(facts["page"])


def test_hostile_names_and_answers_stay_text(
    laid: Callable[..., Made], compare: Compare, tmp_path: Path
) -> None:
    category, words = asked(labels=HOSTILE), asked("words", kind="text", labels=())
    for name, said in (("old", HOSTILE), ("new", HOSTILE[::-1])):
        laid(name, {category: [answers(HOSTILE, said)], words: [answers(HOSTILE, said)]})
        for uri in HOSTILE:
            thumbnails_below(f"{tmp_path}/{name}").write(digest(uri), 1, b"no picture")
    facts = compare()
    rows = sheet(tmp_path / "new" / "changes.csv")
    assert len(rows) == facts["changed"] == 2 * (len(HOSTILE) - 1)
    cells = {cell for row in rows for cell in (row["uri"], row["old"], row["new"])}
    assert not [cell for cell in cells if cell.startswith(FORMULA_SIGNS)]
    assert {str(unguarded(row["uri"])) for row in rows} < set(HOSTILE)
    html = (tmp_path / "new" / "changes.html").read_text("utf-8")
    assert not re.search(r"<(script|img|b>|!--|!\[)", html)
    assert "\u202e" not in html


def _emulated(lay: Callable[..., Made]) -> str:
    lay("new", {asked(): [answers(["a.jpg"], ["cat"])]}, emulated=True)
    return "What an emulator says is nothing to hold Gemini's answers against."


def _same(lay: Callable[..., Made]) -> str:
    lay("new", {asked(): [answers(["a.jpg"], ["cat"])]}, run_id="old")
    return "hold the same run. Name two outputs."


def _other_tasks(lay: Callable[..., Made]) -> str:
    lay("new", {asked("kind"): [answers(["a.jpg"], ["cat"])]})
    return "have no task in common: category in the old one, kind in the new."


def _other_pictures(lay: Callable[..., Made]) -> str:
    lay("new", {asked(): [answers(["b.jpg"], ["cat"])]})
    return "have no picture in common, by content_hash and page."


def _damaged(lay: Callable[..., Made]) -> str:
    made = lay("new", {asked(): [answers(["a.jpg"], ["cat"])]})
    next(made.folder.glob("answers/*/*.parquet")).write_bytes(b"PAR1")
    return "is damaged: "


def _unfinished(lay: Callable[..., Made]) -> str:
    lay("new", {asked(): [answers(["a.jpg"], ["cat"])]}).change(ended_at=None, status="broke_off")
    return "its last run did not come to its end (broke_off)."


def _own_list(lay: Callable[..., Made]) -> str:
    made = lay("new", {asked(): [answers(["a.jpg"], ["cat"])]})
    (made.folder / "changes.csv").write_text("what I changed\n", "utf-8")
    return "changes.csv: is no list that tierwise compare has written"


def _own_page(lay: Callable[..., Made]) -> str:
    made = lay("new", {asked(): [answers(["a.jpg"], ["cat"])]})
    (made.folder / "changes.html").write_text("<p>What I changed", "utf-8")
    return "changes.html: is no page of tierwise"


@pytest.mark.parametrize(
    "case",
    [
        *(_emulated, _same, _other_tasks, _other_pictures, _damaged, _unfinished),
        *(_own_list, _own_page),
    ],
)
def test_it_is_refused_in_one_line(
    case: Callable[[Callable[..., Made]], str],
    laid: Callable[..., Made],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    laid("old", {asked(): [answers(["a.jpg"], ["cat"])]})
    said = case(laid)
    before = {path: path.read_bytes() for path in (tmp_path / "new").glob("changes*")}
    assert main(["compare", f"{tmp_path}/old", f"{tmp_path}/new"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in (tmp_path / "new").glob("changes*")} == before


def test_plain_words_and_flags_may_be_mixed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["compare", "a", "b", "c"]) == 2
    assert "'c' is not a flag" in capsys.readouterr().err
    assert main(["compare", f"{tmp_path}/a"]) == 2
    assert "--new is missing" in capsys.readouterr().err
    assert main(["compare", f"--new={tmp_path}/b", "--json", f"{tmp_path}/a"]) == 2
    assert f"--old={tmp_path}/a: holds no finished run" in capsys.readouterr().err


TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, %s]}
"""


def test_two_real_runs_and_pictures_of_what_changed(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(6)
    (folder / "<b>.jpg").write_bytes((folder / "000.jpg").read_bytes() + b"\0")
    old = classify(folder, tasks=TASKS % "bright", output="old")
    new = classify(folder, tasks=TASKS % "light", output="new")
    capsys.readouterr()
    assert main(["compare", str(old.output), str(new.output)]) == 0
    out = capsys.readouterr().out
    assert "What changed (emulated)" in out
    assert "shade: labels that are gone: bright." in out
    assert "EMULATED" in out
    changed = sheet(new.output / "changes.csv")
    assert {row["old"] for row in changed} == {"bright"}
    html = (new.output / "changes.html").read_text("utf-8")
    assert "EMULATED" in html
    assert re.search(r"<p>Labels that are gone: .*bright.*\.</p>", html)
    assert re.search(r"<p>New labels: .*light.*\.</p>", html)
    assert f"<h1>{len(changed)} of 7 answers changed</h1>" in html
    assert html.count('<image id="p') == len(changed) > 0
    assert "<b>.jpg" not in html
    assert "<script" not in html

    name = changed[0]["uri"]
    assert main(["forget", f"--output={new.output}", f"--uri={name}"]) == 0
    assert not (new.output / "changes.html").exists()
    assert name not in [row["uri"] for row in sheet(new.output / "changes.csv")]
