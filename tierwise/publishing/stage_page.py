"""The page of a run that is being published: made from its staged tables, and put beside them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tierwise.accounts.table_names import PAGE_FILE
from tierwise.publishing.finished_run import FinishedRun
from tierwise.publishing.page_plots import plots_beside
from tierwise.publishing.write_report import build_page
from tierwise.storage.files import files_for, join
from tierwise.storage.thumbnail_files import thumbnails_below

_LOG = logging.getLogger(__name__)


def stage_page(output: str, staging: str, run: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Write the page; gives what `run.json` says of it.

    A page that fails must not keep paid answers from being published: what is wrong is said, and
    `tierwise report` writes it later.

    Args:
        output: where thumbnails and plots lie.
        staging: where the tables lie that `run` lists.
        run: `run.json` to be.
        folder: where the page goes.
    """
    thumbnails = None if run["flags"].get("no_thumbnails") else thumbnails_below(output)
    try:
        html = build_page(FinishedRun(staging, run), thumbnails, plots_beside(output, run))
    except Exception as error:  # noqa: BLE001 - written into run.json and said at the end
        _LOG.exception("the page could not be made")
        return {"page": "", "page_problem": f"{type(error).__name__}: {error}"}
    files_for(folder).write(join(folder, PAGE_FILE), html.encode())
    return {"page": PAGE_FILE}
