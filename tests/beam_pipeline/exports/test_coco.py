"""COCO: labels of whole images, a file for each task."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Export = Callable[..., Path]


def test_each_task_with_labels_has_a_file_with_every_picture(
    export: Export, wide: list[dict[str, Any]], answers: dict[Any, dict[str, Any]]
) -> None:
    folder = export("coco") / "coco"
    assert {path.name for path in folder.iterdir()} == {
        f"{task}.json" for task in ("shade", "hues", "text", "kind")
    }
    for task in ("shade", "hues", "text", "kind"):
        found = json.loads((folder / f"{task}.json").read_text("utf-8"))
        assert found["info"]["emulated"] is True
        assert found["info"]["description"].startswith(f"EMULATED: {task}: ")
        categories = {one["id"]: one["name"] for one in found["categories"]}
        labels = defaultdict[int, list[str]](list)
        for one in found["annotations"]:
            assert "bbox" not in one
            labels[one["image_id"]].append(categories[one["category_id"]])
        assert len({one["id"] for one in found["annotations"]}) == len(found["annotations"])
        for image, row in zip(found["images"], wide, strict=True):
            assert (image["file_name"], image["page"]) == (row["uri"], row["page"])
            answer = answers.get((row["uri"], row["page"], task))
            assert image.get("failure") == row[f"{task}_reason"]
            if answer is None:
                assert (image["width"], image["height"], labels[image["id"]]) == (0, 0, [])
                continue
            assert (image["width"], image["height"]) == (answer["width"], answer["height"])
            told = answer["answer"]
            assert labels[image["id"]] == (told if isinstance(told, list) else [told])


def test_categories_are_the_same_whatever_was_answered(export: Export) -> None:
    found = json.loads((export("coco") / "coco/kind.json").read_text("utf-8"))
    assert {one["supercategory"] for one in found["categories"]} == {"kind"}
    names = {one["id"]: one["name"] for one in found["categories"]}
    for one in found["annotations"]:
        assert one["label_path"] == f"=1+1 > {names[one['category_id']]}"
