"""A whole job at the emulator: rows in, results out, each known by its key and its word."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tierwise.gemini.batch.asked_and_come import ended, every_kind, rows_of
from tierwise.answerer import ServiceKind
from tierwise.answers.forms import Dialect
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.errors import ResultsGoneError
from tierwise.gemini.batch.echo import Echo, echo_word, echoed, unwrapped
from tierwise.gemini.batch.jobs import (
    INLINE,
    BatchJobs,
    CreateError,
    CreateKind,
    Order,
    Phase,
)
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.batch.row_checks import check_body
from tierwise.gemini.batch.rows import read_row, request_line
from tierwise.gemini.compose import compose
from tierwise.gemini.reply import read_reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import form_of

MODEL = "gemini-3.1-flash-lite"
MOST = 65_536
BODY = {"contents": [{"role": "user", "parts": [{"text": "Say a word."}]}]}


@pytest.fixture(scope="module")
def quick() -> Iterator[str]:
    with running_emulator(EmulatorConfig(batch_delay_s=0.05)) as url:
        yield url


@pytest.fixture
def desk(quick: str, gemini: Any) -> Any:
    found = type(gemini)(quick)
    found.reset()
    return found


@pytest.fixture
def service(quick: str, desk: Any) -> Service:
    return Service(ServiceKind.EMULATOR, endpoint=quick)


@pytest.fixture
def jobs(service: Service) -> BatchJobs:
    return batch_jobs(service, 20.0)


def ordered(bodies: dict[str, Any], service: Service, folder: Path, name: str = "tw-1") -> Order:
    path = folder / "rows.jsonl"
    for body in bodies.values():
        check_body(body, service)
    path.write_bytes(b"".join(request_line(key, body, service) for key, body in bodies.items()))
    return Order(name, MODEL, (str(path),))


def test_a_job_from_its_rows_to_its_answers(
    jobs: BatchJobs, service: Service, ask_of: Any, tmp_path: Path
) -> None:
    asked = {
        "t-one": [ask_of(1)],
        "t-pack": [ask_of(1), ask_of(2)],
        "t-group": [ask_of(1, task="theme"), ask_of(2, task="theme")],
        "t-text": [ask_of(1, task="named")],
    }
    bodies = {key: echoed(compose(asks).body, echo_word(key), MOST) for key, asks in asked.items()}
    name = jobs.create(ordered(bodies, service, tmp_path))
    assert jobs.find("tw-1") == (name,)
    assert jobs.find("tw") == ()
    state = ended(jobs, name)
    assert (state.phase, state.total, state.succeeded, state.failed) == (
        Phase.SUCCEEDED,
        4,
        4,
        0,
    )
    rows = rows_of(jobs.download(state, tmp_path / "results.jsonl"))
    assert set(rows) == set(asked)
    for key, asks in asked.items():
        body = rows[key].body
        assert body
        plain, echo = unwrapped(body, echo_word(key))
        assert echo is Echo.RIGHT, body
        text = read_reply(plain, {}).text
        answer = asks[0].task.answer
        if key == "t-pack":
            assert set(answer.parse_packed(text, 2, form_of(asks))) == {1, 2}
        else:
            assert answer.parse(text, form_of(asks))
    jobs.tidy(state)
    jobs.tidy(state)
    assert jobs.find("tw-1") == ()
    with pytest.raises(ResultsGoneError):
        jobs.look(name)
    with pytest.raises(ResultsGoneError):
        jobs.download(state, tmp_path / "again.jsonl")


def of_all_kinds(ask_of: Any) -> dict[str, Any]:
    """A request of every kind, in every form that batch jobs may take."""
    return {
        f"{name}-{place}": compose([replace(ask, form=form) for ask in asks]).body
        for name, asks, forms in every_kind(ask_of)
        for place, form in enumerate(forms)
        if form.dialect is not Dialect.JSON_SCHEMA
    }


def test_a_word_changes_no_answer(
    jobs: BatchJobs, service: Service, ask_of: Any, desk: Any, tmp_path: Path
) -> None:
    """The emulator answers by the pictures: so what is asked without the word says the same."""
    plain = of_all_kinds(ask_of)
    assert len(plain) > 15
    sent = {key: echoed(body, echo_word(key), MOST) for key, body in plain.items()}
    state = ended(jobs, jobs.create(ordered(sent, service, tmp_path)))
    rows = rows_of(jobs.download(state, tmp_path / "results.jsonl"))
    for key, body in plain.items():
        path = f"/v1beta/models/{MODEL}:generateContent?key=k"
        alone = json.loads(desk.control("POST", path, body))
        response, echo = unwrapped(rows[key].body or {}, echo_word(key))
        assert echo is Echo.RIGHT, key
        text = read_reply(response, {}).text
        # A label that was asked for as JSON comes without its quotes, which its reader allows.
        assert read_reply(alone, {}).text in (text, json.dumps(text)), key


def some(service: Service, folder: Path, count: int = 6, name: str = "tw-1") -> Order:
    config = {"maxOutputTokens": 50, "responseMimeType": "text/plain"}
    body = {**BODY, "generationConfig": config}
    keys = [f"t-{number}" for number in range(count)]
    return ordered({key: echoed(body, echo_word(key), MOST) for key in keys}, service, folder, name)


def test_answers_under_each_others_keys_are_noticed(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_rows_swapped", "rows": 2})
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    rows = rows_of(jobs.download(state, tmp_path / "r"))
    assert len(rows) == 6
    told = [unwrapped(row.body or {}, echo_word(str(key)))[1] for key, row in rows.items()]
    assert told.count(Echo.WRONG) >= 2
    assert told.count(Echo.RIGHT) == 6 - told.count(Echo.WRONG)


@pytest.mark.parametrize("under", ["error", "status"])
def test_rows_that_failed_and_rows_of_nobody(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path, under: str
) -> None:
    desk.faults(
        {"kind": "batch_row_error", "rows": 1, "status": 503, "under": under},
        {"kind": "batch_key_lost", "rows": 2},
        {"kind": "batch_order", "how": "shuffled"},
        seed=3,
    )
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    rows = list(map(read_row, jobs.download(state, tmp_path / "r").read_bytes().splitlines()))
    assert len(rows) == 6
    assert [row.error.code for row in rows if row.error] == [503]
    assert sum(row.key is None for row in rows) == 2


def test_results_within_the_job(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_inline"})
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    assert state.output == INLINE
    assert set(rows_of(jobs.download(state, tmp_path / "r"))) == {f"t-{n}" for n in range(6)}


def test_results_that_are_cut_are_fetched_again_and_those_gone_are_told(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_results_cut", "share": 0.5, "times": 2})
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    assert len(rows_of(jobs.download(state, tmp_path / "r"))) == 6
    desk.faults({"kind": "batch_results_gone"})
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    with pytest.raises(ResultsGoneError):
        jobs.download(state, tmp_path / "r")


@pytest.mark.parametrize(
    ("fault", "phase", "rows"),
    [
        ({"kind": "batch_expired"}, Phase.EXPIRED, 0),
        ({"kind": "batch_cancelled", "answered": 0.5}, Phase.CANCELLED, 3),
        ({"kind": "batch_failed", "answered": 0.0, "message": "it broke"}, Phase.FAILED, 0),
        ({"kind": "batch_partial", "answered": 0.5}, Phase.PARTLY, 3),
    ],
)
def test_other_ends_and_what_they_leave(
    jobs: BatchJobs,
    service: Service,
    desk: Any,
    tmp_path: Path,
    fault: dict[str, Any],
    phase: Phase,
    rows: int,
) -> None:
    desk.faults(fault)
    state = ended(jobs, jobs.create(some(service, tmp_path)))
    assert state.phase is phase
    assert (state.message == "it broke") is (phase is Phase.FAILED)
    assert len(rows_of(jobs.download(state, tmp_path / "r"))) == rows
    jobs.tidy(state)


def test_a_job_that_does_not_end_is_cancelled(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_stuck", "state": "PENDING"})
    name = jobs.create(some(service, tmp_path))
    time.sleep(0.2)
    assert (jobs.look(name).phase, jobs.look(name).ended) == (Phase.PENDING, False)
    jobs.cancel(name)
    assert ended(jobs, name).phase is Phase.CANCELLED
    jobs.cancel(name)


def test_a_job_whose_creation_was_lost_is_found(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    desk.faults({"kind": "batch_reply_lost", "call": "create"})
    with pytest.raises(CreateError) as raised:
        jobs.create(some(service, tmp_path))
    assert raised.value.kind is CreateKind.LOST
    (name,) = jobs.find("tw-1")
    assert len(rows_of(jobs.download(ended(jobs, name), tmp_path / "r"))) == 6


@pytest.mark.parametrize(
    ("fault", "kind", "lines"),
    [
        ({"kind": "batch_line_refused", "line": 4}, CreateKind.REFUSED, (4,)),
        ({"kind": "batch_queue_full", "tokens": 1}, CreateKind.QUOTA, ()),
        ({"kind": "batch_refused", "status": 403}, CreateKind.NOT_ALLOWED, ()),
        ({"kind": "batch_refused", "status": 404}, CreateKind.NOT_FOUND, ()),
    ],
)
def test_a_job_that_is_refused_leaves_no_file(
    jobs: BatchJobs,
    service: Service,
    desk: Any,
    tmp_path: Path,
    fault: dict[str, Any],
    kind: CreateKind,
    lines: tuple[int, ...],
) -> None:
    desk.faults(fault)
    with pytest.raises(CreateError) as raised:
        jobs.create(some(service, tmp_path))
    assert (raised.value.kind, raised.value.lines) == (kind, lines)
    assert json.loads(desk.control("GET", "/v1beta/files?key=k")).get("files", []) == []
    assert jobs.find("tw-1") == ()


def test_what_fails_for_a_while_is_outlasted(
    jobs: BatchJobs, service: Service, desk: Any, tmp_path: Path
) -> None:
    refused = [
        {"kind": "batch_refused", "call": call, "status": 503, "count": 1}
        for call in ("upload", "get", "list", "download", "delete")
    ]
    desk.faults(*refused, {"kind": "batch_reply_lost", "call": "upload", "count": 1})
    name = jobs.create(some(service, tmp_path))
    state = ended(jobs, name)
    assert jobs.find("tw-1") == (name,)
    assert len(rows_of(jobs.download(state, tmp_path / "r"))) == 6
    jobs.tidy(state)
    assert json.loads(desk.control("GET", "/v1beta/files?key=k")).get("files", []) == []
