"""The end of a run for people, in the order in which they ask."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from tierwise.accounts.ending import EarlyEnd, how_to_go_on
from tierwise.accounts.table_names import RUN_FILE
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.terminal.answers_table import print_answers
from tierwise.beam_pipeline.terminal.evaluation_table import (
    print_audit,
    print_escalated,
    print_evaluation,
    print_near_duplicates,
)
from tierwise.beam_pipeline.terminal.failures_table import print_failures
from tierwise.beam_pipeline.terminal.forms_lines import print_forms, print_packs
from tierwise.beam_pipeline.terminal.money import print_money
from tierwise.beam_pipeline.terminal.others_answers import others_answers
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.calibration.labelling import LABEL
from tierwise.shown import counted
from tierwise.storage.files import join

_EMULATED = "EMULATED: these answers and dollars come from a local emulator, not from Gemini."


def print_summary(run: dict[str, Any], job: Job, console: Console) -> None:
    """Print the tables and lines of a finished run; `run` is the content of `run.json`."""
    console.print()
    # What is in the pictures?
    for task in job.plan.questions.with_rows:
        if not task.audit:
            print_answers(task, run["tasks"][task.name], job.output, console)
    # Is it right?
    for task, found in run.get("evaluation", {}).items():
        judged = job.judged[task]
        if LABEL in judged.truth:
            say(console, f"{task}: held against the manifest's column {LABEL}")
        several = bool(judged.kind.options()) and not judged.kind.choices()
        print_evaluation(task, found, console, several_labels=several)
    for task, found in run.get("audit", {}).items():
        print_audit(task, found, console)
    for task in job.plan.questions.with_rows:
        print_forms(task, run["tasks"][task.name], console)
    print_packs(run, console)
    print_escalated(run["tasks"], console)
    print_near_duplicates(run, console)
    # What has no answer, and what can be done about it?
    print_failures(run, job.output, console)
    # What did it cost, and what would it have cost?
    print_money(run, job.output, console)
    # How did it end, and where is everything?
    _print_ending(run, job.output, console)


def _print_ending(run: dict[str, Any], output: str, console: Console) -> None:
    if rows := run["repeated_rows"]:
        say(
            console,
            f"Warning: rows of the manifest that name an image once more, left out: {rows}.",
        )
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
    for line in others_answers(run):
        say(console, line)
    if run["emulated"]:
        say(
            console,
            "EMULATED: these answers and dollars come from a local emulator, not from Gemini.",
        )
    say(console, f"Tables: {output}/wide, {output}/answers, {output}/failures, {output}/costs")
    say(console, f"Totals: {join(output, RUN_FILE)}")
