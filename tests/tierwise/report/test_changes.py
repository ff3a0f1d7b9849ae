"""The heat map of old and new labels."""

from __future__ import annotations

from typing import Any

from tierwise.report.changes import NO_ANSWER, OTHERS, reclassified


def pair(old: str, new: str | None, images: int, task: str = "t") -> dict[str, Any]:
    return {
        "task": task,
        "against": "old_label",
        "label": old,
        "answer": new,
        "images": images,
        "examples": [f"{old}.jpg"],
    }


def test_shared_labels_lie_on_a_diagonal_and_every_picture_is_counted() -> None:
    rows = [
        pair("cat", "cat", 90),
        pair("cat", "dog", 9),
        pair("dog", "cat", 1),
        pair("eel", None, 1),
    ]
    [found] = reclassified([*rows, {**pair("x", "y", 7), "against": "label"}])
    assert found.old_labels == ("cat", "dog", "eel")
    assert found.new_labels == ("cat", "dog", NO_ANSWER)
    counts = [[cell.images for cell in row] for row in found.rows]
    assert counts == [[90, 9, 0], [1, 0, 0], [0, 0, 1]]
    assert [[cell.heat for cell in row] for row in found.rows] == [[9, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert [cell.same for cell in found.rows[0]] == [True, False, False]
    assert (found.images, found.changed) == (101, 10)
    assert [(one.old, one.new) for one in found.pairs] == [
        ("cat", "dog"),
        ("dog", "cat"),
    ]


def test_five_hundred_labels_fit_into_a_map() -> None:
    [found] = reclassified([pair(f"old {n}", f"new {n % 300}", n + 1) for n in range(500)])
    assert len(found.old_labels) == len(found.new_labels) == 14
    assert found.old_labels[-1] == found.new_labels[-1] == OTHERS
    assert sum(cell.images for row in found.rows for cell in row) == found.images == 125_250
    assert len(found.pairs) + found.more_pairs == 500


def test_case_does_not_make_a_change() -> None:
    [found] = reclassified([pair("Cat ", "cat", 2)])
    assert (found.changed, found.pairs) == (0, ())
    assert reclassified([]) == []


def test_pairs_that_the_table_does_not_list_count() -> None:
    told = {"t": {"others": {"old_label": {"pairs": 90, "images": 100, "changed": 95}}}}
    task = pair("x", "y", 7)["task"]
    [found] = reclassified([pair("x", "y", 7)], {task: told["t"]})
    assert (found.images, found.changed) == (107, 102)
