"""The key comes out of Secret Manager on the worker, reaches Gemini, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.secret_manager import Secrets, serving
from tierwise.gemini.api_key import EMULATOR_VARIABLE
from tierwise.gemini.service import KEY_VARIABLE

KEY = "AIza-very-secret-of-this-test"
NAME = "projects/my-project/secrets/of-this-test/versions/3"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    with serving({NAME: KEY.encode() + b"\n"}) as served:
        monkeypatch.setenv(EMULATOR_VARIABLE, served.host)
        monkeypatch.delenv(KEY_VARIABLE, raising=False)
        yield served


@pytest.mark.parametrize("mode", ["in_memory", "multi_processing"])
def test_a_key_from_secret_manager_is_nowhere_but_on_the_wire(
    mode: str,
    secrets: Secrets,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    flags = ["--gemini=developer", f"--api_key_secret={NAME}", "--log_requests=50"]
    finished = classify(photos(3), *flags, f"--direct_running_mode={mode}", output=mode)
    assert secrets.asked == [NAME]
    assert finished.run["flags"]["api_key_secret"] == NAME
    files = [path for path in finished.output.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} >= {"requests", "runs", "failures", "costs"}
    out, err = capfd.readouterr()
    wanted = [KEY, base64.b64encode(KEY.encode()).decode()[:-4]]
    for text in (out, err, *(path.read_bytes().decode("latin-1") for path in files)):
        assert not [key for key in wanted if key in text]


def test_a_secret_that_may_not_be_read_ends_the_run_with_what_to_do(
    secrets: Secrets,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    closed = NAME.replace("/3", "/4")
    secrets.held[closed] = grpc.StatusCode.PERMISSION_DENIED
    finished = classify(photos(1), "--gemini=developer", f"--api_key_secret={closed}", status=2)
    told = capfd.readouterr().err
    assert f"tierwise: --api_key_secret={closed}: no permission; give the account" in told
    assert finished.run["status"] == "refused"
    assert gemini.requests() == []
