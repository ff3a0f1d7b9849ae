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
from hypothesis import assume, given
from hypothesis import strategies as st

from tierwise.answers.written_words import twins
from tierwise.errors import InputError
from tierwise.records import Scalar
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.storage.manifests.all_kinds import kinds_of_all
from tierwise.storage.manifests.forms import is_manifest

Rows = list[tuple[str, Mapping[str, Scalar]]]


def read(path: Path | str) -> tuple[dict[str, str], Rows]:
    found = find_input(str(path))
    names = [name for name in list_names(found) if isinstance(name, Named)]
    return dict(found.columns), [(name.uri, name.columns) for name in names]


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
        ("uri,a,a\nx,1,2\n", "of its columns 'a' is there twice"),
        ("uri,\nx,1\n", "a column has no name"),
        (",uri\n0,x.jpg\n", "a column has no name"),
        ("uri,a\nx,1,2\n", "line 2 has more cells than the first line"),
        ("uri,a\n,1\n", "line 2 has no uri"),
        ("uri,a\nx,1\n  ,1\n", "line 3 has no uri"),
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


def test_of_many_bad_lines_three_are_named_and_all_are_counted(tmp_path: Path) -> None:
    lines = ["uri,a", 'x,"two', 'lines"', ",1", "", 'y,"1"2', ",2", "z,1,2", "w,1"]
    path = csv_file(tmp_path, "\n".join(lines).encode() + b"\ncaf\xe9,1\n")
    with pytest.raises(InputError) as refused:
        read(path)
    assert str(refused.value) == (
        f"{path}: line 4 has no uri. Fill it in or delete the row. "
        "Line 6 is not CSV: ',' expected after '\"'. Line 7 too. "
        "Bad lines: 5."
    )
    path = tmp_path / "list.jsonl"
    path.write_text("[]\n[]\n{\n" + '{"uri": "a.jpg"}\n' * 3 + "[]\n")
    with pytest.raises(InputError, match=r"line 1 is not a JSON object but \[\]\. Line 2 too\. "):
        read(path)
    with pytest.raises(InputError, match=r"Line 3 is not JSON: .*\. Bad lines: 4\.$"):
        read(path)


def test_json_lines_without_an_address_count_among_the_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text('{"a": 1}\n{"uri": "a.jpg"}\n[1]\n{"uri": 3}\n{"uri": " "}\nnope\n')
    said = r"line 1 has no uri\. .* Line 3 is not a JSON object but \[1\]\. .* Bad lines: 5\.$"
    with pytest.raises(InputError, match=said):
        read(path)
    with pytest.raises(InputError, match=said):
        kinds_of_all([str(path)])
    path.write_text('{"url": "a.jpg"}\n{"url": "b.jpg"}\n')
    with pytest.raises(InputError, match="its columns are: url"):
        read(path)
    assert kinds_of_all([str(path)]) == {"url": "string"}


def test_json_lines_of_another_encoding_are_refused_and_a_byte_order_mark_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"uri": "a"}\n'.encode("utf-16"))
    with pytest.raises(InputError, match=r"line 1 is not UTF-8: byte 1 of it is 0xff\. Save the"):
        read(path)
    path.write_bytes('{"uri": "a"}\n'.encode("utf-8-sig"))
    assert read(path)[1] == [("a", {})]


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
        (b'{"uri": "a"}\n{"url": "b"}\n', "line 2 has no uri"),
        (b'{"uri": 7}\n', "line 1 has no uri"),
        (b"", "needs a column named uri"),
        (b"\xff\xff\n", "line 1 is not UTF-8"),
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
    with pytest.raises(InputError, match="of its columns 'n' is there twice"):
        pq.write_table(pa.table([["a"], [1], [2]], ["uri", "n", "n"]), path)
        read(path)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NAMES = st.text(min_size=1).filter(lambda name: name != "uri")
TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}


