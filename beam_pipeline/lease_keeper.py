"""Takes the lease of an output folder for a job that asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from tierwise.beam_pipeline.job import Job, handed_over
from tierwise.beam_pipeline.runners.workers import (
    in_this_process,
    on_this_machine,
    worker_processes,
)
from tierwise.beam_pipeline.writable import unwritable
from tierwise.drawn import PICTURES
from tierwise.journal.attempts import end_attempts
from tierwise.journal.intents import begin_intents, tidy_intents
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.left_under_way import named_under_way, untraced
from tierwise.journal.lines import VERSION
from tierwise.journal.people_files import PeopleFiles
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease, sign_earlier, take_lease
from tierwise.publishing.closing import settle_earlier
from tierwise.publishing.fenced_write import remove_unwritten
from tierwise.scheduling.shrinkers import shrinkers_for
from tierwise.scheduling.worst_cases import dearest_request
from tierwise.storage.files import files_for, join
from tierwise.storage.thumbnail_files import thumbnails_below

# How often processes on this machine look whether others are refused too.
_LOOK_S = 1.0


def begin(job: Job, *, workers: int, handed_over: bool) -> Lease:
    """Take the lease, and tidy up after runs that were killed.

    Args:
        job: what is to run.
        workers: the most processes that ask at a time, where that is known.
        handed_over: whether the workers keep the lease, because they may outlive this process.

    Raises:
        InputError: another run is going on, or the output cannot be written.
    """
    journal = job.plan.journal
    record = new_record(
        journal.run_id,
        untraced_requests=job.plan.requests_in_flight * (1 if handed_over else workers),
        journal_version=VERSION,
        handed_over=handed_over,
        dearest_request=dearest_request(job.plan, job.on),
        answerer=job.plan.service.answerer,
        intents=True,
    )
    try:
        lease = take_lease(journal.runs, record, take_over=job.take_over)
        end_attempts(journal.folder)  # before anybody looks what these have left under way
        sign_earlier(journal.runs, journal.reading.runs)
        begin_intents(journal.folder, journal.run_id)
        for run in lease.earlier_runs():
            if run.record.run_id != lease.record.took_over:  # it may write some yet
                tidy_intents(journal.folder, run.record.run_id)
        remove_unwritten(job.output)
        settle_earlier(job.output, lease.check)
        pictures = join(job.output, PICTURES)
        for folder in (journal.folder, thumbnails_below(job.output).folder, pictures):
            files_for(folder).remove_unfinished(folder)
    except OSError as error:
        raise unwritable(job.output, error) from error
    return lease


def take_job(job: Job, options: PipelineOptions) -> tuple[Lease, Job]:
    """Take the lease of a job's output; the job that comes back knows who keeps it.

    It also knows what earlier runs may have paid for requests that they left under way.

    Raises:
        InputError: another run is going on, or the output cannot be written.
    """
    here = on_this_machine(options)
    lease = begin(job, workers=worker_processes(options), handed_over=not here)
    counts = job.plan.journal.reading.counts
    runs = lease.earlier_runs()
    dearest, asking = dearest_request(job.plan, job.on), lease.record.run_id
    lost = untraced(runs, dearest, counts, asking=asking)
    facts = {**job.facts, "left_under_way": named_under_way(runs, counts)}
    if lease.record.took_over:
        facts["took_over"] = _taken_over(lease)
    journal = replace(job.plan.journal, number=lease.number)
    _write_down(journal, lease)
    journal = replace(journal, reading=replace(journal.reading, said=(), taken_back=frozenset()))
    job = replace(job, facts=facts, untraced=lost, plan=replace(job.plan, journal=journal))
    if not here:
        return lease, handed_over(job, lease)
    plan = replace(job.plan, launcher=lease.record.process)
    if in_this_process(options):
        plan = replace(plan, shrinkers=shrinkers_for(job.files_asked, asking=True))
    else:
        plan = replace(plan, look_s=_LOOK_S)
    return lease, replace(job, plan=plan)


def _write_down(journal: JournalFiles, lease: Lease) -> None:
    """Keep what people say, so that it holds in this run and in all later ones."""
    reading = journal.reading
    if not (reading.said or reading.taken_back):
        return
    files = PeopleFiles(journal.folder)
    new = [replace(word, since=journal.run_id, told_in=journal.run_id) for word in reading.said]
    files.write(files.read().told(new, reading.taken_back), f"{lease.number:08}-{journal.run_id}")


def _taken_over(lease: Lease) -> dict[str, Any]:
    """What `run.json` says of the run that the output was taken from."""
    before = next(run for run in reversed(lease.earlier_runs()))
    return {
        "run_id": before.record.run_id,
        "host": before.record.process.host,
        "started_at": before.record.started_at,
        "last_sign_of_life": before.record.heartbeat_at,
        "requests_maybe_under_way": before.untraced_requests(),
    }


def taken_over_warning(job: Job) -> str:
    """What a take-over risks, empty where there was none."""
    before = job.facts.get("took_over")
    if not before:
        return ""
    return (
        f"--take_over: took the output from {before['run_id']} on {before['host']}, last sign of "
        f"life {before['last_sign_of_life']}. If it is alive after all, it stops within three "
        "minutes, and what both ask until then is paid twice, besides what it has under way (at "
        f"most {before['requests_maybe_under_way']:,} requests). It can change no table."
    )
