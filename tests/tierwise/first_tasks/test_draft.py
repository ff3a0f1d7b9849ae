"""A first tasks file holds, whatever files, folders and columns are called."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.first_tasks.draft import draft, labels_of
from tierwise.first_tasks.look import Look
from tierwise.tasks import load_tasks

WORDS = st.text(max_size=12).map(lambda word: word.replace("/", ""))
ODD = st.sampled_from(["no", "null", "1e3", "a: b", "- x", "Maße", "Masse", "it's", '"', "#", "ok"])
NAMES = st.one_of(WORDS, ODD)


@settings(max_examples=60)
@given(st.lists(NAMES, min_size=2, max_size=6), st.lists(NAMES, max_size=3), NAMES)
def test_it_loads_whatever_things_are_called(
    folders: list[str], columns: list[str], file: str
) -> None:
    look = Look()
    for folder in folders:
        for number in range(3):
            cells = dict.fromkeys(columns, folder)
            look.add(f"{folder}/{number}{file}.jpg", {**cells, "category": folder})
    text = draft(look, [f"Seen: {file}", *folders])
    for one in (text, re.sub("^#(  +|$)", r"\1", text, flags=re.MULTILINE)):
        tasks = load_tasks(one, path="tasks.yaml")
        assert tasks.tasks[0].answer.options() == labels_of(look)[0]


def test_labels_stay_as_they_are_wherever_a_line_ends() -> None:
    for length in range(1, 30):
        labels = ["a" * 30, "b" * length, "two  spaces, here", "three   spaces, and more"]
        look = Look()
        for number in range(12):
            look.add(f"{number}.jpg", {"category": labels[number % 4]})
        assert labels_of(look)[0] == tuple(labels)
        text = draft(look, [])
        assert load_tasks(text, path="tasks.yaml").tasks[0].answer.options() == tuple(labels)


def look_at(*names: str) -> Look:
    look = Look()
    for name in names:
        look.add(name, {})
    return look


def test_folders_with_few_files_or_beside_many_others_are_no_labels() -> None:
    assert look_at(
        *(f"{label}/{n}.jpg" for label in ("oak", "elm") for n in range(3))
    ).folder_labels
    assert not look_at("oak/1.jpg", "elm/1.jpg").folder_labels
    beside = [f"{n}.jpg" for n in range(6)]
    labelled = [f"{label}/{n}.jpg" for label in ("oak", "elm") for n in range(3)]
    assert not look_at(*beside, *labelled).folder_labels
    general = [f"{label}/{n}.jpg" for label in ("train", "test") for n in range(3)]
    assert not look_at(*general).folder_labels


def test_a_column_with_a_value_for_each_row_is_neither_label_nor_group() -> None:
    look = Look()
    for number in range(12):
        look.add(f"{number}.jpg", {"category": f"title {chr(97 + number)}", "sku": number // 4})
    assert look.label_column == ("", ())
    assert look.group_by == "sku"
