"""A large manifest is looked at in some places, and what does not fit later is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.storage.manifests import look
from tierwise.storage.sampled_names import sampled_names

ROWS, LATE = 12_000, 600
FORMS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet")


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the rows is large enough, so that this takes no minute."""
    smaller = {"_MOST_ROWS": 10_000, "_SAMPLED_ROWS": 2_000, "_PLACES": 8, "_PLACE_BYTES": 16 << 10}
    for name, value in smaller.items():
        monkeypatch.setattr(look, name, value)


def write(folder: Path, form: str, shards: int = 1, **late: Any) -> str:
    """A manifest sorted by label; `late` cells are those of a row that nobody looks at."""
    rows: list[dict[str, Any]] = [
        {"uri": f"{n:06}.jpg", "n": n, "label": "cat" if n < ROWS / 2 else "dog"}
        for n in range(ROWS)
    ]
    rows[LATE] |= late
    for shard in range(shards):
        some = rows[shard * ROWS // shards : (shard + 1) * ROWS // shards]
        path = folder / f"rows-{shard}.{form}"
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist(some), path, row_group_size=1000)
        else:
            path.write_bytes(_text(some, form))
    return f"{folder}/rows-{'*' if shards > 1 else '0'}.{form}"


def _text(rows: list[dict[str, Any]], form: str) -> bytes:
    if form.startswith("csv"):
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    else:
        lines = [json.dumps(row) for row in rows]
    data = ("\n".join(lines) + "\n").encode()
    return gzip.compress(data, 1) if form.endswith("gz") else data


def names(listed: Iterator[Any]) -> list[Named]:
    return [name for name in listed if isinstance(name, Named)]


@pytest.mark.parametrize("form", FORMS)
def test_rows_from_all_over_it_stand_for_all(tmp_path: Path, form: str) -> None:
    found = find_input(write(tmp_path, form, shards=3))
    assert found.about == pytest.approx(ROWS, rel=0.03)
    kind = "string" if form.startswith("csv") else "integer"
    assert found.columns == {"n": kind, "label": "string"}
    seen = names(sampled_names(found))
    assert 300 < len(seen) <= 2_400
    assert {name.columns["label"] for name in seen} == {"cat", "dog"}
    assert len({name.uri for name in seen}) == len(seen)
    assert seen == names(sampled_names(found))
    assert sum(1 for _ in list_names(found)) == ROWS


def test_a_small_one_is_counted(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("uri\n" + "a.jpg\n" * 9_000)
    found = find_input(f"{tmp_path}/list.csv")
    assert found.about is None
    assert len(names(sampled_names(found))) == 9_000


@pytest.mark.parametrize(
    ("late", "kinds", "cells"),
    [
        ({"n": "n/a"}, {"n": "string"}, {"n": "n/a"}),
        ({"n": 1.5}, {"n": "number"}, {"n": 1.5}),
        ({"n": True}, {"n": "string"}, {"n": "true"}),
        ({"n": 2**63}, {"n": "string"}, {"n": str(2**63)}),
        ({"more": 1}, {"n": "integer", "more": "integer"}, {"more": 1}),
        ({"more": float("nan")}, {"n": "integer", "more": "number"}, {"more": None}),
        ({"more": None}, {"n": "integer", "more": "string"}, {"more": None}),
        ({"more": "\ud800"}, {"n": "integer", "more": "string"}, {"more": "?"}),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz"])
def test_one_row_of_json_lines_adds_a_column_or_widens_it(
    tmp_path: Path, form: str, late: dict[str, Any], kinds: dict[str, str], cells: dict[str, Any]
) -> None:
    found = find_input(write(tmp_path, form, shards=2, **late))
    assert found.columns == {"label": "string", **kinds}
    rows = names(list_names(found))
    assert len(rows) == ROWS
    (row,) = (name for name in rows if name.uri == f"{LATE:06}.jpg")
    assert {column: row.columns[column] for column in cells} == cells
    others = {type(name.columns["n"]) for name in rows if name is not row}
    assert others == {{"integer": int, "number": float, "string": str}[kinds["n"]]}


def test_a_malformed_row_is_found_wherever_it_is(tmp_path: Path) -> None:
    pattern = write(tmp_path, "jsonl", shards=2)
    with (tmp_path / "rows-1.jsonl").open("a") as stream:
        stream.write("[1]\n")
    with pytest.raises(InputError, match=r"rows-1.jsonl: line 6001 is not a JSON object"):
        find_input(pattern)


def test_columns_have_an_end(tmp_path: Path) -> None:
    """Names that are data would fill the memory, however many rows there are."""
    lines = (json.dumps({"uri": f"{n}.jpg", f"votes of {n}": 1}) for n in range(12_000))
    (tmp_path / "list.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match="more than 10,000 columns"):
        find_input(f"{tmp_path}/list.jsonl")


def test_what_loses_nothing_fits(tmp_path: Path) -> None:
    found = find_input(write(tmp_path, "jsonl", n=7.0, label={"a": [1]}))
    (late,) = (name for name in names(list_names(found)) if name.uri == "000600.jpg")
    assert late.columns == {"n": 7, "label": '{"a": [1]}'}


def test_cells_with_line_ends_are_looked_at_from_the_front(tmp_path: Path) -> None:
    lines = [f'{n}.jpg,"two\nlines, {n}"\n' for n in range(6_000)]
    (tmp_path / "list.csv").write_text("uri,note\n" + "".join(lines))
    found = find_input(f"{tmp_path}/list.csv")
    assert found.about == pytest.approx(12_000, rel=0.05)  # lines tell no better
    assert names(sampled_names(found))[-1].columns == {"note": "two\nlines, 1999"}


def test_a_manifest_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    found = find_input(write(tmp_path, "jsonl"))
    for late, message in (
        ({"n": 1.5}, "line 601: the column 'n' holds 1.5, which is no integer as in the files"),
        ({"more": 1}, "line 601: the column 'more' is in none of the files that were looked at"),
    ):
        write(tmp_path, "jsonl", **late)
        with pytest.raises(InputError, match=message):
            names(list_names(found))