@given(st.lists(st.dictionaries(NAMES, SCALARS | st.lists(st.integers()), max_size=4), max_size=5))
def test_every_cell_is_of_its_columns_kind(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    assume(not twins(["uri", *{name for row in rows for name in row}]))  # which are refused
    given_rows = [{**row, "uri": str(number)} for number, row in enumerate([{}, *rows])]
    kinds, read_back = read(jsonl_file(tmp_path_factory.getbasetemp(), *given_rows))
    assert [uri for uri, _ in read_back] == [row["uri"] for row in given_rows]
    for _, cells in read_back:
        assert set(cells) == set(kinds)
        for name, value in cells.items():
            assert value is None or type(value) is TYPES[kinds[name]]
            assert not isinstance(value, int) or -(2**63) <= value < 2**63


def test_endings_that_mean_a_manifest() -> None:
    yes = ("a.CSV", "a.tsv", "a.jsonl", "a.NDJSON", "a.parquet", "a.csv.gz", "a.parquet.gzip")
    no = ("a.json", "csv", "a.txt", "a.gz", "a.json.gz", "a.csv/b", "a.csv.zip")
    assert [name for name in (*yes, *no) if is_manifest(name)] == list(yes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"uri,Label,label\nx.jpg,a,b\n"),
        ("a.csv", "uri,caf\u00e9,cafe\u0301\nx.jpg,a,b\n".encode()),
        ("a.csv", b"uri,label, label\nx.jpg,a,b\n"),
        ("a.jsonl", b'{"uri": "x.jpg", "Label": 1}\n{"uri": "y.jpg", "label": 2}\n'),
        ("a.jsonl", b'{"uri": "x.jpg", "URI": "z"}\n'),
    ],
)
def test_columns_that_a_database_takes_for_one_are_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"differ in case or the form|is there twice"):
        find_input(str(tmp_path / name))


def test_parquet_columns_that_differ_in_case_are_refused(tmp_path: Path) -> None:
    table = pa.table({"uri": ["x.jpg"], "Label": ["a"], "label": ["b"]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="'Label' and 'label' differ in case"):
        find_input(str(tmp_path / "a.parquet"))


def test_spaces_around_names_and_addresses_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uri , label\n x.jpg ,dog\n", "utf-8")
    assert read(tmp_path / "a.csv") == ({"label": "string"}, [("x.jpg", {"label": "dog"})])


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        ([1.0, float("nan"), 3.0], "integer", [1, None, 3]),
        ([1.0, None], "integer", [1, None]),
        ([1.0, 2.0], "number", [1.0, 2.0]),
        ([1.5, float("nan")], "number", [1.5, None]),
        ([float("nan"), None], "number", [None, None]),
        ([1e300, None], "number", [1e300, None]),
    ],
)
@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_whole_numbers_with_gaps_are_whole_numbers(
    tmp_path: Path, values: list[Any], kind: str, cells: list[Any], ending: str
) -> None:
    uri = str(tmp_path / f"a.{ending}")
    names = [f"{n}.jpg" for n in range(len(values))]
    if ending == "parquet":
        pq.write_table(pa.table({"uri": names, "n": pa.array(values, pa.float64())}), uri)
    else:
        written = [{"uri": name, "n": value} for name, value in zip(names, values, strict=True)]
        Path(uri).write_text("\n".join(map(json.dumps, written)), "utf-8")
        if not any(isinstance(value, float) and value == value for value in values):
            kind = "string"
    kinds, rows = read(uri)
    assert kinds == {"n": kind}
    assert [cell["n"] for _, cell in rows] == cells


@pytest.mark.parametrize("empty", [0, 1, 2])
@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "jsonl"])
def test_an_empty_shard_has_no_rows(tmp_path: Path, empty: int, ending: str) -> None:
    for shard in range(3):
        text = '{"uri": "a.jpg"}\n' if ending == "jsonl" else "uri\na.jpg\n"
        (tmp_path / f"{shard}.{ending}").write_text("" if shard == empty else text)
    assert read(f"{tmp_path}/*.{ending}") == ({}, [("a.jpg", {})] * 2)


def test_a_name_twice_in_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    for row in ('{"uri": "a.jpg", "uri": "b.jpg"}', '{"uri": "a.jpg", "x": {"uri": 1, "uri": 2}}'):
        path.write_text('{"uri": "c.jpg"}\n' + row)
        with pytest.raises(InputError, match="line 2 is not JSON: an object has 'uri' twice"):
            read(path)
