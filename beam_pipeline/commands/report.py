"""`tierwise report`: one page for people from a finished run's tables."""

from __future__ import annotations

from tierwise.accounts.table_names import PAGE_FILE
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.errors import InputError
from tierwise.publishing.finished_run import open_finished_run
from tierwise.publishing.own_page import check_page
from tierwise.publishing.page_plots import plots_beside
from tierwise.publishing.write_report import build_page
from tierwise.storage.files import files_for, join
from tierwise.storage.thumbnail_files import thumbnails_below


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Write the page and say where."""
    del beam_flags  # the command line refuses them for this verb
    output = settings.output.rstrip("/") or settings.output
    found = open_finished_run(output)
    uri = join(output, PAGE_FILE)
    check_page(uri)
    thumbnails = None if settings.no_thumbnails else thumbnails_below(output)
    html = build_page(found, thumbnails, plots_beside(output, found.run))
    try:
        files_for(uri).write(uri, html.encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{uri}: cannot be written: {reason}.") from error
    print(f"Page: {uri}")
    return 0
