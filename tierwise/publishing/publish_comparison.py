"""A comparison goes through both outputs once, and leaves a list and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tierwise.comparison.shown_changes import ChangedPicture, Key, ShownChanges
from tierwise.comparison.sums import told_answer
from tierwise.comparison.told import scores, side_facts, task_facts
from tierwise.publishing.compare_runs import Compared, counted_labels, go_through
from tierwise.publishing.own_page import check_page
from tierwise.publishing.page_pictures import page_pictures
from tierwise.publishing.write_changes import (
    CHANGES_PAGE,
    CHANGES_SHEET,
    CHANGES_TABLE,
    changes_list,
    is_changes_list,
)
from tierwise.report.changes_page import ShownChange, ShownPicture, changes_page
from tierwise.storage.files import files_for, join
from tierwise.storage.thumbnail_files import thumbnails_below


def publish_comparison(compared: Compared, into: str, *, table: str) -> dict[str, Any]:
    """Write both into a folder; what the comparison says, as JSON. `table` is csv or parquet.

    Raises:
        InputError: a table cannot be read, or something else lies where the list or page would.
    """
    lists = {"csv": join(into, CHANGES_SHEET), "parquet": join(into, CHANGES_TABLE)}
    changes, page = lists.pop(table), join(into, CHANGES_PAGE)
    check_page(page)
    thumbnails = {found: thumbnails_below(found) for found in _folders(compared)}
    names = {folder: one.names() for folder, one in thumbnails.items()}
    shown = ShownChanges(pa.array(sorted(set().union(*names.values())), pa.string()))
    with changes_list(changes, compared.tasks) as written:

        def take(met: pa.Table) -> None:
            written.add(met)
            shown.add(met)

        go_through(compared, take)
    for stale in lists.values():
        if files_for(stale).exists(stale) and is_changes_list(stale):
            files_for(stale).delete(stale)
    chosen = shown.chosen(_pictures(compared))
    keys = list(dict.fromkeys(one.key for some in chosen.values() for one in some))
    images: dict[str, str] = {}
    for folder, one in thumbnails.items():
        images |= page_pictures(one, names[folder], keys)
    facts = _facts(compared) | {"changes": changes, "page": page}
    html = changes_page(facts, _by_task(compared, chosen, images))
    files_for(page).write(page, html.encode())
    return facts


def _folders(compared: Compared) -> tuple[str, str]:
    """The new one last: its thumbnails are preferred."""
    return compared.old.folder, compared.new.folder


def _pictures(compared: Compared) -> dict[Key, int]:
    return {
        (number, *pair): pictures
        for number, sums in enumerate(compared.sums)
        for pair, pictures in sums.pairs.items()
    }


def _by_task(
    compared: Compared, chosen: Mapping[Key, Sequence[ChangedPicture]], images: Mapping[str, str]
) -> dict[str, list[ShownChange]]:
    numbers = {key: number for number, key in enumerate(images, start=1)}
    found: dict[str, list[ShownChange]] = {task.new.name: [] for task in compared.tasks}
    for (number, old, new), pictures in chosen.items():
        task = compared.tasks[number]
        cards = tuple(
            ShownPicture(numbers[one.key], images[one.key], one.uri, one.page)
            for one in pictures
            if one.key in images  # those beyond what a page may weigh
        )
        change = ShownChange(told_answer(task.old, old), told_answer(task.new, new), cards)
        found[task.new.name].append(change)
    return found


def _facts(compared: Compared) -> dict[str, Any]:
    sides = {"old": compared.old_side, "new": compared.new_side}
    runs = {"old": compared.old, "new": compared.new}
    archive = max(side.pictures for side in sides.values())
    counted = counted_labels(compared)
    tasks: Mapping[str, Any] = {
        task.new.name: {
            **task_facts(task, sums, counted, sample=compared.sample),
            "scores": scores(task.new.name, {name: found.run for name, found in runs.items()}),
        }
        for task, sums in zip(compared.tasks, compared.sums, strict=True)
    }
    return {
        "emulated": compared.emulated,
        "sample": compared.sample,
        "archive_pictures": archive,
        **{
            name: side_facts(runs[name].run, runs[name].folder, sides[name], archive)
            for name in sides
        },
        "compared": sum(one["compared"] for one in tasks.values()),
        "changed": sum(one["changed"] for one in tasks.values()),
        "tasks": tasks,
        "tasks_only_in_old": list(compared.only_old),
        "tasks_only_in_new": list(compared.only_new),
    }
