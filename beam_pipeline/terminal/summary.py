"""The end of a run for people, in the order in which they ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from tierwise.accounts.ending import EarlyEnd, Status, how_to_go_on
from tierwise.accounts.table_names import FILES, RUN_FILE
from tierwise.beam_pipeline.terminal.answers_table import print_answers
from tierwise.beam_pipeline.terminal.batch_board import is_under_way, left_lines
from tierwise.beam_pipeline.terminal.counts_table import print_counts
from tierwise.beam_pipeline.terminal.evaluation_table import (
    print_asked_again,
    print_audits,
    print_evaluation,
    print_near_duplicates,
)
from tierwise.beam_pipeline.terminal.failures_table import print_failures
from tierwise.beam_pipeline.terminal.forms_lines import print_followed, print_forms, print_packs
from tierwise.beam_pipeline.terminal.money import all_runs_lines, print_money
from tierwise.beam_pipeline.terminal.next_lines import next_lines
from tierwise.beam_pipeline.terminal.others_answers import others_answers
from tierwise.beam_pipeline.terminal.pilot_lines import pilot_lines
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.calibration.labelling import LABEL, OLD_LABEL
from tierwise.known_files import changes_line
from tierwise.local.told import local_lines
from tierwise.report.task_facts import AskedTask
from tierwise.shown import counted
from tierwise.skipped_files import skipped_lines
from tierwise.storage.files import join

EMULATED = "EMULATED: these answers and dollars come from a local emulator, not from Gemini."


def print_end(run: dict[str, Any], output: str, console: Console) -> None:
    """Print how a run ended: its summary, or what its batch jobs wait for."""
    if is_under_way(run):
        for line in left_lines(run):
            say(console, line)
    else:
        print_summary(run, output, console)


def print_summary(run: dict[str, Any], output: str, console: Console) -> None:
    """Print the tables and lines of a finished run: `run` is its `run.json`, beside the tables."""
    asked = {task["name"]: AskedTask.of_document(task) for task in run["asked"]}
    console.print()
    # What is in the pictures?
    for task in asked.values():
        if not task.audit_of:
            print_answers(task, run["tasks"][task.name], output, console)
    # Is it right?
    for name, found in run.get("evaluation", {}).items():
        task = asked[name]
        for column in (task.truth_column, task.old_column):
            if column in (LABEL, OLD_LABEL):
                say(console, f"{column}: held against the answers of {name}")
        several = bool(task.labels) and not task.truth_column
        print_evaluation(name, found, console, several_labels=several)
    print_audits(run, console)
    for line in local_lines(run):
        say(console, line)
    print_counts(run, output, console)
    for task in asked.values():
        print_forms(task, run["tasks"][task.name], console)
    print_followed(run, console)
    print_packs(run, console)
    print_asked_again(run["tasks"], console)
    print_near_duplicates(run, console)
    # What has no answer, and what can be done about it?
    print_failures(run, output, console)
    # What did it cost, and what would it have cost?
    print_money(run, output, console)
    # How did it end, and where is everything?
    _print_ending(run, output, console)
    # And what now? Programs and files have no use for it.
    for line in next_lines(run, output) if console.is_terminal else ():
        say(console, line)


def _label_lines(run: dict[str, Any]) -> Iterator[str]:
    """What did not join of a table of labels."""
    if rows := run.get("unmatched_labels"):
        yield f"Warning: rows of --labels that are about no image of the input: {rows:,}."
    if files := run.get("unlabelled_files"):
        yield f"Files without a row in --labels: {files:,}."
    if files := run.get("conflicting_labels"):
        yield (
            f"Warning: files about which rows of --labels say different things: {files:,}. These "
            "columns are empty there."
        )


def _print_ending(run: dict[str, Any], output: str, console: Console) -> None:
    for line in skipped_lines(run):
        say(console, line)
    if changes := run.get("changes"):
        say(console, changes_line(changes, join(output, FILES)))
    if rows := run["repeated_rows"]:
        say(
            console,
            f"Warning: rows of the manifest that name an image once more, left out: {rows}.",
        )
    for line in _label_lines(run):
        say(console, line)
    if damage := run.get("journal_damage"):
        say(
            console,
            f"Damaged journal objects: {damage['objects']}, set aside in {damage['folder']}. "
            f"{damage['lost_lines']} of their lines could not be read; what they "
            "answered counts as not asked.",
        )
    for gap in run.get("journal_gaps", ()):
        say(
            console,
            f"A part of the journal is gone: the run {gap['run_id']} paid ${gap['cost_usd']} more, "
            f"in {counted(gap['requests'], 'request')}, than its lines tell. It counts as spent; "
            "what these answered was asked again.",
        )
    if early := run.get("ended_early"):
        say(
            console,
            f"ENDED EARLY: {early['message'].rstrip('.')}. Rows left: {early['rows']} "
            f"({early['reason']}). {how_to_go_on(EarlyEnd(**early))}",
        )
    for line in pilot_lines(run):
        say(console, line)
    for line in others_answers(run):
        say(console, line)
    if run["emulated"]:
        say(console, EMULATED)
    say(console, f"Tables: {output}/wide, {output}/answers, {output}/failures, {output}/costs")
    say(console, f"Totals: {join(output, RUN_FILE)}")
    if run.get("page"):
        say(console, f"Page: {join(output, run['page'])}")
    elif "page_problem" in run:
        say(console, f"The page could not be made: {run['page_problem']}. See tierwise report.")


def print_unfinished(
    run: dict[str, Any], output: str, all_runs: dict[str, Any], console: Console
) -> None:
    """Print what there is to say of a run that did not come to its end.

    `run` is its `run.json`, `all_runs` what all runs into the output have paid.
    """
    if is_under_way(run):
        for line in left_lines(run):
            say(console, line)
    refused = run["status"] == Status.REFUSED
    how = "was refused" if refused else "was interrupted, or broke off"
    if not is_under_way(run):
        say(console, f"The last run, {run['run_id']} of {run['started_at']}, {how} before its end.")
    for line in all_runs_lines(all_runs):
        say(console, line)
    if run["tables"]:
        say(console, f"The tables and the page in {output} are those of the run before it.")
    else:
        say(console, "There are no tables yet.")
    if run["emulated"]:
        say(console, EMULATED)
    if is_under_way(run):
        return
    again = "Put right what it was refused for" if refused else "Nothing that was paid is lost"
    say(console, f"{again}: run the same command again, and it goes on from here.")
