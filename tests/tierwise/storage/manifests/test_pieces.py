"""Parts of a manifest hold every row once, and errors name the right row of the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import InputError
from tierwise.storage.files import files_for
from tierwise.storage.manifests.bad_rows import good_rows
from tierwise.storage.manifests.cells import Cells, numbered_rows
from tierwise.storage.manifests.pieces import Piece, before, pieces_of
from tierwise.storage.manifests.rows import read_rows

CELLS = st.text(alphabet='ab,"\n\r\u00fc', max_size=6)


def cells_of(piece: Piece) -> Iterator[Cells]:
    return (cells for _, cells in good_rows(piece, numbered_rows(piece)))


def in_pieces(path: Path, piece_bytes: int) -> list[object]:
    stat = files_for(str(path)).stat(str(path))
    pieces = list(pieces_of(stat, piece_bytes=piece_bytes))
    return [dict(cells) for piece in pieces for cells in cells_of(piece)]


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30), st.integers(1, 40), st.booleans())
def test_csv_in_pieces(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    piece_bytes: int,
    quoted: bool,
) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    text = io.StringIO(newline="")
    table = csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    table.writerows([("uri", "cell"), *rows])
    path.write_text(text.getvalue(), "utf-8", newline="")
    whole = [dict(cells) for cells in cells_of(Piece(str(path)))]
    assert in_pieces(path, piece_bytes) == whole
    assert whole == [{"uri": uri or None, "cell": cell or None} for uri, cell in rows]


@given(st.lists(CELLS, max_size=30), st.integers(1, 60), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_json_lines_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], piece_bytes: int, end: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.jsonl"
    path.write_text(end.join(json.dumps({"uri": row}) for row in rows), "utf-8", newline="")
    assert in_pieces(path, piece_bytes) == [{"uri": row} for row in rows]


def test_a_file_without_quotes_is_cut_and_one_with_quotes_behind_none(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = ["uri,note\n", *(f"{n:04}.jpg,x\n" for n in range(1000))]
    path.write_text("".join(lines))
    stat = files_for(str(path)).stat(str(path))
    assert len(list(pieces_of(stat, piece_bytes=1000))) == 12
    lines[500] = '0499.jpg,"x\nuri"\n'
    path.write_text("".join(lines))
    stat = files_for(str(path)).stat(str(path))
    pieces = list(pieces_of(stat, piece_bytes=1000))
    assert (len(pieces), pieces[-1].end) == (6, None)
    assert len(in_pieces(path, 1000)) == 1000


def test_row_groups_are_pieces_and_small_ones_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"uri": [str(n) for n in range(450_000)]}), path, row_group_size=50_000)
    stat = files_for(str(path)).stat(str(path))
    pieces = list(pieces_of(stat))
    assert [(piece.start, piece.end) for piece in pieces] == [(0, 4), (4, 8), (8, 9)]
    assert before(pieces[2]) == 400_000
    first = [next(iter(cells_of(piece)))["uri"] for piece in pieces]
    assert first == ["0", "200000", "400000"]


@pytest.mark.parametrize(
    ("ending", "place"), [("csv", "line 703"), ("jsonl", "line 1401"), ("parquet", "row 701")]
)
def test_an_error_names_the_row_of_the_file(tmp_path: Path, ending: str, place: str) -> None:
    path = tmp_path / f"rows.{ending}"
    uris = [f"{n:04}.jpg" for n in range(999)]
    uris[700] = " "
    if ending == "csv":
        path.write_text("uri,n\n\n" + "\n".join(f"{uri},1" for uri in uris))
    elif ending == "jsonl":
        path.write_text("\n\n".join(json.dumps({"uri": uri}) for uri in uris))
    else:
        pq.write_table(pa.table({"uri": uris}), path, row_group_size=100)
    kinds = {"n": "string"} if ending == "csv" else {}
    pieces = list(pieces_of(files_for(str(path)).stat(str(path)), piece_bytes=2000))
    if ending == "parquet":
        pieces = [Piece(str(path), group, group + 1) for group in range(10)]
    assert len(pieces) > 5
    with pytest.raises(InputError, match=f"rows.{ending}: {place} has no uri"):
        for piece in pieces:
            list(read_rows(piece, kinds, ""))


@pytest.mark.parametrize(
    ("ending", "bad", "message"),
    [
        ("csv", "b.jpg,1,2", "line 702 has more cells"),
        ("csv", "b.jpg,\u0000", ""),
        ("jsonl", "{", "line 701 is not JSON"),
        ("jsonl", "[]", "line 701 is not a JSON object"),
    ],
)
def test_an_error_names_the_line_of_the_file(
    tmp_path: Path, ending: str, bad: str, message: str
) -> None:
    path = tmp_path / f"rows.{ending}"
    good = "a.jpg,1" if ending == "csv" else '{"uri": "a.jpg"}'
    lines = [good] * 999
    lines[700] = bad
    path.write_text("\n".join(["uri,n", *lines] if ending == "csv" else lines))
    pieces = list(pieces_of(files_for(str(path)).stat(str(path)), piece_bytes=1000))
    assert len(pieces) > 5
    if not message:
        assert sum(1 for piece in pieces for _ in cells_of(piece)) == 999
        return
    with pytest.raises(InputError, match=message):
        for piece in pieces:
            list(cells_of(piece))
