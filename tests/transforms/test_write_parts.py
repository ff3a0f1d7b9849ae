"""Rows go to the table they belong to, and each part says how many it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
from apache_beam.testing.util import assert_that, equal_to

from tierwise.accounts.table_names import FAILURES, answers_table
from tierwise.accounts.tables import answers_schema, failures_schema
from tierwise.publishing.parts import Part, outcome_row
from tierwise.records import NamedOutcome, Reason
from tierwise.transforms.write_parts import WriteParts


def test_each_row_is_in_the_part_that_counts_it(
    pipeline: Callable[[], beam.Pipeline],
    image_file: Any,
    answer: Any,
    failure: Any,
    tmp_path: Path,
) -> None:
    schemas = {
        answers_table("a"): answers_schema({"type": "string"}, {}),
        FAILURES: failures_schema({}),
    }
    rows = [NamedOutcome(image_file(f"{n}.jpg"), answer("a")) for n in range(5)]
    rows += [NamedOutcome(image_file("no.jpg"), failure(reason=Reason.TOO_LARGE))]

    def read(part: Part) -> list[tuple[str, str]]:
        found = pq.ParquetFile(part.uri).read().to_pylist()
        assert len(found) == part.rows
        return [(part.table, row["uri"]) for row in found]

    expected = [(answers_table("a"), f"{n}.jpg") for n in range(5)] + [(FAILURES, "no.jpg")]
    with pipeline() as root:
        parts = root | beam.Create(rows) | WriteParts(str(tmp_path), schemas, outcome_row)
        assert_that(parts | beam.FlatMap(read), equal_to(expected))
    assert pq.read_schema(next((tmp_path / FAILURES).glob("*"))).equals(schemas[FAILURES])


def test_rows_are_whole_however_many_a_part_has(
    pipeline: Callable[[], beam.Pipeline], image_file: Any, answer: Any, tmp_path: Path
) -> None:
    table = answers_table("a")
    names = [f"{number:05}.jpg" for number in range(2301)]  # coded, as Arrow has them, as objects
    rows = [NamedOutcome(image_file(name), answer("a")) for name in names]
    with pipeline() as root:
        schemas = {table: answers_schema({"type": "string"}, {})}
        parts = root | beam.Create(rows) | WriteParts(str(tmp_path), schemas, outcome_row)
        assert_that(parts | beam.Map(lambda part: part.rows), equal_to([len(names)]))
    [written] = (tmp_path / table).glob("*.parquet")
    found = pq.ParquetFile(written).read().column("uri").to_pylist()
    assert sorted(found) == names
