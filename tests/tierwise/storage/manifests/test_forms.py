"""The same rows in every form: packed or not, one file or shards, on a disk or in a bucket."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bucket import Bucket
from tierwise.errors import InputError
from tierwise.storage.files import files_for
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import InputKind, Named, list_names

ROWS = [{"uri": f" {n:03}.jpg ", "label": f"l{n}", "note": f'"{n}"\tand\nmore'} for n in range(9)]
FORMS = ("csv", "tsv", "jsonl", "ndjson", "parquet")


def written(rows: list[dict[str, Any]], form: str) -> bytes:
    """A table in a form, packed where it ends with .gz."""
    if form.endswith(".gz"):
        return gzip.compress(written(rows, form.removesuffix(".gz")))
    if form == "parquet":
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), stream, row_group_size=2)
        return stream.getvalue()
    if form in {"jsonl", "ndjson"}:
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = csv.DictWriter(text, names, delimiter="\t" if form == "tsv" else ",")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def names_of(uri: str) -> list[Named]:
    found = find_input(uri)
    assert found.kind is InputKind.MANIFEST
    return [name for name in list_names(found) if isinstance(name, Named)]


def check(names: list[Named], folder: str) -> None:
    assert [(one.uri, one.path) for one in names] == [
        (row["uri"].strip(), f"{folder}/{row['uri'].strip()}") for row in ROWS
    ]
    rest = [{"label": row["label"], "note": row["note"]} for row in ROWS]
    assert [one.columns for one in names] == rest


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("form", FORMS)
def test_one_file(tmp_path: Path, form: str, packed: str) -> None:
    path = tmp_path / f"list.{form}{packed}"
    path.write_bytes(written(ROWS, form + packed))
    check(names_of(str(path)), str(tmp_path))
    check(names_of(path.as_uri()), str(tmp_path))


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("form", FORMS)
def test_shards(bucket: Bucket, tmp_path: Path, form: str, packed: str) -> None:
    bucket.clear("lists")
    for folder in (str(tmp_path), "gs://lists/some"):
        for shard in range(3):
            uri = f"{folder}/rows-{shard:012}.{form}{packed}"
            rows = ROWS[3 * shard : 3 * shard + 3]
            files_for(uri).write(uri, written(rows, form + packed))
        for other in (f".rows-1.{form}{packed}", "rows-9.jpg", f"other.{form}{packed}"):
            files_for(folder).write(f"{folder}/{other}", b"no table")
        check(names_of(f"{folder}/rows-*.{form}{packed}"), folder)


def test_shards_may_have_different_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uri,label\na.jpg,x\n")
    (tmp_path / "b.csv").write_text("note,uri\ny,b.jpg\n")
    assert [(one.uri, dict(one.columns)) for one in names_of(f"{tmp_path}/*.csv")] == [
        ("a.jpg", {"label": "x", "note": None}),
        ("b.jpg", {"label": None, "note": "y"}),
    ]


def test_shards_of_different_kinds_meet_in_the_wider_one(tmp_path: Path) -> None:
    for name, n, s in (("a", 1, 1), ("b", 2.5, "x")):
        table = pa.table({"uri": [f"{name}.jpg"], "n": [n], "s": [s]})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    found = find_input(f"{tmp_path}/*.parquet")
    assert found.columns == {"n": "number", "s": "string"}
    cells = [dict(one.columns) for one in names_of(f"{tmp_path}/*.parquet")]
    assert cells == [{"n": 1.0, "s": "1"}, {"n": 2.5, "s": "x"}]


def test_columns_of_shards_that_differ_in_case_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uri,label\na.jpg,x\n")
    (tmp_path / "b.csv").write_text("uri,Label\nb.jpg,y\n")
    with pytest.raises(InputError, match="'label' and 'Label' differ in case"):
        find_input(f"{tmp_path}/*.csv")


def test_relative_names_of_shards_start_where_the_pattern_does(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "list.csv").write_text(f"uri\n{folder}/1.jpg\n")
    places = {one.path for one in names_of(f"{tmp_path}/*/list.csv")}
    assert places == {f"{tmp_path}/a/1.jpg", f"{tmp_path}/b/1.jpg"}


def test_addresses_of_files_are_paths(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    uri = (tmp_path / "a b#ü.jpg").as_uri()
    path.write_text(json.dumps({"uri": uri}))
    assert [(one.uri, one.path) for one in names_of(str(path))] == [(uri, f"{tmp_path}/a b#ü.jpg")]
    path.write_text(json.dumps({"uri": "file://server/share/a.jpg"}))
    with pytest.raises(InputError, match=r"line 1: .*of the machine 'server'"):
        names_of(str(path))


def test_what_a_store_has_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        path = tmp_path / f"list.{form}.gz"
        path.write_bytes(written(ROWS, form))
        check(names_of(str(path)), str(tmp_path))


@pytest.mark.parametrize("form", ["csv.gz", "jsonl.gz", "parquet.gz"])
def test_damaged_packing_is_told(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"list.{form}"
    path.write_bytes(written(ROWS * 50, form)[:-40])
    with pytest.raises(InputError, match=r"gzip data are damaged"):
        names_of(str(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"uri,label\nx,y\n", "separated by commas: separate them by tabs"),
        ("a.csv", b"gs://b/1.jpg,x\ngs://b/2.jpg,y\n", "seems to begin with a row"),
        ("a.csv", b"photos/1.jpg\nphotos/2.jpg\n", "seems to begin with a row"),
        ("a.tsv", b'uri\tn\nx\t"a"b\n', "line 2 is not TSV"),
    ],
)
def test_tables_without_a_uri_bring_a_hint(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        names_of(str(tmp_path / name))


def test_what_bigquery_exports(tmp_path: Path) -> None:
    """The types that BigQuery writes into Parquet and JSON Lines."""
    table = pa.table(
        {
            "uri": pa.array([b"a.jpg"], pa.binary()),
            "taken": pa.array([datetime(2026, 11, 30, 12, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "fine": pa.array([1], pa.timestamp("ns")),
            "price": pa.array([Decimal("1.50")], pa.decimal128(38, 9)),
            "tags": pa.array([["x", "y"]]),
            "who": pa.array([{"name": "n", "at": [{"b": b"\xff"}]}]),
            "raw": pa.array([b"\xff\x00"]),
            "text": pa.array([b"caf\xc3\xa9"]),
        }
    )
    pq.write_table(table, tmp_path / "export-000000000000.parquet")
    (name,) = names_of(f"{tmp_path}/export-*.parquet")
    assert name.columns == {
        "taken": "2026-11-30 12:00:00+00:00",
        "fine": "1970-01-01 00:00:00.000000001",
        "price": "1.500000000",
        "tags": '["x", "y"]',
        "who": '{"name": "n", "at": [{"b": "/w=="}]}',
        "raw": "/wA=",
        "text": "café",
    }
    row = {"uri": "a.jpg", "stock": "7", "tags": ["x"], "who": {"name": "n"}}
    (tmp_path / "export-000000000000.json").write_text(json.dumps(row) + "\n")
    for pattern in ("export-000000000000.json", "export-*.json"):
        with pytest.raises(InputError, match="is JSON Lines"):
            find_input(f"{tmp_path}/{pattern}")
    (tmp_path / "export-000000000000.json").rename(tmp_path / "export-000000000000.jsonl")
    (name,) = names_of(f"{tmp_path}/export-*.jsonl")
    assert name.columns == {"stock": "7", "tags": '["x"]', "who": '{"name": "n"}'}
