"""`tierwise export`: a finished run in the forms that other programs read."""

from __future__ import annotations

from tierwise.accounts.table_names import EXPORT_FOLDER
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.trials.trial_names import is_trial
from tierwise.errors import InputError, TablesError
from tierwise.exports.forms import XMP, read_forms
from tierwise.publishing.check_tables import check_tables
from tierwise.publishing.export_files import SIDECARS, ExportFiles
from tierwise.publishing.finished_run import FinishedRun, open_finished_run
from tierwise.publishing.pictures_by_name import PicturesByName, pictures_by_name
from tierwise.publishing.sidecars import Naming, Place, Sidecars, SidecarWriter
from tierwise.shown import counted, suggestion
from tierwise.storage.files import join


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Write what is wanted, and say where."""
    del beam_flags  # the command line refuses them for this verb
    output = settings.output.rstrip("/") or settings.output
    found = open_finished_run(output)
    _check(found, output)
    tasks = _tasks(found, settings.task)
    into = settings.into or join(output, EXPORT_FOLDER)
    forms = read_forms(settings.to, "to")
    if settings.remove and forms != (XMP,):
        raise InputError(
            "--remove: goes with --to=xmp alone. Other forms are files of their own: delete "
            f"those in {into}."
        )
    left = 0
    with pictures_by_name(found, tasks) as pictures:
        files = ExportFiles(pictures, into, settings.label_studio_root)
        for form in forms:
            try:
                if form == XMP:
                    left = _write_sidecars(pictures, into, settings)
                else:
                    for line in files.write(form):
                        print(line)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise InputError(f"{into}: cannot be written: {reason}.") from error
        if pictures.run.emulated:
            print("EMULATED: these answers come from a local emulator, not from Gemini.")
    return 1 if left else 0


def _check(found: FinishedRun, output: str) -> None:
    """Refuse tables that are not what was written, and those of a calibration."""
    if all(is_trial(task["name"]) for task in found.run["asked"]):
        raise InputError(
            f"--output={output}: was made by tierwise calibrate or measure, which only try ways "
            "to ask. Name the output of tierwise run."
        )
    try:
        check_tables(output, found.run["tables"])
    except TablesError as error:
        raise InputError(str(error)) from error


def _tasks(found: FinishedRun, written: str | None) -> tuple[str, ...]:
    """The tasks that are wanted; none stands for all."""
    known = [one["name"] for one in found.run["asked"] if not one["audit_of"]]
    wanted = tuple(word.strip() for word in (written or "").split(",") if word.strip())
    if unknown := [name for name in wanted if name not in known]:
        raise InputError(
            f"--task={written}: {unknown[0]} is no task of this run. "
            f"{suggestion(unknown[0], known, 'tasks')}"
        )
    return wanted


def _write_sidecars(pictures: PicturesByName, into: str, settings: Settings) -> int:
    """Gives how many were left as they are."""
    usual = Place.EXPORT if pictures.run.emulated else Place.BESIDE
    place = Place(settings.xmp_place) if settings.xmp_place else usual
    below = join(into, SIDECARS)
    writer = SidecarWriter(below, place, Naming(settings.xmp_names), settings.remove)
    done = writer.write(pictures)
    _say_sidecars(done, "beside the pictures" if place is Place.BESIDE else f"in {below}")
    return done.left


def _say_sidecars(done: Sidecars, where: str) -> None:
    if done.written or done.unchanged or not done.cleared:
        same = f", {done.unchanged} of them as before" if done.unchanged else ""
        print(f"XMP: {counted(done.written + done.unchanged, 'sidecar')} {where}{same}")
    if done.cleared:
        print(f"XMP: what an export wrote was taken out of {counted(done.cleared, 'sidecar')}")
    if done.gone:
        print(f"{counted(done.gone, 'picture')} no longer there: no sidecar was written.")
    if done.left:
        print(f"{counted(done.left, 'sidecar')} left alone, such as {plain(done.example)}.")
        print("--xmp_place=export writes into a folder of their own, beside nothing.")
