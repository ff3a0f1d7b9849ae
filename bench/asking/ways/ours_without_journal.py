"""The same job with a journal that forgets, to see what remembering costs. For this bench alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from bench.asking.ways.arguments import arguments
from bench.asking.ways.ours import flags
from tierwise.beam_pipeline.asked import tasks_of
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.launch import build_job
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.lines import Entry


class Forgetful(JournalFiles):
    """Keeps nothing."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Let them go."""


def main() -> int:
    line = read_command_line(flags(arguments()))
    options = beam_options(line.beam_flags)
    job = build_job(line.settings, tasks_of(line.settings), project="", workers=1)
    journal = job.plan.journal
    forgetful = Forgetful(journal.folder, journal.run_id, journal.digits)
    job = replace(job, plan=replace(job.plan, journal=forgetful))
    console = Console(stderr=True)
    ended = run_pipeline(
        lambda root: define_pipeline(root, job),
        options,
        console,
        verb="asking",
        files=0,
        lease=forgetful.lease,
    )
    return 0 if ended is PipelineEnd.DONE else 1


if __name__ == "__main__":
    sys.exit(main())
