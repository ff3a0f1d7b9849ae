"""The labels of a task, from its keys: a plain list, a list with meanings, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tierwise.answers.labels import OneLabel, SeveralLabels, check_count
from tierwise.answers.written_words import twins, twins_told
from tierwise.shown import shown
from tierwise.tasks.examples import NamedPicture
from tierwise.tasks.keys import LIST_OF_LABELS, TaskKeys, quote_it
from tierwise.tasks.label_files import ReadFile, inline_labels, read_label_file
from tierwise.tasks.yaml_text import Document
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel


def read_labels(
    document: Document, name: str, keys: TaskKeys, read: ReadFile
) -> tuple[OneLabel | SeveralLabels, tuple[NamedPicture, ...]]:
    """The answer type of a task with labels, and the pictures that these name.

    Raises:
        TasksError: the file cannot be read, or two labels cannot be told apart, or there are too
            few; the message names the lines.
    """
    place = ("tasks", name, "labels")
    written, from_file = keys.labels, isinstance(keys.labels, str)
    if isinstance(written, list):
        for index, item in enumerate(written):
            if not isinstance(item, str | dict):
                raise document.error((*place, index), _no_label(document, (*place, index), item))
    elif not from_file:
        raise document.error(place, f"the value is {shown(written)}. {LIST_OF_LABELS}")
    meanings = isinstance(written, list) and any(isinstance(item, dict) for item in written)
    if meanings:  # whose places say the file, the task and the key
        taxonomy = grow(inline_labels(document, place, written), back_off=keys.back_off)
    else:
        if not from_file:
            _refuse_twins(document, place, written)
        with document.at(*place):
            labels = (
                read_label_file(written, read) if from_file else [WrittenLabel(n) for n in written]
            )
            taxonomy = grow(labels, back_off=keys.back_off)
    if keys.back_off and not taxonomy.is_tree:
        raise document.error(
            ("tasks", name, "back_off"), "true, but no label has a parent. Remove it."
        )
    if keys.max_labels and not keys.multiple:
        raise document.error(
            ("tasks", name, "max_labels"), "it has no effect without `multiple: true`. Remove it."
        )
    with document.at(*place):
        check_count(len(taxonomy.options), multiple=keys.multiple)
    known = taxonomy if taxonomy.says_more else None
    named = tuple(
        NamedPicture(label.name, picture, label.place)
        for label in taxonomy.labels
        for picture in label.examples
    )
    if keys.multiple:
        return SeveralLabels(taxonomy.options, known, keys.max_labels), named
    return OneLabel(taxonomy.options, known), named


def _refuse_twins(document: Document, place: tuple[str, ...], items: Sequence[str]) -> None:
    """Refuse labels of which a person or a database could not tell which is meant."""
    if pair := twins(items):
        how = twins_told(items[pair[0]], items[pair[1]])
        line = document.line((*place, pair[0]))
        raise document.error((*place, pair[1]), f"{how}; see line {line}. Remove one.")


def _no_label(document: Document, place: Sequence[object], item: Any) -> str:
    if isinstance(item, list):
        return f"the value is {shown(item)}. {LIST_OF_LABELS}"
    return quote_it(document, place, item)
