"""CSV that a spreadsheet opens: every picture, every answer, and no formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from tierwise.spreadsheets import FORMULA_SIGNS, unguarded

Export = Callable[..., Path]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def name_of(cell: str) -> str:
    return str(unguarded(cell))


def test_there_is_a_row_for_each_picture_with_the_columns_of_wide(
    export: Export, wide: list[dict[str, Any]], answers: dict[Any, dict[str, Any]]
) -> None:
    path = export("csv") / "pictures.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbfuri,page,content_hash,")
    rows = rows_of(path)
    assert list(rows[0]) == [*wide[0], "kind_path", "emulated"]
    assert len(rows) == len(wide) == 10
    for row, told in zip(rows, wide, strict=True):
        assert (name_of(row["uri"]), row["page"]) == (told["uri"], str(told["page"]))
        for name in ("note", "truth_shade", "shade", "text", "kind", "said", "shade_reason"):
            assert name_of(row[name]) == (told[name] or "")
        hues = told["hues"] or []
        plain = not any(";" in hue for hue in hues)
        assert row["hues"] == ("; ".join(hues) if plain else json.dumps(hues))
        key = told["uri"], told["page"], "found"
        assert (json.loads(row["found"]) if row["found"] else None) == (
            answers[key]["answer"] if key in answers else None
        )
        assert row["never"] == row["never_reason"] == ""
    assert {row["emulated"] for row in rows} == {"true"}
    failed = next(row for row in rows if row["uri"].endswith("broken.jpg"))
    assert (failed["shade"], failed["shade_reason"], failed["kind_path"]) == ("", "unreadable", "")
    paths = {unguarded(row["kind_path"]) for row in rows if row["kind"]}
    assert paths <= {"=1+1 > either/or", "=1+1 > a|b & <c>"}


def test_no_cell_is_a_formula(export: Export) -> None:
    rows = rows_of(export("csv") / "pictures.csv")
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(FORMULA_SIGNS)]
    assert "'=2+2" in cells
    text = (export("csv") / "pictures.csv").read_text("utf-8-sig")
    for separator in ";\t":  # as spreadsheets of other languages part cells
        parted = [one for row in csv.reader(text.splitlines(), delimiter=separator) for one in row]
        assert not [cell for cell in parted if cell.startswith(FORMULA_SIGNS)]
    assert any(row["kind_path"].startswith("'=1+1") for row in rows)


def test_duckdb_reads_it(export: Export, wide: list[dict[str, Any]]) -> None:
    path = export("csv") / "pictures.csv"
    query = f"select uri, page, shade from read_csv('{path}', all_varchar = true)"
    found = duckdb.sql(query)
    assert found is not None
    rows = [(name_of(uri), page, shade) for uri, page, shade in found.fetchall()]
    assert rows == [(row["uri"], str(row["page"]), row["shade"]) for row in wide]


def test_chosen_tasks_alone(export: Export) -> None:
    rows = rows_of(export("csv", "--task=shade,text", "--task=said") / "pictures.csv")
    tasks = [name for name in rows[0] if f"{name}_reason" in rows[0]]
    assert tasks == ["shade", "text", "said"]
    assert "kind_path" not in rows[0]
