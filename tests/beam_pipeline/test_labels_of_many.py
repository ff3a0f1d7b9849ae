"""Labels of a calibration where there are more names than a launcher should hold."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from tierwise.beam_pipeline.trials.hash_sample import HashSample
from tierwise.beam_pipeline.trials.labelled import named_with_labels
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.tasks import load_tasks

TASKS = load_tasks(
    'model: gemini-3.1-flash-lite\ntasks: {shade: {prompt: "Which?", labels: [dark, bright]}}',
    path="tasks.yaml",
)


def table(place: Path, rows: int, each: int) -> Path:
    """So many names, of which one in `each` has a label."""
    path = place / f"rows-{each}.csv"
    columns = {
        "uri": [f"{number:07}.jpg" for number in range(rows)],
        "shade": ["dark" if number % each == 0 else None for number in range(rows)],
        "shop": ["a word that no label is"] * rows,
    }
    pa.csv.write_csv(pa.table(columns), path)
    (place / "0000000.jpg").touch()
    return path


@pytest.mark.parametrize("joined", [False, True])
def test_of_many_names_those_with_labels_are_held(tmp_path: Path, joined: bool) -> None:
    many = table(tmp_path, 1_000, each=50)
    found = find_input(str(many))
    if joined:
        for number in range(0, 400, 25):
            (tmp_path / f"{number:07}.jpg").touch()
        found = with_labels(find_input(f"{tmp_path}/*.jpg"), str(many))
    some = named_with_labels(found, TASKS, most=100)
    labelled = [name for name in some.names if name.columns["shade"]]
    assert len(labelled) == (8 if joined else 20)
    assert len(some.names) == (16 if joined else 20)
    assert not some.told


def test_of_many_names_with_labels_a_fixed_part_is_held_and_told(tmp_path: Path) -> None:
    many = find_input(str(table(tmp_path, 1_000, each=1)))
    first, again = (named_with_labels(many, TASKS, most=100) for _ in range(2))
    assert first == again
    assert len(first.names) == 100
    assert "Of 1,000 names with labels, 100 are looked at" in first.told


def test_a_sample_by_hash_is_the_same_in_any_order_and_keeps_what_shares_a_key() -> None:
    things = [(number % 400, number) for number in range(800)]

    def sampled() -> list[tuple[int, int]]:
        some = HashSample[tuple[int, int]](100)
        for key, number in things:
            some.add(str(key).encode(), (key, number), key != 7)
        assert some.counted == 798
        return sorted(some.kept())

    first = sampled()
    random.Random(1).shuffle(things)
    assert sampled() == first
    keys = [key for key, _ in first]
    assert 100 <= len(first) <= 101
    assert all(keys.count(key) == 2 for key in keys)
    assert 7 not in keys


def test_few_things_are_all_kept() -> None:
    some = HashSample[str](3)
    for word in "abc":
        some.add(word.encode(), word, False)
    assert some.kept() == ["a", "b", "c"]
    assert not some.told("letters")
