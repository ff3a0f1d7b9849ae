"""What a run leaves, for programs and notebooks."""

from __future__ import annotations

from html import escape
from io import StringIO
from typing import Any

from tierwise.accounts.table_names import ANSWERS, COSTS, FAILURES, FILES, WIDE, answers_table
from tierwise.beam_pipeline.door.table import Table
from tierwise.beam_pipeline.terminal.screen import kept_console
from tierwise.beam_pipeline.terminal.summary import print_end
from tierwise.errors import InputError
from tierwise.publishing.finished_run import open_finished_run
from tierwise.shown import suggestion
from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import join


class RunResult(dict[str, Any]):
    """A run: the content of `run.json`, as a mapping, and the tables beside it.

    `run["status"]`, `run["changes"]` and so on are as in `run.json`. In a notebook it shows itself
    as the end of `tierwise run` does.
    """

    def __init__(self, run: dict[str, Any], output: str) -> None:
        super().__init__(run)
        self.output = output

    @property
    def totals(self) -> dict[str, Any]:
        """Requests, tokens and dollars; these are texts, as in `run.json`: exact."""
        found: dict[str, Any] = self["totals"]
        return found

    @property
    def exit_status(self) -> int:
        """That of the command: 0 done, 3 rows are left for a later run, 4 batch jobs go on."""
        return int(self["exit_status"])

    @property
    def page(self) -> str:
        """Where the page for people lies, empty where there is none."""
        return join(self.output, self["page"]) if self.get("page") else ""

    @property
    def tasks(self) -> list[str]:
        """The tasks that have a table of answers."""
        tables = dict.fromkeys(one["file"].rpartition("/")[0] for one in self["tables"])
        return [name.partition("=")[2] for name in tables if name.startswith(f"{ANSWERS}/")]

    @property
    def failures(self) -> Table:
        """What has no answer, with the reason."""
        return self.table(FAILURES)

    @property
    def costs(self) -> Table:
        """What each task and outcome has cost."""
        return self.table(COSTS)

    @property
    def wide(self) -> Table:
        """One row for each picture, a column for each task."""
        return self.table(WIDE)

    @property
    def files(self) -> Table:
        """One row for each file, with what became of it since the last run."""
        return self.table(FILES)

    def answers(self, task: str | None = None) -> Table:
        """The answers to a task; to the only one, where no name is given.

        Raises:
            InputError: there is no such task, or more than one.
        """
        names = self.tasks
        if task is None and len(names) == 1:
            return self.table(answers_table(names[0]))
        if task is None:
            raise InputError(f"answers: name one of the tasks {', '.join(names)}.")
        if task not in names:
            raise InputError(f"answers({task!r}): {suggestion(task, names, 'tasks')}")
        return self.table(answers_table(task))

    def table(self, name: str) -> Table:
        """Any table, by its folder below the output, such as "counts" or "new/failures".

        Raises:
            InputError: the run has left none of this name.
        """
        listed = [one for one in self["tables"] if one["file"].rpartition("/")[0] == name]
        if not listed:
            known = sorted({one["file"].rpartition("/")[0] for one in self["tables"]})
            raise InputError(f"{self.output}: no table {name!r}. {suggestion(name, known, 'ones')}")
        paths = tuple(join(self.output, one["file"]) for one in listed)
        return Table(name, paths, sum(one["rows"] for one in listed))

    def __repr__(self) -> str:
        return f"<tierwise run {self['run_id']}: {self['status']}, {self.output}>"

    def _repr_html_(self) -> str:
        """The end of the run, and the way to its page, for a notebook."""
        told = StringIO()
        print_end(dict(self), self.output, kept_console(told))
        link = f'<p><a href="{escape(self.page)}" target="_blank">Page</a></p>' if self.page else ""
        return f"<pre>{escape(told.getvalue().strip())}</pre>{link}"


def open_run(output: str) -> RunResult:
    """The finished run that lies in an output folder, on a disk or in a bucket.

    Raises:
        InputError: there is none, or it has not come to its end.
    """
    folder = local_path(str(output))
    folder = folder.rstrip("/") or folder
    return RunResult(dict(open_finished_run(folder).run), folder)
