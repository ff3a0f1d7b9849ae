"""What the names of an archive's files say: kinds, folders, and what looks like labels. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from tierwise.answers.comparing import cell_text
from tierwise.answers.written_words import plain_words, same_name, without_joiners
from tierwise.records import Scalar

# More folders, or values of a column, than that are no labels, and are not held.
_MOST_HELD = 5_000
_MOST_LABELS = 60
_LONGEST_LABEL = 60
# Fewer files to a folder, or rows to a value, tell of no label.
_FEWEST_OF_A_LABEL = 3
_SHARE_IN_FOLDERS = 0.9
# Groups of this size are asked about together.
_GROUP = range(2, 51)
_FEWEST_GROUPS = 3
_LONGEST_ENDING = 5
# Words, not years, numbers or names that a camera gives.
_WORD = re.compile(r"[^\W\d_][^\d]*\d{0,2}")
_GENERAL = {
    *(
        "archive",
        "archiv",
        "bilder",
        "camera",
        "camera roll",
        "data",
        "dataset",
        "dcim",
        "download",
    ),
    *("downloads", "export", "exports", "files", "foto", "fotos", "images", "image", "img", "misc"),
    *("new", "old", "originals", "photo", "photos", "pics", "pictures", "raw", "scan", "scans"),
    *("test", "tmp", "train", "upload", "uploads", "val", "validation"),
}
# Columns that say what a picture shows.
_LABEL_COLUMNS = (
    "category",
    "label",
    "class",
    "truth",
    "kind",
    "type",
    "old_label",
    "old_category",
)
_DOCUMENTS = {"pdf", "tif", "tiff"}


@dataclass(slots=True)
class Look:
    """Names that have been seen, summed up.

    `folders` are those that files lie in directly, as paths below the input. `tables` are names of
    files that may be manifests. `columns` are a manifest's, with how often each value was there;
    those with too many values are None.
    """

    files: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    tables: list[str] = field(default_factory=list)
    columns: dict[str, Counter[str] | None] = field(default_factory=dict)
    more_folders: bool = False

    def add(self, name: str, cells: Mapping[str, Scalar]) -> None:
        """Take in one file, by its name below the input."""
        self.files += 1
        folder, _, file = name.rpartition("/")
        ending = file.rpartition(".")[2].lower() if "." in file else ""
        self.endings[ending if len(ending) <= _LONGEST_ENDING else ""] += 1
        if folder in self.folders or len(self.folders) < _MOST_HELD:
            self.folders[folder] += 1
        else:
            self.more_folders = True
        for column, cell in cells.items():
            self._add_cell(column, cell)

    def _add_cell(self, column: str, cell: Scalar) -> None:
        values = self.columns.setdefault(column, Counter())
        if values is None or cell in (None, ""):
            return
        values[cell_text(cell)] += 1
        if len(values) > _MOST_HELD:
            self.columns[column] = None

    @property
    def holds_documents(self) -> bool:
        """Whether most files are scans or documents with pages."""
        return 2 * sum(self.endings[one] for one in _DOCUMENTS) > self.files

    @property
    def folder_labels(self) -> tuple[str, ...]:
        """Names of folders that may be labels of what lies in them; none where they say no more."""
        if self.more_folders:
            return ()
        names = Counter[str]()
        for folder, files in self.folders.items():
            names[folder.rpartition("/")[2]] += files
        return _labels(names, self.files)

    @property
    def label_column(self) -> tuple[str, tuple[str, ...]]:
        """A column that says what pictures show, and its values; empty without one."""
        by_name = {plain_words(column): column for column in self.columns}
        for name in _LABEL_COLUMNS:
            values = self.columns.get(by_name.get(name, ""))
            if values and (found := _labels(values, sum(values.values()))):
                return by_name[name], found
        return "", ()

    @property
    def group_by(self) -> str:
        """What groups of pictures may be made by: `folder`, a column, or nothing."""
        for column, values in self.columns.items():
            if not values or column == self.label_column[0] or not _is_plain(column):
                continue
            if _are_groups(values.values()):
                return column
        in_folders = [files for folder, files in self.folders.items() if folder]
        grouped = sum(in_folders) >= _SHARE_IN_FOLDERS * self.files and not self.folder_labels
        return "folder" if grouped and _are_groups(in_folders) else ""


def _labels(names: Counter[str], files: int) -> tuple[str, ...]:
    """The names that are words, the most frequent first, if nearly all files have one."""
    words: dict[str, str] = {}
    counts = Counter[str]()
    for name, number in names.most_common():
        same, plain = same_name(name.strip()), name.strip()
        if _is_label(plain) and plain_words(plain) not in _GENERAL:
            words.setdefault(same, plain)
            counts[same] += number
    few = 2 <= len(words) <= _MOST_LABELS
    enough = sum(counts.values()) >= max(_SHARE_IN_FOLDERS * files, _FEWEST_OF_A_LABEL * len(words))
    return tuple(words[same] for same, _ in counts.most_common()) if few and enough else ()


def _is_label(name: str) -> bool:
    short = len(name) <= _LONGEST_LABEL
    return short and _is_plain(name) and _WORD.fullmatch(name) is not None


def _is_plain(name: str) -> bool:
    return without_joiners(name).isprintable()


def _are_groups(sizes: Iterable[int]) -> bool:
    some = list(sizes)
    return len(some) >= _FEWEST_GROUPS and round(median(some)) in _GROUP
