"""A command's own process ends with its status, and leaves nothing unsaid or undone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tierwise.beam_pipeline.own_process import import_for_good

START = """
import atexit, sys, threading, time
from tierwise.beam_pipeline.own_process import run_as_process
class Last:
    def __del__(self):
        print("taken apart")
last = Last()
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", START + program]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_everything_is_said_and_done_before_it_ends() -> None:
    program = """
def work():
    atexit.register(print, "left in order")
    threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
    print("half a line", end=" ", file=sys.stderr)
    return 3
run_as_process(work)
"""
    done = run(program)
    assert (done.returncode, done.stderr) == (3, "half a line ")
    assert done.stdout.splitlines() == ["thread", "left in order"]


def test_an_error_ends_it_as_any_process() -> None:
    done = run("run_as_process(lambda: 1 // 0)")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert done.stdout == "taken apart\n"


def test_a_refusal_of_the_flags_keeps_its_status() -> None:
    assert run("run_as_process(lambda: sys.exit(2))").returncode == 2


def test_output_that_cannot_be_written_is_no_success() -> None:
    done = run("sys.stdout = open('/dev/full', 'w')\nrun_as_process(lambda: print('x') or 0)")
    assert done.returncode != 0
    assert "No space left" in done.stderr


@pytest.mark.parametrize(
    ("before", "status"),
    [("", 1), ("signal.signal(signal.SIGINT, signal.SIG_IGN)", 0)],  # as of a shell's `&`
)
def test_ctrl_c_is_never_lost_in_an_import(tmp_path: Path, before: str, status: int) -> None:
    """Python drops what is raised while an object is freed, and goes on."""
    (tmp_path / "lossy.py").write_text(
        "import signal\n"
        "class Freed:\n"
        "    def __del__(self):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "Freed()\n"
    )
    program = f"""
import signal
from tierwise.beam_pipeline.own_process import import_for_good
{before}
sys.path.insert(0, {str(tmp_path)!r})
run_as_process(lambda: import_for_good("lossy") and 0)
"""
    done = run(program)
    assert done.returncode == status
    assert done.stderr == ("tierwise: interrupted before anything was asked.\n" if status else "")


def test_ctrl_c_is_python_s_again_after_an_import() -> None:
    import_for_good("json")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_garbage_is_looked_for_again_after_an_import() -> None:
    assert import_for_good("json").__name__ == "json"
    assert gc.isenabled()
    gc.unfreeze()


@pytest.mark.parametrize("verb", [["--help"], ["show", "--output=nowhere"], ["forget"]])
def test_nobody_has_to_listen(verb: list[str]) -> None:
    """As behind `| head`, which has what it wants."""
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "tierwise", *verb]
    heard = subprocess.run(words, capture_output=True, check=False)
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    unheard = subprocess.run(words, stdout=write, stderr=write, check=False)
    os.close(write)
    assert done.stderr == heard.stderr
    assert done.returncode == unheard.returncode == heard.returncode


def test_the_work_goes_on_unheard() -> None:
    read, write = os.pipe()
    os.close(read)
    program = (
        "import sys\nfrom tierwise.beam_pipeline.own_process import run_as_process\n"
        "def work():\n    print('x' * 100_000, flush=True)\n    print('y')\n    return 3\n"
        "run_as_process(work)"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (3, b"")
