"""What a pilot, `--first`, must not do: ask what no later run asks, or hide the tables of more."""

from __future__ import annotations

from tierwise.beam_pipeline.reading_of import read_run_file
from tierwise.errors import InputError, TasksError
from tierwise.publishing.tables_in_place import tables_of_first
from tierwise.questions import Questions


def check_pilot(first: int, output: str | None, questions: Questions) -> None:
    """Refuse a pilot that would pay twice, or put the tables of a part in place of those of more.

    Raises:
        InputError: it is one.
    """
    for task in questions.of_groups:
        raise TasksError(
            f'{questions.path}, task "{task.name}", key "per": with --first={first} the groups '
            "would lack most of their pictures, and all be asked again by the whole run. Leave "
            "the task out of the pilot, or give a manifest of some whole groups as --input."
        )
    run = read_run_file(output) if output else {}
    if not run.get("tables"):
        return
    before = tables_of_first(run)
    if before is None:
        raise InputError(
            f"--first={first}: {output} holds the tables of a whole run, which those of the first "
            f"{first:,} files would replace. Give another --output, or leave out --first: what "
            "was paid is not asked again."
        )
    if before > first:
        raise InputError(
            f"--first={first}: {output} holds the tables of the first {before:,} files, which "
            f"those of fewer would replace. Give --first={before} or more, or another --output."
        )
