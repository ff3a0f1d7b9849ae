"""`tierwise show`: the end of the last run into an output once more, as the run printed it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from tierwise.accounts.account import all_runs_facts
from tierwise.accounts.admission import Paid
from tierwise.accounts.ending import Status
from tierwise.accounts.table_names import RUN_FILE
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.reading_of import reading_of_last
from tierwise.beam_pipeline.terminal.calibration_table import print_calibration
from tierwise.beam_pipeline.terminal.money import cap_lines
from tierwise.beam_pipeline.terminal.screen import print_document, say, screen
from tierwise.beam_pipeline.terminal.summary import print_summary, print_unfinished
from tierwise.beam_pipeline.trials.trial_names import is_trial
from tierwise.calibration.calibration_file import CALIBRATION_FILE, read_calibration
from tierwise.errors import InputError, TablesError
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.left_under_way import untraced
from tierwise.journal.run_records import all_runs
from tierwise.publishing.check_tables import check_tables
from tierwise.publishing.finished_run import read_last_run
from tierwise.storage.files import files_for, join

# What a `run.json` that is damaged, or of another version, fails with.
_NOT_AS_WRITTEN = (KeyError, TypeError, AttributeError, ValueError, ArithmeticError)


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Print the summary and return the exit status."""
    del beam_flags  # the command line refuses them for this verb
    output = settings.output.rstrip("/") or settings.output
    run = dict(read_last_run(output))
    results = screen(json_wanted=settings.json)
    try:
        with results.capture() as captured:  # half a summary is worse than none
            _show(run, output, results)
    except _NOT_AS_WRITTEN as error:
        wrote = run.get("tierwise", "of unknown version")
        raise InputError(
            f"{join(output, RUN_FILE)}: cannot be shown: {type(error).__name__}: {error}. It is "
            f"damaged, or tierwise {wrote} wrote it otherwise. Run tierwise run into it again: "
            "what was paid is not asked again."
        ) from error
    results.file.write(captured.get())
    if settings.json:
        print_document(run)
    return 0


def _show(run: dict[str, Any], output: str, console: Console) -> None:
    if "ended_at" not in run:
        _check_over(run, output)
        print_unfinished(run, output, _all_runs(run, output), console)
        return
    if all(is_trial(task["name"]) for task in run["asked"]):
        _show_calibration(run, output, console)
        return
    try:
        check_tables(output, run["tables"])
    except TablesError as error:
        raise InputError(str(error)) from error
    print_summary(run, output, console)


def _show_calibration(run: dict[str, Any], output: str, console: Console) -> None:
    uri = join(output, CALIBRATION_FILE)
    if not files_for(uri).exists(uri):
        raise InputError(
            f"--output={output}: was made by neither tierwise run nor calibrate, whose ends alone "
            "are shown again."
        )
    print_calibration(read_calibration(files_for(uri).read(uri), path=uri), uri, console)
    for line in cap_lines(run):
        say(console, line)


def _check_over(run: Mapping[str, Any], output: str) -> None:
    """Refuse a run that goes on; one that was killed could not say so itself."""
    if run["status"] != Status.RUNNING:
        return
    last = all_runs(join(output, "journal", "runs"))[-1:]
    if any(not one.record.seems_over(datetime.now(UTC)) for one in last):
        raise InputError(
            f"--output={output}: its run {run['run_id']} is still going on, begun at "
            f"{run['started_at']}. Wait for its end."
        )


def _all_runs(run: Mapping[str, Any], output: str) -> dict[str, Any]:
    """What all runs into an output paid by its journal, as `all_runs` in `run.json`."""
    reading, folder = reading_of_last(output), join(output, "journal")
    journal = JournalFiles(folder, "show", 1, False, reading)
    paid = sum(map(journal.paid_before, journal.paid_folders()), Paid())
    lost = untraced(all_runs(journal.runs), 0, reading.counts)
    return all_runs_facts(paid, lost, [], run["answerer"]["service"])
