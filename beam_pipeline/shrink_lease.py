"""Takes the lease of an output of `optimize`, which has no journal."""

from __future__ import annotations

from apache_beam.options.pipeline_options import PipelineOptions

from tierwise.beam_pipeline.runners.workers import on_this_machine
from tierwise.beam_pipeline.writable import unwritable
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease, take_lease
from tierwise.publishing.written_before import LEASES
from tierwise.storage.files import join


def take_output(
    output: str, run_id: str, options: PipelineOptions, *, take_over: bool = False
) -> Lease:
    """Begin to shrink into an output.

    Raises:
        InputError: another run is going on, or the output cannot be written.
    """
    away = not on_this_machine(options)
    record = new_record(run_id, untraced_requests=0, journal_version=VERSION, handed_over=away)
    try:
        return take_lease(join(output, LEASES), record, take_over=take_over)
    except OSError as error:
        raise unwritable(output, error) from error
