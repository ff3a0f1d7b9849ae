"""Worker processes end with their launcher, whether they have asked anything yet or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, time
from tierwise.answerer import ServiceKind
from tierwise.answering.plan import Plan
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.questions import as_written
from tierwise.storage.process import Process, _began
from tierwise.tasks import load_tasks
from dataclasses import replace
from tierwise.transforms.asking_fn import AskingFn, SharedEngine

launcher = replace(Process.this(), pid=int(sys.argv[1]), began=_began(int(sys.argv[1])))
tasks = load_tasks('model: gemini-3.1-flash-lite\\ntasks: {a: {prompt: "?", labels: [b, c]}}\\n',
                   path="tasks.yaml")
plan = Plan(as_written(tasks), Service(ServiceKind.EMULATOR), JournalFiles(sys.argv[2], "run", 1),
            launcher=launcher)
AskingFn(SharedEngine(plan)).setup()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_worker_that_has_asked_nothing_ends_as_well(tmp_path: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as launcher,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(launcher.pid), str(tmp_path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        ) as worker,
    ):
        try:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n"
            assert worker.poll() is None
            launcher.kill()
            launcher.wait()
            assert worker.wait(20) == 1
        finally:
            launcher.kill()
            worker.kill()
