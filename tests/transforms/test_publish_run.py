"""Publishing puts exactly the rows in place that were counted, however often it is tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from storage.local_files import LocalFiles
from tierwise.costs import totals_of
from tierwise.records import Answer, NamedOutcome
from tierwise.tables import answers_schema, failures_schema
from transforms.publish_run import Publication, publish
from transforms.sum_costs import CostRow
from transforms.write_tables import FAILURES, Part, answers_table, outcome_row, write_part

TASKS = ("a", "b")


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    answers = {answers_table(task): answers_schema({"type": "string"}, {}) for task in TASKS}
    return Publication(
        output=str(tmp_path / "out"),
        staging=str(tmp_path / "out" / ".staging-1"),
        tasks=TASKS,
        schemas={**answers, FAILURES: failures_schema({})},
        facts={"run_id": "1"},
    )


@pytest.fixture
def staged(publication: Publication, image_file: Any, answer: Any) -> Callable[[int], list[Part]]:
    """Stages a part with some answers to the task `a`."""

    def stage(rows: int) -> list[Part]:
        named = [NamedOutcome(image_file(f"{n}.jpg"), answer("a")) for n in range(rows)]
        table = answers_table("a")
        cells = [outcome_row(one)[1] for one in named]
        return [write_part(publication.staging, table, publication.schemas[table], cells)]

    return stage


def costs_of(answer: Callable[..., Answer], images: int) -> list[CostRow]:
    [(key, totals)] = totals_of(answer("a"))
    return [(key, sum([totals] * (images - 1), totals))]


def uris(publication: Publication, table: str) -> list[str]:
    paths = sorted((Path(publication.output) / table).glob("*.parquet"))
    assert paths
    return sorted(row["uri"] for path in paths for row in pq.ParquetFile(path).read().to_pylist())


def snapshot(publication: Publication) -> dict[str, bytes]:
    root = Path(publication.output)
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def check(publication: Publication, images: int) -> None:
    names = [f"{number}.jpg" for number in range(images)]
    assert uris(publication, answers_table("a")) == names
    assert uris(publication, answers_table("b")) == []
    assert uris(publication, FAILURES) == []
    [costs] = (Path(publication.output) / "costs").glob("*.parquet")
    assert [row["images"] for row in pq.ParquetFile(costs).read().to_pylist()] == [images]
    assert not Path(publication.staging).exists()


def test_parts_of_a_repeated_bundle_are_left_out(
    publication: Publication, staged: Any, answer: Any
) -> None:
    staged(3)
    kept = staged(3)
    run = publish(publication, kept, costs_of(answer, 3), skipped=0)
    check(publication, 3)
    assert run["tasks"]["a"]["answers"] == 3


def test_a_finished_publication_is_not_repeated(
    publication: Publication, staged: Any, answer: Any
) -> None:
    parts, costs = staged(2), costs_of(answer, 2)
    first = publish(publication, parts, costs, skipped=1)
    before = snapshot(publication)
    assert publish(publication, parts, costs, skipped=1) == first
    assert snapshot(publication) == before


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_one_that_broke_off_is_taken_up_again(
    moved: int, publication: Publication, staged: Any, answer: Any
) -> None:
    """The attempt before moved some folders, and died before it wrote run.json."""
    parts, costs = staged(2), costs_of(answer, 2)
    publish(publication, parts, costs, skipped=0)
    output, staging = Path(publication.output), Path(publication.staging)
    (output / "run.json").unlink()
    staging.mkdir()
    for folder in ("answers", "failures", "costs")[moved:]:
        (output / folder).rename(staging / folder)
    publish(publication, parts, costs, skipped=0)
    check(publication, 2)
    assert json.loads((output / "run.json").read_text("utf-8"))["run_id"] == "1"


def test_older_tables_are_replaced(publication: Publication, staged: Any, answer: Any) -> None:
    for folder in ("answers/task=gone", "answers/task=a", "failures", "costs"):
        place = Path(publication.output) / folder
        place.mkdir(parents=True)
        (place / "old.parquet").write_bytes(b"old")
    publish(publication, staged(2), costs_of(answer, 2), skipped=0)
    check(publication, 2)
    assert not list(Path(publication.output).rglob("old.parquet"))
    assert not (Path(publication.output) / "answers" / "task=gone").exists()


def test_a_lost_row_is_a_bug(publication: Publication, staged: Any, answer: Any) -> None:
    with pytest.raises(RuntimeError, match="3 images were asked, but the tables hold 2 rows"):
        publish(publication, staged(2), costs_of(answer, 3), skipped=0)
    assert list(LocalFiles().walk(publication.output + "/answers")) == []
