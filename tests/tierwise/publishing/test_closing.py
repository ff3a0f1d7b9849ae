"""Whatever dies, is lost, comes twice or wakes late: one whole set of tables, old or new."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tierwise.publishing.attempts import (
    Doomed,
    Reader,
    Run,
    begin,
    doomed,
    end,
    steps_of,
    whole,
)
from tierwise.accounts.table_names import new_part
from tierwise.emulator import EmulatorConfig, running_emulator
from tierwise.errors import LeaseLostError, TablesError
from tierwise.publishing.closing import Step, Steps
from tierwise.publishing.fenced_write import remove_unwritten
from tierwise.storage.files import files_for, join
from tierwise.storage.gcs_names import HOST_VARIABLE

# Steps of an attempt at two parts of answers: five files, moved one by one.
STEPS = len(Step) + 4
OLD, NEW, THIRD, FOURTH, OTHER = (f"20261130T12000{n}-{n:08x}" for n in range(5))


@dataclass(frozen=True)
class Outputs:
    """New output folders, and how many of the steps are tried in them."""

    new: Callable[[], str]
    each: bool

    def __call__(self) -> str:
        return self.new()

    def among(self, steps: Iterable[int]) -> list[int]:
        """Where an attempt stops: anywhere, or first, last, and before and after it has closed."""
        closed = list(Step).index(Step.CLOSE) + 1
        found = list(steps)
        telling = {found[0], closed, closed + 1, found[-1]}
        return [step for step in found if self.each or step in telling]


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("buckets")
    config = EmulatorConfig(bucket=str(folder))
    with running_emulator(config) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOST_VARIABLE, url)
        yield folder, url


@pytest.fixture(scope="module")
def dying(buckets: tuple[Path, str]) -> Iterator[Doomed]:
    with doomed(buckets[1]) as processes:
        yield processes


@pytest.fixture(
    params=[
        *("disk", "bucket"),
        *(pytest.param(f"{one}, each step", marks=pytest.mark.prove) for one in ("disk", "bucket")),
    ]
)
def outputs(request: pytest.FixtureRequest, tmp_path: Path) -> Outputs:
    """A step takes up to a second: proofs try each, other runs those that differ most."""
    numbers = iter(range(10_000))
    place, _, each = request.param.partition(", ")
    if place == "disk":
        return Outputs(lambda: f"{tmp_path}/out{next(numbers)}", bool(each))
    folder, _ = request.getfixturevalue("buckets")
    name = f"b{zlib.crc32(request.node.name.encode())}"
    (folder / name).mkdir()
    return Outputs(lambda: f"gs://{name}/out{next(numbers)}", bool(each))


def old_and_new(output: str) -> Run:
    """An output with the tables of a run, and the run that is to replace them."""
    old = begin(output, OLD, 3)
    end(old, old.attempt(old.stage()))
    return begin(output, NEW, 5)


def advanced(run: Run, steps: int, parts: Any = None) -> Steps[dict[str, Any]]:
    """An attempt that was stopped before its next step."""
    attempt = run.attempt(run.stage() if parts is None else parts)
    for _ in range(steps):
        next(attempt)
    return attempt


def left_over(output: str) -> list[str]:
    return [name for name in files_for(output).folders(output) if name.startswith(".")]


def test_every_step_is_walked(outputs: Outputs) -> None:
    walked = steps_of(old_and_new(outputs()))
    assert list(dict.fromkeys(walked)) == list(Step)
    assert len(walked) == STEPS


@pytest.mark.parametrize("then", ["a twin", "the next run"])
def test_killed_before_any_step(outputs: Outputs, then: str, dying: Doomed) -> None:
    for steps in outputs.among(range(1, STEPS + 1)):
        output = outputs()
        run, reader = old_and_new(output), Reader(output)
        parts = run.stage()
        with reader.looking():
            dying.dies_after(steps, run, parts)
            if then == "a twin":
                end(run, run.attempt(parts))
                found = whole(output)
            else:
                begin(output, THIRD, 4)
                found = whole(output)
        # Closed, the next run finishes it; open, it deletes it, and what was there stays.
        closed = then == "a twin" or steps > list(Step).index(Step.CLOSE) + 1
        assert found == ((NEW, 5) if closed else (OLD, 3))
        assert not left_over(output)
        assert reader.wrong == []


@pytest.mark.parametrize("meanwhile", ["a twin and the next run", "the next run"])
def test_whoever_wakes_late_changes_nothing(outputs: Outputs, meanwhile: str) -> None:
    for steps in outputs.among(range(1, STEPS + 1)):
        output = outputs()
        run = old_and_new(output)
        parts = run.stage()
        asleep = advanced(run, steps, parts)
        if meanwhile != "the next run":
            end(run, run.attempt(parts))
        third = begin(output, THIRD, 4)
        publishes = advanced(third, STEPS - 4)  # tables, page and run.json are in place
        with suppress(LeaseLostError, TablesError, FileNotFoundError):
            end(run, asleep)
        end(third, publishes)
        assert whole(output) == (THIRD, 4)
        begin(output, FOURTH, 1)
        assert whole(output) == (THIRD, 4)
        assert not left_over(output)


def test_one_that_wakes_while_the_next_run_asks_changes_nothing(outputs: Outputs) -> None:
    for steps in outputs.among(range(1, STEPS + 1)):
        output = outputs()
        run = old_and_new(output)
        asleep = advanced(run, steps)
        third = begin(output, THIRD, 4)
        before = whole(output)
        parts = third.stage()
        with suppress(LeaseLostError, TablesError, FileNotFoundError):
            end(run, asleep)
        assert whole(output) == before
        end(third, third.attempt(parts))
        assert whole(output) == (THIRD, 4)


def test_two_attempts_side_by_side_close_one_run(outputs: Outputs) -> None:
    """In any order of their steps; with parts of their own where the engine has written anew."""
    for seed in range(12 if outputs.each else 2):
        choose = random.Random(seed)
        output = outputs()
        run, reader = old_and_new(output), Reader(output)
        parts = run.stage()
        attempts = [run.attempt(parts), run.attempt(run.stage() if seed % 2 else parts)]
        ended = []
        while attempts:
            attempt = choose.choice(attempts)
            try:
                next(attempt)
            except StopIteration as done:
                attempts.remove(attempt)
                ended.append(done.value)
            reader.look()
        assert ended[0] == ended[1]
        assert reader.wrong == []
        assert reader.seen == {OLD, NEW}
        assert whole(output) == (NEW, 5)


def test_a_part_that_is_lost_is_missed_before_anything_of_the_old_is_gone(
    outputs: Outputs,
) -> None:
    for steps in outputs.among(range(STEPS - 4)):
        output = outputs()
        run = old_and_new(output)
        parts = run.stage()
        attempt = advanced(run, steps, parts)
        uri = parts[-1].uri
        place = join(output, parts[-1].table, uri.rpartition("/")[2])
        for one in (uri, place):
            files_for(one).delete(one)
        for again in (attempt, run.attempt(parts)):
            with pytest.raises(TablesError, match=r"is gone, and .* The tables of the run before"):
                end(run, again)
            assert Reader(output)._listed()["run_id"] == OLD
        third = begin(output, THIRD, 4)
        assert whole(output) == (OLD, 3)
        assert not left_over(output)
        end(third, third.attempt(third.stage()))
        assert whole(output) == (THIRD, 4)


def test_what_others_have_spoilt_is_not_closed(outputs: Outputs) -> None:
    output = outputs()
    run = old_and_new(output)
    parts = run.stage()
    other = begin(outputs(), OTHER, 2).stage()
    files = files_for(parts[-1].uri)
    files.write(parts[-1].uri, files.read(other[-1].uri))
    with pytest.raises(TablesError, match=r"has \d+ bytes, and \d+ bytes were written"):
        end(run, run.attempt(parts))
    assert whole(output) == (OLD, 3)


def test_what_a_person_keeps_in_folders_called_like_tables_stays(outputs: Outputs) -> None:
    output = outputs()
    run, files = old_and_new(output), files_for(output)
    own = (
        *("wide/a.jpg", "costs/2026/plan.pdf", "counts/part-0.parquet", "answers/task=a/notes.txt"),
        *(".staging-area/a.jpg", ".staging-2026/a.jpg", ".writing-course/a.jpg"),
    )
    left = join(output, new_part("wide"))  # by a run that was killed
    for uri in (left, *(join(output, name) for name in own)):
        files.write(uri, b"x")
    end(run, run.attempt(run.stage()))
    third = begin(output, THIRD, 4)
    remove_unwritten(output)
    end(third, third.attempt(third.stage()))
    assert all(files.read(join(output, name)) == b"x" for name in own)
    assert not files.exists(left)
