"""Files of an export, each put whole in the place of that of an earlier one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import quote

from tierwise.errors import InputError
from tierwise.exports.coco import coco_pieces
from tierwise.exports.csv_sheet import MOST_ROWS, csv_lines
from tierwise.exports.fiftyone import fiftyone_data, fiftyone_labels
from tierwise.exports.json_lines import json_lines
from tierwise.exports.json_pieces import json_list
from tierwise.exports.label_studio import (
    TASKS_PER_FILE,
    label_studio_tasks,
    labeling_config,
)
from tierwise.exports.picture import Picture
from tierwise.publishing.export_record import ExportRecord
from tierwise.publishing.pictures_by_name import PicturesByName
from tierwise.report.gallery import address
from tierwise.shown import counted
from tierwise.storage.files import files_for, join
from tierwise.storage.shown_names import path_of

SIDECARS = "xmp"


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """The forms that are files, below a folder; Label Studio serves the folder `served`."""

    pictures: PicturesByName
    into: str
    served: str = "/"

    def write(self, form: str) -> Iterator[str]:
        """Write a form, and give what there is to say.

        Raises:
            InputError: a file of that name is no export, or was changed since.
            OSError: it cannot be written.
        """
        writers: Mapping[str, Callable[[], Iterator[str]]] = {
            "csv": self._csv,
            "jsonl": self._json_lines,
            "label-studio": self._label_studio,
            "fiftyone": self._fiftyone,
            "coco": self._coco,
        }
        yield from writers[form]()

    def served_at(self, picture: Picture) -> str:
        """Where Label Studio fetches a picture: in the bucket, or from its server's disk."""
        where = address(picture.uri, self.pictures.run.relative_to)
        if "://" in where:
            return where
        path = os.path.relpath(path_of(where), self.served)
        if path.startswith(".."):
            raise InputError(
                f"--label_studio_root={self.served}: {where} does not lie below it, so that Label "
                "Studio could not show it. Name the folder that its server serves files from."
            )
        return f"/data/local-files/?d={quote(os.fsencode(path))}"

    def _csv(self) -> Iterator[str]:
        uri = self._put("pictures.csv", csv_lines(self.pictures.run, self.pictures))
        rows = len(self.pictures)
        yield f"CSV: {uri}: {counted(rows, 'picture')}"
        if rows >= MOST_ROWS:
            yield f"Excel shows the first {MOST_ROWS:,} lines of a file; other programs read all."

    def _json_lines(self) -> Iterator[str]:
        lines = json_lines(self.pictures.run, self.pictures)
        uri = self._put("pictures.jsonl", lines)
        yield f"JSON Lines: {uri}: {counted(len(self.pictures), 'picture')}"

    def _label_studio(self) -> Iterator[str]:
        run, folder = self.pictures.run, join(self.into, "label-studio")
        self._put("label-studio/labeling.xml", [labeling_config(run)])
        tasks = label_studio_tasks(run, ((self.served_at(one), one) for one in self.pictures))
        written = 0
        for first in tasks:
            written += 1
            some = chain([first], islice(tasks, TASKS_PER_FILE - 1))
            self._put(f"label-studio/tasks-{written}.json", json_list(some))
        self._delete_from(written + 1)
        yield (
            f"Label Studio: {folder}: {counted(len(self.pictures), 'task')} in "
            f"{counted(written, 'file')} to import, and labeling.xml for the project's settings"
        )

    def _delete_from(self, number: int) -> None:
        """Files that an earlier, larger export has left."""
        while True:
            name = f"label-studio/tasks-{number}.json"
            if not ExportRecord(self.into).has_as_written(name):
                return
            uri = join(self.into, name)
            files_for(uri).delete(uri)
            number += 1

    def _fiftyone(self) -> Iterator[str]:
        self._check_labels("fiftyone")
        run = self.pictures.run
        for task in run.label_tasks:
            folder = f"fiftyone/{task.name}"
            self._put(f"{folder}/data.json", fiftyone_data(self.pictures, self._path))
            labels = fiftyone_labels(run, task, self.pictures)
            uri = self._put(f"{folder}/labels.json", labels)
            yield f"FiftyOne: {uri.removesuffix('/labels.json')}: task {task.name}"

    def _path(self, picture: Picture) -> str:
        """Where a file lies; as tables have it where it is not UTF-8, which JSON cannot hold."""
        where = address(picture.uri, self.pictures.run.relative_to)
        path = path_of(where)
        return where if _has_bytes(path) else path

    def _coco(self) -> Iterator[str]:
        self._check_labels("coco")
        for task in self.pictures.run.label_tasks:
            pieces = coco_pieces(self.pictures.run, task, self.pictures)
            uri = self._put(f"coco/{task.name}.json", pieces)
            yield f"COCO: {uri}: {counted(len(self.pictures), 'image')}"

    def _check_labels(self, form: str) -> None:
        if not self.pictures.run.label_tasks:
            raise InputError(f"--to={form}: takes tasks with labels, and there is none.")

    def _put(self, name: str, pieces: Iterable[bytes]) -> str:
        return ExportRecord(self.into).put(name, pieces)


def _has_bytes(path: str) -> bool:
    """Whether some of a name are bytes that are not UTF-8."""
    return any("\ud800" <= sign <= "\udfff" for sign in path)
