"""Short runs of the proofs about batch jobs: `make prove` has the long ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import pytest

from bench.batches.damage import Result, swapped
from bench.batches.made_jobs import billing_of, line, make_job, response, rows_of
from bench.batches.misplaced import DAMAGES, Found, one_job
from tierwise.batches.asked_rows import packed, to_line
from tierwise.batches.job_files import BatchJob, Taken
from tierwise.batches.take import take
from tierwise.gemini.batch.echo import echo_word
from tierwise.journal.lines import Entry


@pytest.mark.parametrize("echo", ["sample", "all"])
def test_whatever_becomes_of_results_no_row_is_lost_and_with_all_echoes_none_misplaced(
    echo: str,
) -> None:
    found = {name: Found() for name in DAMAGES}
    one_job(300, 0, echo, DAMAGES, found, 1)
    assert {one.lost for one in found.values()} == {0}
    assert echo == "sample" or {one.misplaced for one in found.values()} == {0}
    assert found["0.1 swapped in pairs"].swapped == 30


def test_a_word_that_two_rows_share_proves_nothing_once_a_job_is_mixed_up(tmp_path: Path) -> None:
    job = make_job(tmp_path, 4, echo_all=True)
    rows = list(rows_of(job))
    twins = _keys_of_one_word()
    for row, key in zip(rows[:2], twins, strict=True):
        rows[rows.index(row)] = replace(row, key=key)
    _write(job, rows)
    alone = [Result(row.key, response(row)) for row in rows]
    replies = [alone[1].reply, alone[0].reply, alone[3].reply, alone[2].reply]
    results = [replace(row, reply=reply) for row, reply in zip(alone, replies, strict=True)]
    taken, entries = _taken(job, results, tmp_path)
    assert taken.mixed_up == 2
    assert taken.again == 4
    assert not any(entry.answer for entry in entries)


def test_a_service_of_packs_and_vertex_lines_is_taken_whole(tmp_path: Path) -> None:
    job = make_job(tmp_path, 12, pack=8, vertex=True)
    path = tmp_path / "results.jsonl"
    path.write_bytes(b"".join(line(row.key, response(row), vertex=True) for row in rows_of(job)))
    entries = list[Entry]()
    taken = take(job, path, billing_of(vertex=True), lambda some, _: entries.extend(some))
    assert (taken.answered, taken.again, len(entries)) == (12, 0, 96)
    assert all(entry.answer and entry.answer.value == entry.request_id for entry in entries)


def test_rings_leave_no_reply_in_its_place() -> None:
    rows = [Result(f"t{number}", b"%d" % number) for number in range(100)]
    done = swapped(0.3, ring=3)(rows, Random(1))
    assert sum(one != row for one, row in zip(done, rows, strict=True)) == 30
    assert sorted(one.reply for one in done) == sorted(row.reply for row in rows)


def _keys_of_one_word() -> tuple[str, str]:
    seen = dict[str, str]()
    for number in count():
        key = f"t{number:031x}"
        other = seen.setdefault(echo_word(key), key)
        if other != key:
            return other, key
    raise AssertionError


def _write(job: BatchJob, rows: list) -> None:  # type: ignore[type-arg]
    [part] = job.order.parts
    tasks = {ask.task.name: ask.task for row in rows for ask in row.asks}
    Path(part, "asks.jsonl.gz").write_bytes(packed(tasks.values(), map(to_line, rows)))


def _taken(job: BatchJob, results: list[Result], place: Path) -> tuple[Taken, list[Entry]]:
    path, entries = place / "results.jsonl", list[Entry]()
    path.write_bytes(b"".join(one.line for one in results))
    return take(job, path, billing_of(), lambda some, _: entries.extend(some)), entries
