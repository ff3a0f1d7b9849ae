"""What tests of one shard within a purse share: its journal, and engines that use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.answerer import ServiceKind
from tierwise.answering.plan import Plan
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.questions import as_written
from tierwise.scheduling.engine import Engine
from tierwise.tasks import load_tasks


@dataclass(frozen=True)
class ShardDesk:
    """One shard whose journal lies in `folder`; the emulator is at `url`."""

    folder: Path
    url: str

    @contextmanager
    def engine(self, tasks: str, run: str, **plan: Any) -> Iterator[Engine]:
        """An engine of one run, closed at the end."""
        engine = Engine(
            Plan(
                as_written(load_tasks(tasks, path="tasks.yaml")),
                Service(ServiceKind.EMULATOR, self.url, timeout_s=5.0),
                JournalFiles(str(self.folder), run, digits=0),
                **plan,
            )
        )
        try:
            yield engine
        finally:
            engine.close()

    def paid(self, run: str = "later") -> int:
        """Nano-dollars that runs before this one paid."""
        journal = JournalFiles(str(self.folder), run, digits=0)
        return sum(journal.paid_before(name).cost for name in journal.paid_folders())

    def forget(self) -> None:
        """Delete the journal."""
        shutil.rmtree(self.folder, ignore_errors=True)
