"""`tierwise review`: pictures for people to label, drawn at random or worth most."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.beam_pipeline.chosen_sheet import choose, write_chosen
from tierwise.beam_pipeline.corrected import corrections_in
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.counts.corrections import (
    COLUMNS,
    SEED,
    Correction,
    filled,
    written_answer,
)
from tierwise.counts.draw import Drawn
from tierwise.errors import InputError
from tierwise.exports.forms import LABEL_STUDIO
from tierwise.publishing.draw_review import DrawnPicture, draw, in_turn
from tierwise.publishing.export_files import ExportFiles
from tierwise.publishing.finished_run import FinishedRun, open_finished_run
from tierwise.publishing.pictures_by_name import pictures_by_name
from tierwise.publishing.review_tasks import write_review_tasks
from tierwise.report.gallery import address
from tierwise.report.task_facts import AskedTask
from tierwise.shown import counted, suggestion
from tierwise.spreadsheets import sheet
from tierwise.storage.files import files_for, join

SHEET = "review-random.csv"
_MOST_LABELS_TOLD = 30

Lines = Sequence[tuple[DrawnPicture, str]]


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Write the sheet, or tasks of Label Studio, and say what to do with it."""
    del beam_flags  # the command line refuses them for this verb
    if (settings.random is None) == (settings.most_valuable is None):
        raise InputError(
            "review: give --random=200 for pictures that counts and calibrate can use, or "
            "--most_valuable=200 for those whose answers are most worth a correction."
        )
    output = settings.output.rstrip("/") or settings.output
    found = open_finished_run(output)
    asked = found.asked
    tasks = _tasks(asked, settings.task)
    if settings.most_valuable:
        return _write_chosen(found, tasks, settings)
    seed, relative_to = settings.seed, found.run.get("relative_to", "")
    drawn = [(task.name, draw(found, task.name, settings.random, seed)) for task in tasks]
    lines = in_turn(drawn)
    if not lines:
        raise InputError(f"--output={output}: its run has asked about no pictures.")
    if settings.to == LABEL_STUDIO:
        wanted = {(one.content_hash, one.page): one.uri for one, _ in lines}
        return _write_tasks(found, tasks, settings, wanted)
    uri = join(output, SHEET)
    before = _filled_in(uri, asked, lines, seed)
    text = sheet((*COLUMNS, SEED), (_row(*one, before, relative_to, seed) for one in lines))
    try:
        files_for(uri).write(uri, text)
    except OSError as error:
        raise InputError(f"{uri}: cannot be written: {error.strerror or error}.") from error
    _say(uri, settings.random, tasks, lines, len(before))
    return 0


def _write_chosen(found: FinishedRun, tasks: Sequence[AskedTask], settings: Settings) -> int:
    chosen = choose(found, tasks, settings.most_valuable)
    if not any(some for _, some in chosen):
        print("Nothing is in doubt, rare or changed here: there is no picture to begin with.")
        return 0
    if settings.to == LABEL_STUDIO:
        wanted = {(one.content_hash, one.page): one.uri for _, some in chosen for one in some}
        return _write_tasks(found, tasks, settings, wanted)
    kinds = {task.name: _kind(task) for task in found.asked if task.labels}
    try:
        said = write_chosen(found, chosen, kinds)
    except OSError as error:
        raise InputError(f"{found.folder}: cannot be written: {error.strerror}.") from error
    print("\n".join(said))
    return 0


def _write_tasks(
    found: FinishedRun,
    tasks: Sequence[AskedTask],
    settings: Settings,
    wanted: dict[tuple[str, int], str],
) -> int:
    drawn = Drawn.RANDOM if settings.random else Drawn.CHOSEN
    seed = settings.seed if settings.random else None
    with pictures_by_name(found, [task.name for task in tasks]) as pictures:
        files = ExportFiles(pictures, found.folder, settings.label_studio_root)
        try:
            said = write_review_tasks(files, wanted, drawn, seed)
        except OSError as error:
            raise InputError(f"{found.folder}: cannot be written: {error.strerror}.") from error
    print("\n".join(said))
    return 0


def _tasks(asked: Sequence[AskedTask], wanted: str | None) -> list[AskedTask]:
    """The tasks to label: those with labels that were asked of pictures, not of groups."""
    able = [task for task in asked if task.labels and not task.audit_of and not task.per]
    if wanted is None and able:
        return able
    names = [task.name for task in able]
    if wanted is None:
        raise InputError("--output: its run asked no task with labels, which alone are counted.")
    if wanted not in names:
        raise InputError(
            f"--task={wanted}: is no task of this run that has labels and looks at pictures. "
            f"{suggestion(wanted, names, 'tasks')}"
        )
    return [task for task in able if task.name == wanted]


def _filled_in(
    uri: str, asked: Sequence[AskedTask], lines: Lines, seed: int
) -> dict[tuple[str, int, str], Correction]:
    """What people have filled into the sheet that is there.

    Raises:
        InputError: it cannot be read, or the new sheet would lose some of it.
    """
    if not files_for(uri).exists(uri):
        return {}
    kinds = {task.name: _kind(task) for task in asked if task.labels}
    found = corrections_in(uri, kinds)
    for first, second, *_ in found.disagreements:
        raise InputError(
            f"{uri}: {first.where} and {second.where} say different things about the same picture "
            "and task. Keep one of them."
        )
    said = {one.key: one for one in filled(found.said)}
    wanted = {(one.content_hash, one.page, task) for one, task in lines}
    if lost := [one for key, one in said.items() if key not in wanted or one.seed != seed]:
        raise InputError(
            f"{uri}: {counted(len(lost), 'line')} that people have filled in would be lost, such "
            f"as {lost[0].where}. Draw at least as many pictures with the same seed and tasks, "
            "or move the file."
        )
    return said


def _kind(task: AskedTask) -> AnswerType:
    """The answers of a task, as `run.json` tells them."""
    return OneLabel(task.labels) if task.answers is OneLabel else SeveralLabels(task.labels)


def _row(
    one: DrawnPicture,
    task: str,
    before: dict[tuple[str, int, str], Correction],
    relative_to: str,
    seed: int,
) -> list[str]:
    said = before.get((one.content_hash, one.page, task))
    answer, by = (written_answer(said), said.by) if said else ("", "")
    place = address(one.uri, relative_to)
    return [place, str(one.page), one.content_hash, task, answer, by, str(Drawn.RANDOM), str(seed)]


def _say(uri: str, wanted: int, tasks: Sequence[AskedTask], lines: Lines, kept: int) -> None:
    pictures = len({(one.content_hash, one.page) for one, _ in lines})
    said = f"Sheet: {uri}: {counted(pictures, 'picture')}, {counted(len(lines), 'line')} to fill in"
    print(f"{said}, {kept} of them filled in before." if kept else f"{said}.")
    if pictures < wanted:
        print(f"There are no {wanted} pictures: all are drawn, and nothing is left to estimate.")
    print("Write into the column answer what is right, from the top, and leave out nothing:")
    for task in tasks:
        labels = ", ".join(task.labels[:_MOST_LABELS_TOLD])
        more = ", ..." if len(task.labels) > _MOST_LABELS_TOLD else ""
        several = " (several as a; b)" if task.answers is SeveralLabels else ""
        print(f"  {task.name}{several}: {labels}{more}; none where no label fits")
    print("What the run answered is not shown: who sees an answer tends to agree with it.")
    print(f"Then run the same tierwise run once more with --corrections={uri}: it counts.")
