"""Where workers live decides what they can reach, what they end with, and what they share."""

from __future__ import annotations

import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.workers import (
    in_this_process,
    on_this_machine,
    worker_processes,
)
from tierwise.errors import InputError

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
COMMANDS = re.findall(r"^tierwise (run (?:.*\\\n)+.*)$", PAGE, re.MULTILINE)

SUBPROCESS = ["--environment_type=beam:env:harness_subprocess_python:v1"]
SUBPROCESS += ["--environment_config=python -m apache_beam.runners.worker.sdk_worker_main"]
PROCESS = ["--environment_type=PROCESS", "--environment_option=process_command=/opt/boot"]
EMBED = ["--runner=PortableRunner", "--job_endpoint=embed"]
CLUSTER = ["--runner=FlinkRunner", "--flink_master=flink.example:8081"]
POOL = ["--environment_type=EXTERNAL", "--environment_config"]
APART = "--experiments=use_loopback_process_worker"

THREADS = [
    [],
    ["--direct_running_mode=multi_threading"],
    ["--runner=PrismRunner"],
    ["--runner=FlinkRunner"],
    ["--runner=FlinkRunner", "--flink_master=[local]"],
    ["--runner=SparkRunner"],
    [*CLUSTER, "--environment_type=LOOPBACK"],
    [*EMBED, "--environment_type=LOOPBACK"],
]
PROCESSES = [
    ["--direct_running_mode=multi_processing"],
    ["--runner=PrismRunner", APART],
    [*EMBED, *SUBPROCESS],
    ["--runner=FlinkRunner", *PROCESS],
    ["--runner=FlinkRunner", *POOL, "localhost:50000"],
]
ELSEWHERE = [
    ["--runner=DataflowRunner"],
    CLUSTER,
    [*CLUSTER, *PROCESS],
    [*CLUSTER, *POOL, "localhost:50000"],
    ["--runner=FlinkRunner", *POOL, "pool.example:50000"],
    ["--runner=FlinkRunner", "--environment_type=DOCKER"],
    EMBED,
]


@pytest.mark.parametrize("flags", THREADS)
def test_threads_of_this_process(flags: list[str]) -> None:
    options = beam_options(flags)
    assert in_this_process(options)
    assert on_this_machine(options)
    assert worker_processes(options) == 1


@pytest.mark.parametrize("flags", PROCESSES)
def test_processes_of_this_machine(flags: list[str]) -> None:
    options = beam_options(flags)
    assert not in_this_process(options)
    assert on_this_machine(options)


@pytest.mark.parametrize("flags", ELSEWHERE)
def test_workers_elsewhere(flags: list[str]) -> None:
    options = beam_options(flags)
    assert not in_this_process(options)
    assert not on_this_machine(options)


def test_a_limit_is_shared_among_the_workers_that_are_announced() -> None:
    assert worker_processes(beam_options([*CLUSTER, "--max_num_workers=7"])) == 7
    assert worker_processes(beam_options([*CLUSTER, "--sdk_worker_parallelism=3"])) == 3


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is taken but not listened on, so that nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


REFUSED = {
    "an environment": (["--environment_type=KUBERNETES"], "--environment_type=KUBERNETES"),
    "an environment without its settings": (["--environment_type=EXTERNAL"], "EXTERNAL"),
    "settings that are not JSON": (
        ["--environment_type=PROCESS", "--environment_config={"],
        "--environment_type=PROCESS",
    ),
    "a Prism that is not there": (["--runner=PrismRunner", "--prism_location=nowhere"], "nowhere"),
    "a job server that is not there": (
        ["--runner=FlinkRunner", "--flink_job_server_jar=no.jar"],
        "--flink_job_server_jar=no.jar: is not a file. `make engines`",
    ),
    "an address without a port": (
        ["--runner=PortableRunner", "--job_endpoint=localhost"],
        "is not HOST:PORT",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_engine_that_is_not_there_is_refused(what: str) -> None:
    flags, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        beam_options(flags)


def test_a_job_service_that_does_not_answer_is_refused(unused_port: int) -> None:
    flags = ["--runner=PortableRunner", f"--job_endpoint=127.0.0.1:{unused_port}"]
    with pytest.raises(InputError, match="no job service answers there"):
        beam_options(flags)


def test_a_job_server_without_java_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / "job-server.jar"
    jar.touch()
    flags = [f"--flink_job_server_jar={jar}", "--job_server_java_launcher=/no/java"]
    with pytest.raises(InputError, match="needs Java, and there is no program '/no/java'"):
        beam_options(["--runner=FlinkRunner", *flags])


def test_commands_are_shown() -> None:
    assert len(COMMANDS) == 5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_is_one(command: str) -> None:
    """Each flag is known; engines that a command names may be absent where tests run."""
    line = read_command_line(shlex.split(command.replace("\\\n", " ")))
    assert line.beam_flags
    try:
        beam_options(line.beam_flags)
    except InputError as error:
        assert re.search("is not a file|no job service answers|needs Java", str(error))
