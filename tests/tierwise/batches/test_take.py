"""What is taken of any results: no answer under another question, and all that was paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.batches.made_jobs import billing_of, make_job, response, rows_of
from tierwise.batches.asked_rows import AskedRow
from tierwise.batches.job_files import BatchJob, Taken
from tierwise.batches.take import take
from tierwise.gemini.batch.jobs import Phase
from tierwise.journal.lines import Entry
from tierwise.records import Answer, ServiceTier

ROWS = 6
Line = tuple[str, bytes]  # the key, "" for none, and what stands beside it


@dataclass(frozen=True)
class Made:
    job: BatchJob
    rows: tuple[AskedRow, ...]
    each: int  # what one reply costs


@pytest.fixture(scope="module", params=[1, 3], ids=["alone", "packs"])
def made(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("parts")
    job = make_job(folder, ROWS, echo_all=True, pack=request.param)
    rows = tuple(rows_of(job))
    _, taken = taken_of(job, [(row.key, reply(row)) for row in rows], folder)
    assert (taken.answered, taken.mixed_up, taken.cost % ROWS) == (ROWS, 0, 0)
    return Made(job, rows, taken.cost // ROWS)


def reply(row: AskedRow) -> bytes:
    return b'"response":' + response(row)


def error(code: int) -> bytes:
    return b'"error":' + orjson.dumps({"code": code, "message": "Hm.", "details": [{"a": 1}]})


def taken_of(
    job: BatchJob, lines: Sequence[Line], folder: Path | None
) -> tuple[list[Entry], Taken]:
    results = folder and folder / "results.jsonl"
    if results:
        results.write_bytes(b"".join(map(written, lines)))
    entries: list[Entry] = []
    taken = take(job, results, billing_of(), lambda some, _: entries.extend(some))
    return entries, taken


def written(line: Line) -> bytes:
    key, beside = line
    return (b'{"key":"%s",' % key.encode() if key else b"{") + beside + b"}\n"


def results(made: Made) -> st.SearchStrategy[list[Line]]:
    """Shuffled, swapped, doubled, dropped, unknown, broken or failed."""
    keys = st.sampled_from([*(row.key for row in made.rows), "", "tnobody"])
    replies = st.sampled_from([reply(row) for row in made.rows])
    errors = st.sampled_from([error(3), error(8), error(13), b'"response":{}', b'"broken'])
    right = st.sampled_from([(row.key, reply(row)) for row in made.rows])
    any_line = st.tuples(keys, replies | errors)
    return st.lists(right | right | right | any_line, max_size=2 * ROWS)


def answers(entries: Sequence[Entry]) -> Iterator[Answer]:
    return (entry.answer for entry in entries if entry.answer)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_answer_is_misplaced_and_all_is_accounted(
    made: Made, data: st.DataObject, tmp_path: Path
) -> None:
    lines = data.draw(results(made))
    entries, taken = taken_of(made.job, lines, tmp_path)
    assert all(answer.value == answer.request_id for answer in answers(entries))
    assert taken.answered + taken.again == ROWS
    asked = {ask.request_id for row in made.rows for ask in row.asks}
    assert {entry.request_id for entry in entries} == asked
    # A line that comes twice is one reply: were it two, a row is missing that stands as perhaps
    # billed.
    paid = {line for line in lines if line[1].startswith(b'"response":{"c')}
    assert taken.cost == made.each * len(paid)
    assert sum(entry.spent.cost for entry in entries) == taken.cost
    assert sum(entry.spent.maybe_billed for entry in entries) == taken.maybe_billed


@pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.CANCELLED, Phase.EXPIRED, Phase.FAILED])
@pytest.mark.parametrize("vertex", [False, True])
def test_what_a_job_without_results_may_have_cost(
    phase: Phase, vertex: bool, tmp_path: Path
) -> None:
    job = make_job(tmp_path, ROWS, vertex=vertex)
    worst = job.order.worst

    def maybe(folder: Path | None, **state: Any) -> int:
        ended = job.ended and replace(job.ended, phase=phase, **state)
        results = folder and folder / "results.jsonl"
        if results:
            results.write_bytes(b"")
        one = job.with_(ended=ended)
        return take(one, results, billing_of(vertex=vertex), lambda *_: None).maybe_billed

    # Nobody knows what came: results that are gone, or a job that did not end.
    assert maybe(None, succeeded=0) == worst
    # Completed, as the job says itself, and not delivered.
    assert maybe(tmp_path, succeeded=ROWS) == worst
    ended_early = phase is not Phase.SUCCEEDED
    sure = ended_early if vertex else phase is Phase.FAILED
    assert maybe(tmp_path, succeeded=0) == (0 if sure else worst)


def test_rows_are_billed_as_batch_whatever_they_say_of_their_traffic(
    made: Made, tmp_path: Path
) -> None:
    lines = [
        (
            row.key,
            reply(row).replace(
                b'"usageMetadata":{', b'"usageMetadata":{"trafficType":"ON_DEMAND",'
            ),
        )
        for row in made.rows
    ]
    entries, taken = taken_of(made.job, lines, tmp_path)
    assert taken.cost == ROWS * made.each
    assert {answer.service_tier for answer in answers(entries)} == {ServiceTier.BATCH}
