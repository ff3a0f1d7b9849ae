"""Manifests of each kind, good and bad: columns, their kinds, and where the images are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import InputError
from tierwise.records import Scalar
from tierwise.storage.manifests import column_kinds, is_manifest, read_rows, resolve

Rows = list[tuple[str, Mapping[str, Scalar]]]


def read(path: Path) -> tuple[dict[str, str], Rows]:
    kinds = column_kinds(str(path))
    return kinds, list(read_rows(str(path), kinds))


def csv_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def jsonl_file(folder: Path, *rows: object) -> Path:
    path = folder / "list.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet_file(folder: Path, columns: dict[str, Any], schema: pa.Schema | None = None) -> Path:
    path = folder / "list.parquet"
    pq.write_table(pa.table(columns, schema=schema), path)
    return path


def test_csv_cells_are_strings(tmp_path: Path) -> None:
    text = '\ufeffuri,label,n\r\n"a, b.jpg",größe,007\r\n\r\nc.jpg,"two\nlines"\r\n'
    kinds, rows = read(csv_file(tmp_path, text))
    assert kinds == {"label": "string", "n": "string"}
    assert rows == [
        ("a, b.jpg", {"label": "größe", "n": "007"}),
        ("c.jpg", {"label": "two\nlines", "n": None}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,label\na,b\n", "needs a column named uri; its columns are: name, label"),
        ("", "needs a column named uri; its columns are: none"),
        ("uri,a,a\nx,1,2\n", "columns named twice: a"),
        ("uri,\nx,1\n", "a column has no name"),
        (",uri\n0,x.jpg\n", "a column has no name"),
        ("uri,a\nx,1,2\n", "line 2 has more cells than the first line"),
        ("uri,a\n,1\n", "row 1 has no uri"),
        ("uri,a\nx,1\n  ,1\n", "row 2 has no uri"),
        ('uri,a\nx,"1"2\n', "line 2 is not CSV"),
        (
            b"uri,a\nx,\xff\xfe\n",
            "line 2 is not UTF-8: byte 3 of it is 0xff. Save the file as UTF-8",
        ),
        (b'uri,a\nx,"two\nlines"\ny,caf\xe9\n', "line 4 is not UTF-8: byte 6 of it is 0xe9"),
        (b"\xff\xfeu\x00", "line 1 is not UTF-8: byte 1 of it is 0xff"),
        ('"uri\n', "the first line is not CSV"),
        ("uri;a\nx;1\n", "columns are: uri;a. Its cells are separated by semicolons"),
        ("a\turi\n1\tx\n", "Its cells are separated by tabs: separate them by commas"),
        ("a;b\n1;2\n", "Name the column"),
    ],
)
def test_bad_csv_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = csv_file(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    path = jsonl_file(
        tmp_path,
        {"uri": "a", "i": 1, "n": 1, "b": True, "s": "x", "mixed": 1, "nested": {"k": [1, "ü"]}},
        {"uri": "b", "i": None, "n": 1.5, "b": False, "s": "y", "mixed": "z", "late": 2**70},
    )
    kinds, rows = read(path)
    assert kinds == {
        "i": "integer",
        "n": "number",
        "b": "boolean",
        "s": "string",
        "mixed": "string",
        "nested": "string",
        "late": "string",
    }
    assert rows[0][1]["nested"] == '{"k": [1, "ü"]}'
    assert [row["mixed"] for _, row in rows] == ["1", "z"]
    assert [row["n"] for _, row in rows] == [1.0, 1.5]
    assert [row["late"] for _, row in rows] == [None, str(2**70)]
    assert [row["i"] for _, row in rows] == [1, None]


def test_an_empty_cell_is_nothing_in_csv_and_an_empty_text_in_json_lines(tmp_path: Path) -> None:
    assert read(csv_file(tmp_path, "uri,a\nx,\n"))[1] == [("x", {"a": None})]
    assert read(jsonl_file(tmp_path, {"uri": "x", "a": ""}))[1] == [("x", {"a": ""})]


def test_half_a_character_becomes_a_question_mark(tmp_path: Path) -> None:
    _, rows = read(jsonl_file(tmp_path, {"uri": "a", "s": "x\ud800", "l": ["\ud800"]}))
    assert rows == [("a", {"s": "x?", "l": '["?"]'})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"uri": "a"}\n{"uri": \n', "line 2 is not JSON"),
        (b"[1]\n", "line 1 is not a JSON object"),
        (b'{"uri": "a"}\n{"url": "b"}\n', "row 2 has no uri"),
        (b'{"uri": 7}\n', "row 1 has no uri"),
        (b"", "needs a column named uri"),
        (b"\xff\xff\n", "line 1 is not JSON"),
    ],
)
def test_bad_json_lines_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "list.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_parquet_columns(tmp_path: Path) -> None:
    columns = {
        "uri": ["a", "b"],
        "i": pa.array([1, None], pa.int32()),
        "big": pa.array([2**64 - 1, 1], pa.uint64()),
        "n": pa.array([0.5, None], pa.float32()),
        "b": [True, None],
        "day": [date(2026, 11, 20), None],
        "price": [Decimal("1.50"), None],
        "label": pa.array(["x", "y"]).dictionary_encode(),
        "tags": [["p", "q"], None],
    }
    kinds, rows = read(parquet_file(tmp_path, columns))
    assert kinds == {
        "i": "integer",
        "big": "string",
        "n": "number",
        "b": "boolean",
        "day": "string",
        "price": "string",
        "label": "string",
        "tags": "string",
    }
    assert rows[0] == (
        "a",
        {
            "i": 1,
            "big": str(2**64 - 1),
            "n": 0.5,
            "b": True,
            "day": "2026-11-20",
            "price": "1.50",
            "label": "x",
            "tags": '["p", "q"]',
        },
    )
    assert rows[1][1] == dict.fromkeys(kinds) | {"big": "1", "label": "y"}


def test_bad_parquet_is_refused(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, {"uri": ["a" * 1000], "n": [1]})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a Parquet file"):
        read(path)
    path.write_bytes(whole[:10] + bytes(20) + whole[30:])
    with pytest.raises(InputError, match="damaged Parquet file"):
        read(path)
    with pytest.raises(InputError, match="columns named twice: n"):
        pq.write_table(pa.table([["a"], [1], [2]], ["uri", "n", "n"]), path)
        read(path)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NAMES = st.text(min_size=1).filter(lambda name: name != "uri")
TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}


@given(st.lists(st.dictionaries(NAMES, SCALARS | st.lists(st.integers()), max_size=4), max_size=5))
def test_every_cell_is_of_its_columns_kind(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    given_rows = [{**row, "uri": str(number)} for number, row in enumerate([{}, *rows])]
    kinds, read_back = read(jsonl_file(tmp_path_factory.getbasetemp(), *given_rows))
    assert [uri for uri, _ in read_back] == [row["uri"] for row in given_rows]
    for _, cells in read_back:
        assert set(cells) == set(kinds)
        for name, value in cells.items():
            assert value is None or type(value) is TYPES[kinds[name]]
            assert not isinstance(value, int) or -(2**63) <= value < 2**63


def test_addresses_start_at_the_manifests_folder() -> None:
    assert resolve("in/list.csv", "../a.jpg") == "in/../a.jpg"
    assert resolve("list.csv", "a.jpg") == "a.jpg"
    assert resolve("gs://b/list.csv", "a.jpg") == "gs://b/a.jpg"
    assert resolve("in/list.csv", "gs://b/a.jpg") == "gs://b/a.jpg"


def test_endings_that_mean_a_manifest() -> None:
    assert [is_manifest(name) for name in ("a.CSV", "a.jsonl", "a.parquet", "a.json", "csv")] == [
        True,
        True,
        True,
        False,
        False,
    ]
