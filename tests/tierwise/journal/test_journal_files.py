"""The journal on a disk: shards, runs that cut the archive differently, and durable groups."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import Answerer, ServiceKind
from tierwise.journal.journal_files import Damage, JournalFiles, shard_digits, shard_of
from tierwise.journal.journal_writer import JournalWriter
from tierwise.journal.lines import Entry
from tierwise.journal.reading import Reading
from tierwise.records import Spent


def entry(number: int, cost: int = 1, run: str = "run-1") -> Entry:
    digest = f"{number * 7919 % 65536:04x}{number:04x}"
    return Entry(run, f"sha256:{digest}", f"r{number}", wasted=Spent(cost=cost))


def recalled(files: JournalFiles) -> Counter[str]:
    """What each request cost, over all shards; a request in two shards would count twice."""
    costs: Counter[str] = Counter()
    for shard in {shard_of(entry(number).content_hash, files.digits) for number in range(40)}:
        for request_id, spent in files.read(shard).wasted.items():
            costs[request_id] += spent.cost
    return costs


@pytest.mark.parametrize("written", [1, 2, 3])
@pytest.mark.parametrize("read", [1, 2, 3])
def test_a_run_finds_what_another_cut_finer_or_coarser(
    tmp_path: Path, written: int, read: int
) -> None:
    JournalFiles(str(tmp_path), "run-1", written).write([entry(n, n + 1) for n in range(40)])
    JournalFiles(str(tmp_path), "run-1", 2).write([entry(n, 1000) for n in range(20, 40)])
    found = recalled(JournalFiles(str(tmp_path), "run-1", read))
    assert found == {f"r{n}": n + 1 + 1000 * (n >= 20) for n in range(40)}


def test_an_object_per_shard_under_a_name_of_its_own(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)
    for _ in range(2):
        files.write([entry(n) for n in range(30)])
    paths = list(tmp_path.rglob("*.jsonl"))
    shards = {shard_of(entry(n).content_hash, 1) for n in range(30)}
    assert Counter(path.parent.name for path in paths) == dict.fromkeys(shards, 2)
    assert all(path.name.startswith("run-1-") for path in paths)


def test_what_is_no_journal_object_is_left_alone(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)
    files.write([entry(0)])
    (tmp_path / "0" / ".half.tmp").write_text("{")
    assert recalled(files) == {"r0": 1}


def test_a_damaged_object_is_set_aside_and_its_whole_lines_are_kept(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)
    files.write([replace(entry(0), request_id=f"r{n}") for n in range(3)])
    (path,) = tmp_path.rglob("*.jsonl")
    damaged = path.read_bytes()[:-9]
    path.write_bytes(damaged)
    other = JournalFiles(str(tmp_path), "run-2", 1)
    for _ in range(2):  # whoever comes later finds it mended
        files.read("0")
        assert other.read("0").wasted == {}
        assert set(files.read("0").wasted) == {"r0", "r1"}
    (aside,) = (tmp_path / "set-aside" / "run-1" / "0").iterdir()
    assert aside.read_bytes() == damaged
    assert files.damage() == Damage(1, 1, str(tmp_path / "set-aside" / "run-1"))
    assert other.damage().objects == 0


def test_lost_lines_of_an_emulator_cost_nothing_real(tmp_path: Path) -> None:
    emulator, gemini = Answerer(ServiceKind.EMULATOR, "tierwise/1"), Answerer(ServiceKind.VERTEX)
    signed = [replace(entry(0), request_id=f"r{n}", answerer=emulator) for n in range(3)]
    JournalFiles(str(tmp_path), "run-1", 1).write(signed)
    (path,) = tmp_path.rglob("*.3.jsonl")

    def lost(answerer: Answerer) -> int:
        reading = Reading(answerer, runs={"run-1": emulator})
        journal = JournalFiles(str(tmp_path), "run-2", 1, mends=False, reading=reading)
        return journal.paid_before("0").lost_lines

    path.write_bytes(path.read_bytes()[:-40])  # some lines still say who gave them
    assert (lost(emulator), lost(gemini)) == (1, 0)
    path.write_bytes(b"")  # now the run alone does
    assert (lost(emulator), lost(gemini)) == (3, 0)


def test_an_emptied_object_is_damaged_and_no_line_is_forgotten_by_any_run(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)
    files.write([replace(entry(0), request_id=f"r{n}") for n in range(3)])
    files.write([replace(entry(0), request_id="kept")])
    emptied = next(path for path in tmp_path.rglob("*.3.jsonl"))
    emptied.write_bytes(b"")
    for run in ("run-2", "run-3"):
        paid = JournalFiles(str(tmp_path), run, 1).paid_before("0")
        assert (paid.cost, paid.lost_lines) == (1, 3)
    second = JournalFiles(str(tmp_path), "run-2", 1)
    assert second.damage() == Damage(1, 3, str(tmp_path / "set-aside" / "run-2"))
    assert JournalFiles(str(tmp_path), "run-3", 1).damage().objects == 0
    assert set(second.read("0").outcomes) | set(files.read("0").wasted) == {"kept"}


def test_workers_that_find_the_same_damage_come_to_the_same(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)
    files.write([replace(entry(0), request_id=f"r{n}") for n in range(50)])
    (path,) = tmp_path.rglob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(lambda _: set(files.read("0").wasted), range(32)))
    assert found == [{f"r{n}" for n in range(49)}] * 32
    assert files.damage().objects == 1


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path / "missing"), "run-1", 1)
    assert files.read("0").outcomes == {}


@given(st.integers(0, 10**9))
def test_shards_hold_about_a_thousand_images(images: int) -> None:
    digits = shard_digits(images)
    assert 1 <= digits <= 6
    assert images <= 1000 * 16**digits or digits == 6
    assert digits == 1 or images > 1000 * 16 ** (digits - 1)


@dataclass
class SlowDisk:
    """Real files, written only when the test lets them; counts the writes."""

    files: JournalFiles
    may_write: threading.Event = field(default_factory=threading.Event)
    groups: list[int] = field(default_factory=list)

    def write(self, entries: Sequence[Entry]) -> None:
        assert self.may_write.wait(10)
        self.groups.append(len(entries))
        self.files.write(entries)


def test_commits_that_arrive_together_are_written_together(tmp_path: Path) -> None:
    disk = SlowDisk(JournalFiles(str(tmp_path), "run-1", 1))

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            writer = JournalWriter(disk, executor)  # type: ignore[arg-type]
            commits = [asyncio.create_task(writer.commit([entry(n)])) for n in range(20)]
            await asyncio.sleep(0.02)
            assert not any(commit.done() for commit in commits)
            disk.may_write.set()
            await asyncio.gather(*commits)

    asyncio.run(run())
    assert sum(disk.groups) == 20
    assert len(disk.groups) <= 2
    assert recalled(disk.files) == {f"r{n}": 1 for n in range(20)}


def test_a_commit_returns_when_it_can_be_read_back(tmp_path: Path) -> None:
    files = JournalFiles(str(tmp_path), "run-1", 1)

    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            writer = JournalWriter(files, executor)

            async def commit(number: int) -> None:
                await writer.commit([entry(number)])
                shard = shard_of(entry(number).content_hash, 1)
                assert f"r{number}" in files.read(shard).wasted

            await asyncio.gather(*(commit(number) for number in range(30)))
            await writer.commit([])

    asyncio.run(run())


def test_everyone_who_waits_hears_of_a_failed_write_and_later_ones_succeed(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    files = JournalFiles(str(folder), "run-1", 1)

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            writer = JournalWriter(files, executor)
            commits = (writer.commit([entry(number)]) for number in range(5))
            results = await asyncio.gather(*commits, return_exceptions=True)
            assert all(isinstance(result, OSError) for result in results)
            folder.unlink()
            await writer.commit([entry(7)])

    asyncio.run(run())
    assert recalled(files) == {"r7": 1}
