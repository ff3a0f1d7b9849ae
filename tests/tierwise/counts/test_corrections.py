"""A sheet that people have filled in is read as it was meant, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.answers.json_schemas import MismatchError
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.counts.corrections import Correction, read_corrections
from tierwise.counts.draw import Drawn
from tierwise.errors import InputError
from tierwise.storage.sheets import read_sheet

KINDS = {"kind": OneLabel(("map", "plan", "=odd")), "hues": SeveralLabels(("red", "blue"))}
HEAD = "uri,page,content_hash,task,answer,by,drawn,seed"


def read(text: str | bytes, folder: Path) -> list[Correction]:
    path = folder / "sheet.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    columns, lines = read_sheet(str(path))
    places = ((f"line {number}", cells) for number, cells in lines)
    return list(read_corrections(str(path), columns, places, KINDS).said)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_save_is_read(separator: str, tmp_path: Path) -> None:
    lines = [
        HEAD,
        "a.jpg,1,sha256:aa,kind, MAP ,Ann,random,7",
        'a.jpg,1,sha256:aa,hues,"red; blue",Ann,random,7',
        "b.jpg,2,sha256:bb,kind,'=odd,,chosen,",
        "c.jpg,1,sha256:cc,kind,,, Random,7",
        "d.jpg,1,sha256:dd,kind,None,,random,7",
        ",,,,,,,",
    ]
    text = "\r\n".join(lines).replace(",", separator)
    found = read(b"\xef\xbb\xbf" + text.encode(), tmp_path)
    assert [one.answer for one in found] == ["map", ("red", "blue"), "=odd", None, ()]
    assert [one.drawn is Drawn.CHOSEN for one in found] == [False, False, True, False, False]
    assert [(one.where, one.page, one.seed) for one in found][1:3] == [
        ("line 3", 1, 7),
        ("line 4", 2, None),
    ]
    assert found[0].by == "Ann"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.jpg,1,h,kinds,map,,random,", "line 2: task='kinds': there is no such task. Did you me"),
        ("a.jpg,1,h,kind,atlas,,random,", "line 2: answer='atlas': task 'kind'"),
        ("a.jpg,1,h,kind,atlas,,random,", "Where no label fits, write none."),
        ("a.jpg,one,h,kind,map,,random,", "line 2: page='one': must be a whole number, at least 1"),
        ("a.jpg,0,h,kind,map,,random,", "line 2: page='0'"),
        ("a.jpg,1,h,kind,map,,guessed,", "line 2: drawn='guessed': must be random"),
        ("a.jpg,1,,kind,map,,random,", "line 2: content_hash is empty"),
        ("a.jpg,1,h,kind,map,,random,x", "line 2: seed='x'"),
        ("a.jpg,1,h,kind,map,,random,7,more", "line 2 has more cells than the first line"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(f"{HEAD}\n{line}\n", tmp_path)
    assert said in str(refused.value)
    assert "sheet.csv: line 2" in str(refused.value)


def test_lines_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    text = f"{HEAD}\na.jpg,1,h,kind,map,,random,7\n\nb.jpg,1,h,kind,plan,,random,7\n"
    with pytest.raises(InputError) as refused:
        read(text, tmp_path)
    said = (
        "line 2 and line 4 say different things about the same picture and task: 'map' and 'plan'"
    )
    assert said in str(refused.value)


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column drawn") as refused:
        read("uri,page,content_hash,task,answer\n", tmp_path)
    assert "uri, page, content_hash, task, answer, by, drawn" in str(refused.value)


def test_a_file_in_another_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not UTF-8"):
        read((HEAD + "\nä.jpg,1,h,kind,map,,random,7\n").encode("latin-1"), tmp_path)


def test_of_a_picture_that_was_drawn_and_chosen_the_draw_counts(tmp_path: Path) -> None:
    text = f"{HEAD}\na.jpg,1,h,kind,map,,chosen,\ntwin.jpg,1,h,kind,map,,random,7\n"
    assert [(one.where, one.drawn) for one in read(text, tmp_path)] == [("line 3", Drawn.RANDOM)]


def test_labels_that_hold_semicolons_come_back_whole() -> None:
    kind = SeveralLabels(("a; b", "c", "d"))
    assert kind.truth({"": "c; a; b"}) == ("a; b", "c")
    assert kind.truth({"": "a;b; d"}) == ("a; b", "d")
    assert kind.truth({"": '["a; b"]'}) == ("a; b",)
    with pytest.raises(MismatchError, match="'e' is not a label"):
        kind.truth({"": "a; b; e"})


def test_a_refusal_ends_with_one_dot_and_names_the_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(f"{HEAD}\na.jpg,1,h,kind,atlas,,random,\n", tmp_path)
    assert "Known labels: map, plan, =odd. Where no label fits" in str(refused.value)
    assert ".." not in str(refused.value).replace(str(tmp_path), "")


def test_people_who_disagree_are_told_apart_from_one_who_changes_the_mind(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    lines = ["kind,map,Ann,random,7", "kind,plan,Bob,random,7", "hues,red,Ann,chosen,"]
    path.write_text("\n".join([HEAD, *(f"a.jpg,1,h,{one}" for one in lines)]), "utf-8")
    columns, cells = read_sheet(str(path))
    places = ((f"line {number}", row) for number, row in cells)
    found = read_corrections(str(path), columns, places, KINDS)
    assert [one.task for one in found.said] == ["hues"]
    assert [[(one.by, one.answer) for one in some] for some in found.disagreements] == [
        [("Ann", "map"), ("Bob", "plan")]
    ]


def test_utf_16_is_read_as_spreadsheets_save_it(tmp_path: Path) -> None:
    text = f"{HEAD}\nä.jpg,1,h,kind,map,,random,7\n".replace(",", "\t")
    assert [one.uri for one in read(text.encode("utf-16"), tmp_path)] == ["ä.jpg"]


def test_a_line_that_tells_the_separator_is_passed_over(tmp_path: Path) -> None:
    text = f"sep=;\n{HEAD}\na.jpg,1,h,kind,map,,random,7\n".replace(",", ";")
    assert [one.where for one in read(text, tmp_path)] == ["line 3"]
