"""An emulator lives exactly as long as its owner."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator import EmulatorConfig, running_emulator
from tierwise.errors import InputError

ROOT = Path(__file__).parents[3]
OWNER = """
import sys, time
from tierwise.emulator import EmulatorConfig, running_emulator
with running_emulator(EmulatorConfig()) as url:
    print(url, flush=True)
    time.sleep(60)
"""


def listens(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def ends(url: str) -> bool:
    deadline = time.monotonic() + 5
    while listens(url) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not listens(url)


def test_it_ends_with_its_block() -> None:
    with running_emulator(EmulatorConfig()) as url:
        assert listens(url)
    assert ends(url)


def test_it_ends_when_its_owner_is_killed() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env=env
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert listens(url)
        os.kill(owner.pid, signal.SIGKILL)
    assert ends(url)


def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('{"faults": [{"kind": "flood"}]}')
    with (
        pytest.raises(InputError, match="'flood' is not a kind of fault"),
        running_emulator(EmulatorConfig(faults=str(faults))),
    ):
        pass
    with (
        pytest.raises(InputError, match="no such directory"),
        running_emulator(EmulatorConfig(knows=str(tmp_path / "nowhere"))),
    ):
        pass


def test_a_port_in_use_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(InputError, match=f"--port {port}.*Choose another port"),
            running_emulator(EmulatorConfig(port=port)),
        ):
            pass


@given(
    st.builds(
        EmulatorConfig,
        port=st.integers(0, 65535),
        faults=st.text(),
        knows=st.text(),
        sees=st.sampled_from(["looks", "features"]),
        errors_at_random=st.floats(0, 1),
        errors_where_unclear=st.floats(0, 0.5),
        interference=st.floats(0, 1),
        price_date=st.none() | st.dates(min_value=date(2020, 1, 1)),
    )
)
def test_config_travels_as_one_line(config: EmulatorConfig) -> None:
    line = config.to_json()
    assert "\n" not in line
    assert EmulatorConfig.from_json(line) == config


def test_importing_the_room_is_quick() -> None:
    code = "import sys, tierwise.emulator; print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    ).stdout.split()
    assert "tierwise.emulator.embedded" in loaded
    assert not {"aiohttp", "numpy", "PIL", "google.genai"} & set(loaded)
