"""What was seen of an archive, in lines for the terminal and the head of the file. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.first_tasks.look import Look
from tierwise.forecast.survey import Survey
from tierwise.shown import counted, shown
from tierwise.skipped_files import skipped_lines

_MOST_ENDINGS = 8
_MOST_FOLDERS = 5
_MOST_COLUMNS = 8


def seen_lines(uri: str, look: Look, survey: Survey, table: str) -> Iterator[str]:
    """A line for each thing that was seen; where a part was listed, numbers are estimates."""
    scale = survey.files / look.files if look.files else 0.0
    about = "about " if look.files < survey.files else ""
    endings = look.endings.most_common(_MOST_ENDINGS)
    kinds = ", ".join(f"{round(n * scale):,} {ending or 'others'}" for ending, n in endings)
    if others := look.endings.total() - sum(n for _, n in endings):
        kinds += f", {round(others * scale):,} more"
    yield f"{uri}: {about}{counted_files(survey.files)}: {kinds}."
    yield from _pages(survey)
    yield from skipped_lines(survey.skipped.facts())
    yield from _folders(look)
    if table:
        yield f"{table} is a table about these pictures: --labels={table} takes its columns along."
    if look.columns:
        names = [shown(name) for name in look.columns][:_MOST_COLUMNS]
        more = ", ..." if len(look.columns) > _MOST_COLUMNS else ""
        yield f"Columns: {', '.join(names)}{more}."
    column, values = look.label_column
    if values:
        yield (
            f"The column {column} has {len(values)} values, such as {values[0]}: they look like "
            "labels, and are those of the task category."
        )


def counted_files(number: int) -> str:
    """A number of files, with commas.

    >>> counted_files(1), counted_files(1234)
    ('1 file', '1,234 files')
    """
    return "1 file" if number == 1 else f"{number:,} files"


def _pages(survey: Survey) -> Iterator[str]:
    seen = [file for stratum in survey.strata for file in stratum.seen]
    if any(len(file.images) > 1 for file in seen):
        yield (
            f"Some have several pages, and each page is a picture: about "
            f"{survey.about_images:,} pictures in all."
        )
    if foreign := sum(file.foreign for file in seen):
        yield (
            f"Of {counted(len(seen), 'file')} that were looked into, {foreign} cannot be read as a "
            "picture. Each will be a row of failures, and costs nothing."
        )


def _folders(look: Look) -> Iterator[str]:
    below = [name for name in look.folders if name]
    if not below:
        return
    most = [name for name, _ in look.folders.most_common() if name][:_MOST_FOLDERS]
    more = ", ..." if len(below) > _MOST_FOLDERS else ""
    number = f"{len(below):,}" + (" or more" if look.more_folders else "")
    yield f"Folders with pictures: {number}: {', '.join(map(shown, most))}{more}."
    if look.folder_labels and not look.label_column[0]:
        yield (
            f"Their names look like labels, {len(look.folder_labels)} of them: they are those of "
            "the task category."
        )
    elif look.group_by == "folder":
        yield (
            "They look like groups: a task with `per: folder` gives all pictures of a folder one "
            "answer."
        )
