"""The journal without what it says of a picture; what was paid stays, and counts.

Every step can be taken twice, so that whoever is killed in between begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from tierwise.batches.job_files import BatchJob, JobFiles
from tierwise.errors import InputError
from tierwise.journal.intents import FOLDER as INTENTS
from tierwise.journal.intents import without_contents
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.lines import Entry, with_money_alone
from tierwise.storage.files import files_for, join

_SET_ASIDE = "set-aside"

Goes = Callable[[Entry | None], bool]


def check_no_jobs_left(journal: str, unfinished: str) -> None:
    """See that no batch job brings answers later, and no run with such jobs goes on.

    Args:
        journal: its folder.
        unfinished: the run that has not come to its end, if there is one.

    Raises:
        InputError: one does.
    """
    jobs = JobFiles(journal).all()
    if left := [job for job in jobs if job.open or job.order.run_id == unfinished]:
        raise InputError(
            f"a run with batch jobs has not come to its end ({left[-1].order.display_name}): what "
            "they bring is journaled later. Start the same tierwise run again until it ends with "
            "another status than 4, then forget."
        )


def forget_lines(journal: str, contents: Collection[str], member_ids: Collection[str]) -> int:
    """Take from all lines about it everything but the money; how many these were.

    Lines of its shards that cannot be read may be about it, and go too. A part of a request about
    a group lies in the group's shard, wherever that is.
    """
    digests = [content.rpartition(":")[2] for content in contents]
    gone = 0
    for folder, shard in _shards(journal):
        ours = any(digest.startswith(shard) for digest in digests)
        if ours or member_ids:
            gone += _forget_in(folder, _goes(contents, member_ids, unread=ours))
    return gone


def forget_intents(journal: str, contents: Collection[str]) -> int:
    """Take it from what was written down before it was sent; in how many files it was."""
    files, folder, changed = files_for(journal), join(journal, INTENTS), 0
    uris = [stat.uri for stat in files.walk(folder)] if contents else []
    for uri, data in zip(uris, files.read_all(uris), strict=True):
        kept = without_contents(data, contents)
        if kept != data:
            files.write(uri, kept, durable=True)
            changed += 1
    return changed


def remove_leftovers(journal: str) -> list[BatchJob]:
    """Delete what batch jobs asked, of which none is open; jobs whose files Google may still have.

    Parts that no job came to ask are written again by the next run.
    """
    jobs = JobFiles(journal)
    known = jobs.all()
    for job in known:
        jobs.remove_parts(job)
    for part in jobs.all_written():
        files_for(part.folder).remove_folder(part.folder)
    jobs.remove_left()
    return [job for job in known if job.name and not job.tidied]


def _goes(contents: Collection[str], member_ids: Collection[str], *, unread: bool) -> Goes:
    def goes(entry: Entry | None) -> bool:
        if entry is None:
            return unread
        return entry.content_hash in contents or entry.request_id in member_ids

    return goes


def _shards(journal: str) -> Iterator[tuple[str, str]]:
    """Folders of lines with their shards: those of answers, and those of damaged objects."""
    for shard in JournalFiles(journal, "", 1).folders():
        yield join(journal, shard), shard
    aside = join(journal, _SET_ASIDE)
    files = files_for(aside)
    for run in files.folders(aside):
        for shard in files.folders(join(aside, run)):
            yield join(aside, run, shard), shard


def _forget_in(folder: str, goes: Goes) -> int:
    files, gone = files_for(folder), 0
    uris = [stat.uri for stat in files.walk(folder)]
    for uri, data in zip(uris, files.read_all(uris), strict=True):
        kept, lines = with_money_alone(data, name=uri, goes=goes)
        if lines:
            files.write(uri, kept, durable=True)
            gone += lines
    return gone
