"""Processes that shrink pictures: what comes of calls, and of those that a process dies of."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests import picture_work as work
from tests.killed_children import killed_children
from tierwise.answering.prepare import prepare_file
from tierwise.errors import ImageError, MachineError
from tierwise.images.limits import Limits
from tierwise.records import ImageFile, ImageSettings, Reason
from tierwise.scheduling.shrinkers import (
    Shrinkers,
    ShrinkersAside,
    ShrinkingProcesses,
    ShrinkingThreads,
    shrinkers,
    shrinkers_for,
)
from tierwise.storage.thumbnail_files import ThumbnailFiles

Result = TypeVar("Result")
EXAMPLES = Path(__file__).parents[3] / "examples" / "archive"


def a_file(name: str) -> ImageFile:
    return ImageFile(name, name, 1, f"sha256:{name}", {})


def with_shrinkers(
    use: Callable[[ShrinkingProcesses], Awaitable[Result]], count: int = 2
) -> Result:
    async def run() -> Result:
        shrinkers = ShrinkingProcesses(count)
        try:
            return await use(shrinkers)
        finally:
            await shrinkers.close()

    return asyncio.run(run())


def test_calls_are_shared_out_and_none_is_mixed_up() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[tuple[str, int]]:
        calls = (shrinkers.call(work.process_of, a_file(str(number))) for number in range(60))
        return await asyncio.gather(*calls)

    found = with_shrinkers(use)
    assert [name for name, _ in found] == [str(number) for number in range(60)]
    processes = {process for _, process in found}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_what_is_raised_is_raised_here() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> bytes:
        with pytest.raises(ImageError, match="a: no picture") as refusal:
            await shrinkers.call(work.refused, a_file("a"))
        assert refusal.value.reason is Reason.UNREADABLE
        with pytest.raises(ZeroDivisionError, match="b") as bug:
            await shrinkers.call(work.broken, a_file("b"))
        assert "in broken" in bug.value.__notes__[0]
        with pytest.raises(RuntimeError, match="UnsayableError: c and more"):
            await shrinkers.call(work.unsayable, a_file("c"))
        with pytest.raises(Exception, match="pickle") as stuck:
            await shrinkers.call(work.unpicklable, a_file("d"))
        assert "in a process that shrinks" in stuck.value.__notes__[0]
        return await shrinkers.call(work.large_reply, a_file("c"), size=3_000_000)

    assert with_shrinkers(use) == b"c" * 3_000_000


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_costs_its_own_picture_alone(number: signal.Signals) -> None:
    names = [f"{place}-{'bad' if place in (3, 17) else 'good'}" for place in range(24)]

    async def use(shrinkers: ShrinkingProcesses) -> list[Any]:
        calls = (shrinkers.call(work.dies, a_file(name), number) for name in names)
        return await asyncio.gather(*calls, return_exceptions=True)

    for name, came in zip(names, with_shrinkers(use), strict=True):
        if "good" in name:
            assert came == name
        else:
            assert isinstance(came, ImageError)
            assert came.reason is Reason.UNREADABLE
            assert str(came) == f"{name}: the decoder crashed on this file ({number.name})."


def test_who_was_killed_is_asked_again_and_one_bad_picture_costs_itself_alone(
    tmp_path: Path,
) -> None:
    names = [f"{place}-{'bad' if place in (3, 17) else 'good'}" for place in range(24)]

    async def use(shrinkers: ShrinkingProcesses) -> tuple[str, list[Any]]:
        first = await shrinkers.call(work.dies_once, a_file("a"), str(tmp_path / "mark"))
        calls = (shrinkers.call(work.dies, a_file(name), signal.SIGKILL) for name in names)
        return first, await asyncio.gather(*calls, return_exceptions=True)

    first, found = with_shrinkers(use)
    assert first == "a"
    for name, came in zip(names, found, strict=True):
        if "good" in name:
            assert came == name
        else:
            assert isinstance(came, ImageError)
            assert came.reason is Reason.UNREADABLE
            assert str(came).startswith(f"{name}: the process that decoded it was ended (SIGKILL)")


def test_pictures_that_end_processes_never_stop_a_run_where_a_plain_one_comes_back() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[Any]:
        calls = (shrinkers.call(work.dies, a_file(f"bad {n}"), signal.SIGKILL) for n in range(6))
        return await asyncio.gather(*calls, return_exceptions=True)

    found = with_shrinkers(use)
    assert [one.reason for one in found] == [Reason.UNREADABLE] * 6


def test_where_processes_are_killed_over_any_picture_none_is_to_blame() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[Any]:
        calls = (shrinkers.call(work.spends, a_file(f"good {n}"), 0.3) for n in range(5))
        return await asyncio.gather(*calls, return_exceptions=True)

    with killed_children(b"shrinker_process"):
        found = with_shrinkers(use)
    assert sum(isinstance(one, ImageError) for one in found) == 3
    messages = [str(one) for one in found if isinstance(one, MachineError)]
    assert len(messages) == 2
    assert any("of 4 pictures 4 did not come back" in one for one in messages)
    assert all("The last of them: good" in one for one in messages)


def test_those_that_died_in_company_share_a_process_apart(tmp_path: Path) -> None:
    """One picture crashes; what was under way beside it comes back from one other process."""

    async def use(shrinkers: ShrinkingProcesses) -> list[Any]:
        files = [a_file("mad"), *(a_file(f"{n}") for n in range(12))]
        calls = (shrinkers.call(work.dies_beside_others, one, str(tmp_path), 12) for one in files)
        return await asyncio.gather(*calls)

    found = with_shrinkers(use, count=1)
    assert len(set(found)) == 1


def test_groups_that_have_ended_are_not_kept() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> int:
        await shrinkers.call(work.process_of, a_file("good"))
        gc.collect()  # what other tests left open is not to end in between
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers
        for number in range(4):
            with pytest.raises(ImageError):
                await shrinkers.call(work.dies, a_file(f"bad {number}"), signal.SIGSEGV)
        await shrinkers.call(work.process_of, a_file("good"))
        return len(os.listdir("/proc/self/fd")) - before  # noqa: PTH208 - numbers

    assert with_shrinkers(use, count=1) == 0


def test_the_end_waits_for_all_of_them_also_where_the_first_is_gone() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[int]:
        calls = (shrinkers.call(work.process_of, a_file(str(number))) for number in range(40))
        processes = sorted({process for _, process in await asyncio.gather(*calls)})
        [first] = [one for one in processes if _parent_of(one) == os.getpid()]
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(0.2)
        call = asyncio.create_task(shrinkers.call(work.spends, a_file("last"), 1.0))
        await asyncio.sleep(0.2)
        call.cancel()
        return processes

    assert not any(Path(f"/proc/{process}/fd/0").exists() for process in with_shrinkers(use))


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_large_files_are_held_by_turns(tmp_path: Path) -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[bool]:
        mark = str(tmp_path / "mark")
        calls = (shrinkers.call(work.holds_a_large_file, a_file(str(n)), mark) for n in range(20))
        return await asyncio.gather(*calls)

    assert all(with_shrinkers(use))


def test_calls_that_are_given_up_leave_nothing_for_others() -> None:
    async def use(shrinkers: ShrinkingProcesses) -> list[str]:
        for number in range(3):
            call = asyncio.create_task(shrinkers.call(work.spends, a_file("old"), 0.2))
            await asyncio.sleep(0.1 * number)
            call.cancel()
        calls = (shrinkers.call(work.spends, a_file(str(number)), 0.0) for number in range(20))
        return await asyncio.gather(*calls)

    assert with_shrinkers(use) == [str(number) for number in range(20)]


def test_pictures_are_those_that_threads_make(tmp_path: Path) -> None:
    settings = (ImageSettings(max_side=512), ImageSettings(max_side=256))
    paths = [path for path in sorted(EXAMPLES.rglob("*")) if path.is_file()]
    files = [
        ImageFile(str(path), str(path), path.stat().st_size, f"sha256:{number:064x}", {})
        for number, path in enumerate(paths)
    ]

    async def made(shrinkers: ShrinkingProcesses | ShrinkingThreads, folder: Path) -> list[Any]:
        thumbnails = ThumbnailFiles(str(folder))
        calls = (
            shrinkers.call(prepare_file, file, settings, Limits(), thumbnails=thumbnails)
            for file in files
        )
        return [plain(one) for one in await asyncio.gather(*calls, return_exceptions=True)]

    def plain(came: Any) -> Any:
        if isinstance(came, ImageError):
            return str(came)
        return [
            [(one.data, one.features) if hasattr(one, "data") else str(one) for one in pictures]
            for pictures in (page.pictures.values() for page in came)
        ]

    async def in_threads() -> list[Any]:
        with ThreadPoolExecutor(4) as executor:
            return await made(ShrinkingThreads(executor), tmp_path / "threads")

    beside = with_shrinkers(lambda shrinkers: made(shrinkers, tmp_path / "processes"))
    assert beside == asyncio.run(in_threads())
    kept = [
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("threads", "processes")
    ]
    assert kept[0] == kept[1]
    assert kept[0]


def test_they_end_and_their_processor_time_is_counted() -> None:
    before = _spent_s()

    async def use(shrinkers: ShrinkingProcesses) -> list[int]:
        calls = (shrinkers.call(work.spends, a_file(str(number)), 0.2) for number in range(6))
        await asyncio.gather(*calls)
        found = (shrinkers.call(work.process_of, a_file(str(number))) for number in range(40))
        return sorted({process for _, process in await asyncio.gather(*found)})

    processes = with_shrinkers(use)
    assert _spent_s() - before > 1.2
    assert len(processes) == 2
    assert not any(Path(f"/proc/{process}").exists() for process in processes)


def _spent_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_they_do_not_outlive_who_started_them() -> None:
    program = (
        "import asyncio, json, os, signal, sys\n"
        "from tierwise.answering.prepare import prepare_file\n"
        "from tierwise.images.limits import Limits\n"
        "from tierwise.records import ImageSettings\n"
        "settings = [ImageSettings(512)]\n"
        "from tests import picture_work as work\n"
        "from tierwise.records import ImageFile\n"
        "from tierwise.scheduling.shrinkers import ShrinkingProcesses\n"
        "async def main():\n"
        "    shrinkers = ShrinkingProcesses(2)\n"
        "    pictures = [ImageFile(path, path, 1, '', {}) for path in sys.argv[1:]]\n"
        "    calls = (shrinkers.call(prepare_file, one, settings, Limits()) for one in pictures)\n"
        "    await asyncio.gather(*calls, return_exceptions=True)\n"  # some by helpers
        "    files = [ImageFile(str(n), '', 1, '', {}) for n in range(40)]\n"
        "    calls = (shrinkers.call(work.process_of, file) for file in files)\n"
        "    print(json.dumps(sorted({p for _, p in await asyncio.gather(*calls)})), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *map(str, filter(Path.is_file, EXAMPLES.rglob("*")))],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        check=False,
    )
    assert ended.stdout, ended.stderr[-2000:]
    processes = json.loads(ended.stdout)
    assert len(processes) == 2
    until = time.monotonic() + 10
    while any(Path(f"/proc/{process}/fd/0").exists() for process in processes):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_nothing_is_imported_from_where_the_command_runs(tmp_path: Path) -> None:
    """An archive of a stranger may be the working directory; the command has not it in its path."""
    for name in ("pickle", "struct", "json", "numpy", "resource"):
        (tmp_path / f"{name}.py").write_text("open('imported', 'a').close()\n")
    program = (
        "import asyncio, sys\n"
        "from contextlib import suppress\n"
        "from tierwise.answering.prepare import prepare_file\n"
        "from tierwise.errors import ImageError\n"
        "from tierwise.emulator.config import EmulatorConfig\n"
        "from tierwise.emulator.embedded import running_emulator\n"
        "from tierwise.images.limits import Limits\n"
        "from tierwise.records import ImageFile, ImageSettings\n"
        "from tierwise.scheduling.shrinkers import ShrinkingProcesses\n"
        "async def main():\n"
        "    shrinkers = ShrinkingProcesses(2)\n"
        "    files = [ImageFile(path, path, 1, '', {}) for path in sys.argv[1:]]\n"
        "    settings = [ImageSettings(512)]\n"
        "    calls = (shrinkers.call(prepare_file, file, settings, Limits()) for file in files)\n"
        "    found = await asyncio.gather(*calls, return_exceptions=True)\n"
        "    await shrinkers.close()\n"
        "    print(sum(isinstance(one, list) for one in found))\n"
        "with running_emulator(EmulatorConfig()):\n"
        "    asyncio.run(main())\n"
        "for path in sys.argv[1:]:\n"  # some by a helper of this process
        "    with suppress(ImageError):\n"
        "        prepare_file(ImageFile(path, path, 1, '', {}), [ImageSettings(512)], Limits())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-P", "-c", program, *map(str, filter(Path.is_file, EXAMPLES.rglob("*")))],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parents[1])},
        timeout=60,
        check=False,
    )
    assert int(ended.stdout or 0) > 30, ended.stderr[-2000:]
    assert not (tmp_path / "imported").exists()


def test_threads_do_where_there_is_no_room_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def started(executor: Executor) -> Shrinkers:
        return await shrinkers(2, executor)

    with ThreadPoolExecutor(1) as executor, monkeypatch.context() as change:
        change.setattr(tempfile, "tempdir", "/nowhere")
        assert isinstance(asyncio.run(started(executor)), ShrinkingThreads)
        with pytest.raises(FileNotFoundError):
            ShrinkersAside(2)
        change.setattr(tempfile, "tempdir", None)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken = set(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - numbers
        few = [number for number in range(limits[0]) if number not in taken][12]
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, limits[1]))
        try:
            assert isinstance(asyncio.run(started(executor)), ShrinkingThreads)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_small_archives_and_single_cores_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for asking, most in ((True, 4), (False, 8)):
        found = [shrinkers_for(files, asking=asking) for files in (10, 199, 200, 10**8)]
        assert found == [0, 0, most, most]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3})
    assert shrinkers_for(1000, asking=True) == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert shrinkers_for(1000, asking=False) == 0
