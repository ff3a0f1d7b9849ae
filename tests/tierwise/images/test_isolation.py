import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.killed_children import children, killed_children
from tierwise.errors import ImageError, MachineError
from tierwise.images.isolated.isolation import end_helpers
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import Reason

# A decode in the helper that takes seconds, so that something can happen to it meanwhile.
SLOW = "200MP.heic"


def _helpers(parent: int) -> list[int]:
    return children(parent, b"isolated.helper")


def _wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_time_is_bounded_and_the_next_picture_is_served(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    started = time.monotonic()
    with pytest.raises(ImageError, match=r"longer than the limit of 0.2 seconds") as caught:
        shrink(read(SLOW), limits=Limits(seconds=0.2))
    assert caught.value.reason is Reason.UNREADABLE
    assert time.monotonic() - started < 5
    assert shrink(read("hopper.bmp")).width == 128


def test_a_crash_costs_one_picture(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    failure = _failure(shrink, read(SLOW), [signal.SIGSEGV])
    assert failure.message == "victim.heic: the decoder crashed on this file (SIGSEGV)."
    assert shrink(read("hopper.bmp")).width == 128


def test_who_was_killed_is_asked_again(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    failure = _failure(shrink, read(SLOW), [signal.SIGKILL, signal.SIGKILL])
    assert failure.reason is Reason.UNREADABLE
    assert failure.message.startswith(
        "victim.heic: the process that decoded it was ended (SIGKILL), and a second one too."
    )
    assert shrink(read("hopper.bmp")).width == 128


def test_a_machine_that_kills_all_helpers_is_not_blamed_on_pictures(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    """Those that were decoded without a helper count as well, and the lost ones are named."""
    end_helpers()
    for _ in range(20):
        shrink(read("jolla.jpg"))
    with killed_children(b"isolated.helper"), pytest.raises(MachineError) as caught:
        for number in range(400):  # more than one in a hundred of all that this process had
            with suppress(ImageError):
                shrink(read(SLOW), name=f"{number}.heic")
    found = re.search(r"of ([\d,]+) pictures (\d+) did not come back", str(caught.value))
    assert found
    assert int(found[1].replace(",", "")) - int(found[2]) >= 20
    assert re.search(r"The last of them: ([\w.]+, )*\d+\.heic\.", str(caught.value))
    assert shrink(read("hopper.bmp")).width == 128


def _is_gone(process: int) -> bool:
    return process not in _helpers(os.getpid())


def _failure(
    shrink: Callable[..., Picture], slow: bytes, killed: list[signal.Signals]
) -> ImageError:
    """What comes of a picture whose helpers end by these signals."""
    end_helpers()
    outcome = list[ImageError]()

    def victim() -> None:
        with pytest.raises(ImageError) as caught:
            shrink(slow, name="victim.heic")
        outcome.append(caught.value)

    thread = threading.Thread(target=victim)
    thread.start()
    for number in killed:
        _wait_for(lambda: _helpers(os.getpid()))
        time.sleep(0.5)
        (helper,) = _helpers(os.getpid())
        os.kill(helper, number)
        _wait_for(partial(_is_gone, helper))
    thread.join(timeout=20)
    return outcome[0]


def test_many_threads_share_few_helpers(
    read: Callable[[str], bytes], shrink: Callable[..., Picture]
) -> None:
    data = [read(name) for name in ("hopper.bmp", "relax.jp2", "hopper.gif", "page-box.pdf")] * 6
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(shrink, data))
    assert [picture.format for picture in pictures] == ["bmp", "jp2", "gif", "pdf"] * 6
    assert len(_helpers(os.getpid())) <= (os.cpu_count() or 1)


def test_a_forked_child_has_its_own(read: Callable[[str], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(read("jolla.jpg"))
    (tmp_path / "b.bmp").write_bytes(read("hopper.bmp"))
    script = """
import multiprocessing, pathlib, sys
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings

def widths(folder):
    files = sorted(pathlib.Path(folder).iterdir())
    return [optimize(file.read_bytes(), name=file.name, page=1, settings=ImageSettings(100),
                     limits=Limits()).width for file in files]

if __name__ == "__main__":
    before = widths(sys.argv[1])
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(widths, [sys.argv[1]] * 4) == [before] * 4
    print(before)
"""
    file = tmp_path / "script" / "main.py"
    file.parent.mkdir()
    file.write_text(script)
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.bmp"):
        (tmp_path / name).rename(tmp_path / "in" / name)
    done = subprocess.run(
        [sys.executable, str(file), str(tmp_path / "in")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[100, 100]", done.stderr


def test_no_helper_outlives_its_killed_parent(read: Callable[[str], bytes], tmp_path: Path) -> None:
    (tmp_path / "b.bmp").write_bytes(read("hopper.bmp"))
    script = (
        "import sys, time\n"
        "from tierwise.images.optimization import optimize\n"
        "from tierwise.images.limits import Limits\n"
        "from tierwise.records import ImageSettings\n"
        "optimize(open(sys.argv[1], 'rb').read(), name='b', page=1, settings=ImageSettings(9),"
        " limits=Limits())\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "b.bmp")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (helper,) = _helpers(parent.pid)
        parent.kill()
    _wait_for(lambda: not Path(f"/proc/{helper}").exists())
