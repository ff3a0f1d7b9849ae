"""A job that ends with the page for people, and keeps thumbnails for it while it asks."""

from __future__ import annotations

from dataclasses import replace

from tierwise.answering.thumbnails import thumbnails_of
from tierwise.beam_pipeline.job import Job
from tierwise.storage.thumbnail_files import thumbnails_below


def with_page(job: Job, *, thumbnails: bool) -> Job:
    """The same job; without `thumbnails` the page has names alone."""
    job = replace(job, page=True)
    if not thumbnails:
        return job
    old_columns = {name: one.old for name, one in job.judged.items() if one.old}
    kept = thumbnails_of(thumbnails_below(job.output), job.files_asked, old_columns)
    return replace(job, plan=replace(job.plan, thumbnails=kept))
