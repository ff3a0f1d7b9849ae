"""`tierwise compare`: which answers changed between two outputs, and where they lie."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.temporary_folder import temporary_folder
from tierwise.beam_pipeline.terminal.comparison_tables import print_comparison
from tierwise.beam_pipeline.terminal.screen import print_document, screen
from tierwise.errors import InputError
from tierwise.publishing.compare_runs import open_both
from tierwise.publishing.publish_comparison import publish_comparison
from tierwise.storage.files import files_for


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Write the list and its page, and say what they come to."""
    del beam_flags  # the command line refuses them for this verb
    old, new = (folder.rstrip("/") or folder for folder in (settings.old, settings.new))
    compared = open_both(old, new)
    into = settings.into.rstrip("/") or settings.into if settings.into else new
    try:
        files_for(into).try_to_write(into)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{into}: cannot be written: {reason}.") from error
    with temporary_folder():
        facts = publish_comparison(compared, into, table=settings.table)
    print_comparison(facts, screen(json_wanted=settings.json))
    if settings.json:
        print_document(facts)
    return 0
