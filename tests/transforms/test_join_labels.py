"""Names meet the rows about them by where the images lie, in whatever order these come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from tierwise.beam_pipeline.yaml_provider.read_images import ReadImages as ReadRows
from tierwise.label_rows import LabelRow
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.storage.joined_names import all_label_rows, joined
from tierwise.storage.listing import list_names
from tierwise.transforms.join_labels import CONFLICTING, REPEATED, UNLABELLED, UNMATCHED
from tierwise.transforms.list_images import ListImages

LABELS = """uri,old,note
a.jpg,cat,
./a.jpg,cat,first
b.jpg,cat,x
photos/../b.jpg,dog,x
gone.jpg,dog,
gone.jpg,dog,
"""


def test_a_listing_is_joined(pipeline: Callable[[], beam.Pipeline], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "abc":
        (photos / f"{name}.jpg").write_bytes(name.encode())
    (photos / "labels.csv").write_text(LABELS.replace("photos/../", "../photos/"))
    found = with_labels(find_input(str(photos)), str(photos / "labels.csv"))
    wanted: dict[str, dict[str, Any]] = {
        "a.jpg": {"old": "cat", "note": "first"},
        "b.jpg": {"old": None, "note": "x"},
        "c.jpg": {"old": None, "note": None},
    }
    with pipeline() as root:
        listed = root | ListImages(found)
        files = listed["files"] | beam.Map(lambda file: (file.name, dict(file.columns)))
        assert_that(files, equal_to(list(wanted.items())), "files")
        for name, count in ((CONFLICTING, 1), (REPEATED, 2), (UNLABELLED, 1), (UNMATCHED, 2)):
            counted = listed[name] | f"Count-{name}" >> beam.combiners.Count.Globally()
            assert_that(counted, equal_to([count]), name)
    assert found.labels is not None
    here = joined(list_names(found), all_label_rows(found.labels), found.labels)
    columns = {name.uri.rpartition("/")[2]: getattr(name, "columns", None) for name in here}
    assert {name: columns[name] for name in wanted} == wanted


ROWS = st.builds(
    LabelRow,
    st.fixed_dictionaries({"a": st.sampled_from([None, 1, 2]), "b": st.sampled_from([None, "x"])}),
)


@given(ROWS, ROWS, ROWS)
def test_rows_may_come_in_any_order(first: LabelRow, second: LabelRow, third: LabelRow) -> None:
    assert (first + second) + third == first + (second + third)
    assert first + second == second + first
    total = first + second + third
    said = {value for row in (first, second, third) if (value := row.columns["a"])}
    assert total.columns["a"] == (said.pop() if len(said) == 1 else None)


def test_rows_of_beam_yaml_have_the_columns_of_labels(
    pipeline: Callable[[], beam.Pipeline], tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "labels.csv").write_text("uri,old\na.jpg,cat\n")
    with pipeline() as root:
        rows = root | ReadRows(input=str(tmp_path), labels=str(tmp_path / "labels.csv"))
        assert_that(rows | beam.Map(lambda row: row.old), equal_to(["cat"]))
