"""Whole runs that ask groups: every image has its row, and the account is the bill."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
  theme:
    per: folder
    prompt: Which theme do the pictures of {folder} share?
    labels: [dark, bright]
    max_per_group: 4
  sold:
    per: sku
    prompt: What is sold as {sku}?
    schema: {type: object, properties: {thing: {type: string}}, required: [thing]}
"""
GROUPS_ONLY = TASKS.replace(TASKS.partition("tasks:\n")[2].partition("  theme")[0], "")
MODES = {
    "threads": ["--direct_running_mode=multi_threading", "--direct_num_workers=2"],
    "processes": ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
    "repeated": ["--direct_runner_bundle_repeat=1"],
}


@dataclass(frozen=True)
class PlainRun:
    values: dict[tuple[str, int, str], Any]
    asked: list[tuple[str, int, str]]
    reasons: dict[tuple[str, str], str]
    cost: int
    requests: int


@pytest.fixture
def manifest(photos: Callable[..., Path], draw: Callable[..., bytes], tmp_path: Path) -> Path:
    """Two folders of six and three pictures with a twin, a broken file, a fax and no folder."""
    photos(6, "a")
    photos(3, "b", first=20)
    photos(1, ".", first=30)
    (tmp_path / "a" / "twin.jpg").write_bytes((tmp_path / "a" / "001.jpg").read_bytes())
    (tmp_path / "b" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    pages = [Image.new("RGB", (40, 30), (n * 40, 90, 200)) for n in range(3)]
    fax = io.BytesIO()
    pages[0].save(fax, "TIFF", save_all=True, append_images=pages[1:])
    (tmp_path / "b" / "fax.tif").write_bytes(fax.getvalue())
    skus = {"a/000.jpg": "7", "a/001.jpg": "7", "b/020.jpg": "7", "b/fax.tif": "8"}
    names = [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*.[jt]*"))]
    lines = [f"{name},{skus.get(name, '')}" for name in names if name.count("/") < 2]
    list_file = tmp_path / "list.csv"
    list_file.write_text("uri,sku\n" + "\n".join(lines) + "\n")
    return list_file


def by_name(rows: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    return {(row["uri"], row["page"]): row for row in rows}


def test_every_image_of_a_group_has_its_row(
    manifest: Path, classify: Callable[..., Any], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = classify(manifest, tasks=TASKS)
    assert finished.cost == gemini.billed() > 0
    assert finished.reasons == {
        ("broken.jpg", "shade"): "unreadable",
        ("broken.jpg", "theme"): "unreadable",
    }
    # Each page of each file, once per task; but of `sold` only those with a sku.
    shade = {(name, page) for name, page, task in finished.asked if task == "shade"}
    assert {(name, page) for name, page, task in finished.asked if task == "theme"} == shade
    assert len(finished.asked) == 2 * len(shade) + 6
    assert [len(line["images"]) for line in gemini.requests() if len(line["images"]) > 3] == [4, 4]
    themes = by_name(finished.answers("theme"))
    for folder in ("a/", "b/"):
        rows = [row for (uri, _), row in themes.items() if uri.startswith(folder)]
        assert len({row["answer"] for row in rows}) == 1
        assert {row["images_in_request"] for row in rows} == {4}
        assert sum(bool(row["sent_bytes"]) and not row["reused"] for row in rows) == 4
        assert all(row["cost_usd"] == 0 for row in rows if row["reused"])
    assert themes["030.jpg", 1]["images_in_request"] == 1
    sold = by_name(finished.answers("sold"))
    assert sold.keys() == {
        *(("a/000.jpg", 1), ("a/001.jpg", 1), ("b/020.jpg", 1)),
        *(("b/fax.tif", 1), ("b/fax.tif", 2), ("b/fax.tif", 3)),
    }
    assert sold["a/000.jpg", 1]["answer"] == sold["b/020.jpg", 1]["answer"]
    assert {row["images_in_request"] for row in sold.values()} == {3}
    assert finished.run["ungrouped_files"] == {"sold": 9}
    assert "task 'sold' does not ask 9 of the 13 files" in capsys.readouterr().err


def test_nothing_is_asked_again(manifest: Path, classify: Callable[..., Any], gemini: Any) -> None:
    first = classify(manifest, tasks=TASKS)
    values, asked = first.values, first.asked
    gemini.reset()
    second = classify(manifest, tasks=TASKS)
    assert gemini.requests() == []
    assert (second.values, second.asked, second.cost) == (values, asked, 0)
    assert all(row["reused"] for row in second.answers())


@pytest.fixture(scope="module")
def plain_runs() -> dict[str, PlainRun]:
    """By tasks, what a run without faults and flags came to when it was first wanted."""
    return {}


@pytest.fixture
def plain(
    plain_runs: dict[str, PlainRun], manifest: Path, classify: Callable[..., Any], gemini: Any
) -> Callable[[str], PlainRun]:
    def run(tasks: str) -> PlainRun:
        if tasks not in plain_runs:
            done = classify(manifest, tasks=tasks, output="plain")
            assert done.cost == gemini.billed() > 0
            plain_runs[tasks] = PlainRun(
                done.values, done.asked, done.reasons, done.cost, len(gemini.requests())
            )
            gemini.reset()
        return plain_runs[tasks]

    return run


@pytest.mark.parametrize("mode", MODES)
def test_a_running_mode_changes_nothing(
    mode: str,
    plain: Callable[[str], PlainRun],
    manifest: Path,
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    usual = plain(GROUPS_ONLY)
    finished = classify(manifest, *MODES[mode], tasks=GROUPS_ONLY, output=mode)
    assert (finished.values, finished.asked) == (usual.values, usual.asked)
    assert finished.reasons == usual.reasons
    assert finished.cost == usual.cost == gemini.billed()
    assert len(gemini.requests()) == usual.requests == 5


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "outside_labels", "rate": 0.4}, {"kind": "blocked_answer", "rate": 0.3}],
        [{"kind": "max_tokens", "rate": 0.5}, {"kind": "bad_image", "rate": 0.3}],
        [{"kind": "truncated_json", "rate": 0.5}, {"kind": "unavailable", "rate": 0.3}],
    ],
    ids=lambda faults: faults[0]["kind"],
)
def test_nothing_is_lost_whatever_goes_wrong(
    faults: list[dict[str, Any]],
    plain: Callable[[str], PlainRun],
    manifest: Path,
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    asked = plain(TASKS).asked
    gemini.faults(*faults, seed=4)
    finished = classify(manifest, tasks=TASKS)
    assert finished.asked == asked
    assert finished.cost == gemini.billed() > 0


def test_the_example_archive_is_asked_by_customer(
    classify: Callable[..., Any], gemini: Any
) -> None:
    tasks = """
model: gemini-3.1-flash-lite
tasks:
  trade:
    per: customer
    prompt: In which trade is the customer {customer}?
    labels: [tourism, pets, print, web]
"""
    finished = classify(ROOT / "examples" / "manifest.csv", tasks=tasks)
    customers = {row["customer"] for row in finished.answers("trade")}
    assert len(customers) == len(gemini.requests()) == 3
    for customer in customers:
        rows = [row for row in finished.answers("trade") if row["customer"] == customer]
        assert len({row["answer"] for row in rows}) == 1
    assert finished.cost == gemini.billed()


def test_a_column_that_is_not_there_is_refused(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    classify(photos(2), tasks=TASKS, status=2)
    message = capsys.readouterr().err
    assert 'task "sold", key "per": \'sku\' is not a column of' in message
    assert "(columns: none). Add the column, or write folder." in message
    assert gemini.requests() == []
