"""`tierwise forget`: one picture out of an output; what it cost stays in the account."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime

from tierwise.accounts.table_names import PAGE_FILE, RUN_FILE
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.kept_lease import kept
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.writable import unwritable
from tierwise.errors import InputError, LeaseLostError
from tierwise.forgetting.forget import Removed, forget
from tierwise.forgetting.going import Going, content_of
from tierwise.journal.lines import VERSION
from tierwise.journal.run_id import new_run_id
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease, take_lease
from tierwise.publishing.written_before import LEASES, TOTALS_FILE
from tierwise.shown import counted
from tierwise.storage.files import files_for, join
from tierwise.storage.shown_names import path_of

Lines = Iterator[str]


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Forget it, and say what was removed where."""
    del beam_flags  # the command line refuses them for this verb
    output = settings.output.rstrip("/") or settings.output
    wanted = _wanted(settings)
    run_id = new_run_id(datetime.now(UTC))
    try:
        with ExitStack() as held:
            leases = [held.enter_context(_lease(folder, run_id)) for folder in _leases(output)]

            def check() -> None:
                for lease in leases:
                    lease.check()

            removed = forget(output, wanted, run_id, check)
    except LeaseLostError as error:
        print(f"tierwise: {plain(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        raise unwritable(settings.output, error) from error
    for line in _told(removed, output):
        print(plain(line))
    return 0


def _wanted(settings: Settings) -> Going:
    """Raises InputError unless there is either a name or a content."""
    if (settings.uri is None) == (settings.content is None):
        raise InputError("Give either --uri or --content: the picture that is to be forgotten.")
    if settings.uri is not None:
        return Going(names=frozenset({settings.uri}))
    return Going(contents=frozenset({content_of(settings.content)}))


def _leases(output: str) -> list[str]:
    """Where those who write into an output take their leases; raises InputError if it is none."""
    files, found = files_for(output), list[str]()
    if files.exists(join(output, RUN_FILE)) or files.folders(join(output, "journal")):
        found.append(join(output, "journal", "runs"))
    if files.exists(join(output, TOTALS_FILE)):
        found.append(join(output, LEASES))
    if not found:
        raise InputError(f"--output={output}: tierwise has left nothing there.")
    return found


@contextmanager
def _lease(folder: str, run_id: str) -> Iterator[Lease]:
    """Raises InputError where a run is going on."""
    record = new_record(run_id, untraced_requests=0, journal_version=VERSION)
    lease = take_lease(folder, record)
    try:
        with kept(lease, lambda _: None):  # whoever puts tables in place looks for itself
            yield lease
    finally:
        if folder.endswith(LEASES):
            lease.release()
        else:
            lease.end(untraced_requests=0)


def _told(removed: Removed, output: str) -> Lines:
    going = removed.going
    what = ", ".join(sorted(going.names)) or min(going.contents)
    if removed.done_before:
        yield f"{what}: was forgotten before; there is nothing left of it."
        return
    yield f"Forgotten: {what}"
    yield from _counts(removed, output)
    for content in sorted(going.shared):
        yield (
            f"Other names have the same content, {content}: its answers in the journal and its "
            "thumbnails stay for them. --content takes all of it."
        )
    if going.names:
        yield (
            "What the journal says of earlier versions of the file stays, under their hashes, for "
            "no table knows these: --content takes one."
        )
    yield "What it cost stays in the account, and counts under a cap."
    for job in removed.jobs:
        yield f"Google may still have files of the batch job {job}: the next run deletes them."
    twin = going.shared and not going.contents
    again = "gives it rows again" if twin else "asks, and pays, for it again"
    for place in sorted(removed.places):
        with suppress(OSError, InputError):
            if files_for(place).exists(path_of(place)):
                yield (
                    f"{place} is still there. A later run that sees it {again}: delete it, or "
                    "leave it out of the input, before the next run."
                )


def _counts(removed: Removed, output: str) -> Lines:
    for table, rows in sorted(removed.rows.items()):
        yield f"  {table}: {counted(rows, 'row')}"
    if removed.lines:
        yield f"  journal: {counted(removed.lines, 'line')}, of which only money is left"
    if removed.intents:
        yield f"  journal: its content in {counted(removed.intents, 'file')} of requests under way"
    if removed.requests:
        yield f"  requests: all {removed.requests} that were kept for debugging"
    if removed.thumbnails:
        yield f"  thumbnails: {counted(removed.thumbnails, 'picture')}"
    if removed.unnamed_thumbnails:
        several = counted(removed.unnamed_thumbnails, "picture")
        yield f"  thumbnails: {several} of no table, as of earlier versions of a file"
    if removed.pictures:
        yield f"  pictures that were drawn: {counted(removed.pictures, 'file')}"
    if removed.small_files:
        yield f"  small files: {counted(removed.small_files, 'picture')}"
    for uri in removed.lists:
        yield f"  {uri}: its lines"
    yield from _exports(removed)
    for uri in removed.comparisons:
        yield f"  {uri}: deleted; tierwise compare makes it anew"
    if removed.page == PAGE_FILE:
        yield f"  {join(output, PAGE_FILE)}: made anew"
    elif removed.page:
        yield f"  {join(output, PAGE_FILE)}: deleted, for it could not be made anew"


def _exports(removed: Removed) -> Lines:
    for uri in removed.reviews:
        yield f"  {uri}: deleted; tierwise review makes it anew"
    for uri in removed.exports:
        yield f"  {uri}: deleted; tierwise export makes it anew"
    for uri in removed.left:
        yield f"  {uri}: names it still: take it out yourself, for it is not as export wrote it"
