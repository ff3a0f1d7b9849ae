"""Publishing puts exactly the rows in place that were counted, however often it is tried."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tierwise.accounts.costs import CostRow, totals_of
from tierwise.accounts.table_names import FAILURES, answers_table
from tierwise.accounts.tables import answers_schema, failures_schema
from tierwise.errors import LeaseLostError, TablesError
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import take_lease
from tierwise.publishing.check_tables import check_tables
from tierwise.publishing.closing import settle_earlier
from tierwise.publishing.parts import Part, outcome_row, write_part
from tierwise.publishing.publish_run import Publication, publish
from tierwise.records import Answer, NamedOutcome
from tierwise.storage.local_files import LocalFiles

TASKS = ("a", "b")
RUN_ID = "20261130T120000-00000001"


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    answers = {answers_table(task): answers_schema({"type": "string"}, {}) for task in TASKS}
    return Publication(
        output=str(tmp_path / "out"),
        journal=JournalFiles(str(tmp_path / "out" / "journal"), RUN_ID, 1),
        tasks=TASKS,
        schemas={**answers, FAILURES: failures_schema({})},
        facts={
            "run_id": RUN_ID,
            "answerer": {"service": "developer", "emulator": ""},
            "asked": [],
        },
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
    """The tables, and what is told of them."""
    root = Path(publication.output)
    files = (path for path in root.rglob("*") if path.is_file() and "journal" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


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
    run = publish(publication, kept, costs_of(answer, 3), {"repeated_rows": 0})
    check(publication, 3)
    assert run["tasks"]["a"]["answers"] == 3


def test_a_finished_publication_is_not_repeated(
    publication: Publication, staged: Any, answer: Any
) -> None:
    parts, costs = staged(2), costs_of(answer, 2)
    first = publish(publication, parts, costs, {"repeated_rows": 1})
    before = snapshot(publication)
    assert publish(publication, parts, costs, {"repeated_rows": 1}) == first
    assert snapshot(publication) == before


OLD_PART = f"part-{'0a' * 16}.parquet"
FOLDERS = ("answers", "failures", "costs")


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_what_an_earlier_version_had_not_finished_is_finished(
    moved: int, publication: Publication, staged: Any, answer: Any
) -> None:
    """It moved whole folders, and named no attempt."""
    publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    output, staging = Path(publication.output), Path(publication.staging)
    shutil.rmtree(output / "journal" / "closed")
    staging.mkdir()
    (output / "run.json").rename(staging / "run.json")
    (output / "run.json").write_text(json.dumps({"run_id": RUN_ID, "status": "running"}))
    for folder in FOLDERS[moved:]:
        (output / folder).rename(staging / folder)
        (output / folder).mkdir()
        (output / folder / OLD_PART).write_bytes(b"old")
    settle_earlier(publication.output, publication.journal.check_lease)
    check(publication, 2)
    assert json.loads((output / "run.json").read_text("utf-8"))["status"] == "done"
    assert not list(output.glob(".*"))


def test_one_that_was_not_whole_leaves_the_tables_before_it(
    publication: Publication, staged: Any, answer: Any
) -> None:
    publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    before = snapshot(publication)
    staged(5)
    settle_earlier(publication.output, publication.journal.check_lease)
    assert snapshot(publication) == before


def test_the_tables_are_listed_with_rows_and_bytes(
    publication: Publication, staged: Any, answer: Any
) -> None:
    run = publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    output = Path(publication.output)
    found = [
        {
            "file": str(path.relative_to(output)),
            "rows": pq.read_metadata(path).num_rows,
            "bytes": path.stat().st_size,
        }
        for path in output.rglob("*.parquet")
    ]
    key = itemgetter("file")
    assert sorted(run["tables"], key=key) == sorted(found, key=key)
    assert sum(table["rows"] for table in found) == 2 + 1


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "has None bytes where run.json lists"),
        (lambda path: path.write_bytes(b""), "has 0 bytes where run.json lists"),
        (lambda path: path.with_name("more.parquet").write_bytes(b"x"), "lists None"),
    ],
)
def test_tables_that_are_not_what_was_written_are_found_out(
    harm: Any, message: str, publication: Publication, staged: Any, answer: Any
) -> None:
    run = publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    harm(next((Path(publication.output) / "answers" / "task=a").glob("*.parquet")))
    with pytest.raises(TablesError, match=message):
        check_tables(publication.output, run["tables"])


def test_a_run_that_lost_its_lease_leaves_the_tables_alone(
    publication: Publication, staged: Any, answer: Any
) -> None:
    runs = publication.journal.runs
    take_lease(runs, new_record("2", untraced_requests=1, journal_version=1))
    with pytest.raises(LeaseLostError, match="another run, 2 on"):
        publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    assert not (Path(publication.output) / "answers").exists()


def test_older_tables_are_replaced(publication: Publication, staged: Any, answer: Any) -> None:
    for folder in ("answers/task=gone", "answers/task=a", "failures", "costs"):
        place = Path(publication.output) / folder
        place.mkdir(parents=True)
        (place / OLD_PART).write_bytes(b"old")
    publish(publication, staged(2), costs_of(answer, 2), {"repeated_rows": 0})
    check(publication, 2)
    assert not list(Path(publication.output).rglob(OLD_PART))
    assert not (Path(publication.output) / "answers" / "task=gone").exists()


def test_a_lost_row_is_a_bug(publication: Publication, staged: Any, answer: Any) -> None:
    with pytest.raises(RuntimeError, match="3 images were asked, but the tables hold 2 rows"):
        publish(publication, staged(2), costs_of(answer, 3), {"repeated_rows": 0})
    assert list(LocalFiles().walk(publication.output + "/answers")) == []
