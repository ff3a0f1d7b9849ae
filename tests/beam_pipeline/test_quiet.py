"""Only what an engine leaves behind when it ends goes unsaid."""

from __future__ import annotations

import logging
import threading

import grpc
import pytest

from tierwise.beam_pipeline.runners.quiet import quieten


def run_thread(error: Exception) -> None:
    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_errors_of_threads_are_told_but_for_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_value))
    quieten()
    quieten()
    bug = ValueError("a bug")
    run_thread(bug)
    run_thread(grpc.RpcError())
    assert told == [bug]


def test_the_log_of_prism_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    quieten()
    logging.getLogger("PrismJobServer").error("a traceback, a second time")
    assert not caplog.records
