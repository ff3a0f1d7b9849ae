"""JSON Lines for programs: one object for each picture, with typed answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import orjson

from tierwise.exports.picture import ExportedRun, Picture, Said


def json_lines(run: ExportedRun, pictures: Iterable[Picture]) -> Iterator[bytes]:
    """The bytes of the file, a line at a time."""
    for picture in pictures:
        yield orjson.dumps(_document(run, picture), option=orjson.OPT_APPEND_NEWLINE)


def _document(run: ExportedRun, picture: Picture) -> dict[str, Any]:
    """Every object has every task, null where it was not asked or has no answer."""
    names = [task.name for task in run.tasks]
    missing = {name: asdict(one) for name, one in picture.missing.items()}
    return {
        "uri": picture.uri,
        "page": picture.page,
        "content_hash": picture.content_hash,
        "bytes": picture.bytes,
        "width": picture.width,
        "height": picture.height,
        "format": picture.format,
        "manifest": dict(picture.columns),
        "answers": {name: _told(picture.answers.get(name)) for name in names},
        "failures": {name: missing.get(name) for name in names},
        "emulated": picture.emulated,
        "run_id": run.run_id,
    }


def _told(said: Said | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        "answer": said.value,
        "label_id": said.label_id,
        "label_path": said.path,
        "model_version": said.model_version,
        "answered_by": said.answered_by,
        "service": said.service,
        "score": said.score,
    }
