"""The engine that is to run a job: refused when it is not there, before anything is paid."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
)
from apache_beam.transforms.environments import Environment

from tierwise.beam_pipeline.temporary_folder import temporary_folder
from tierwise.errors import InputError

_CONNECT_S = 5.0


def check_engine(options: PipelineOptions) -> None:
    """Look at what the options name: files, a program, an address, a kind of environment.

    Raises:
        InputError: it is not there, or is none that Beam knows.
    """
    _check_environment(options.view_as(PortableOptions))
    _check_file("prism_location", options.view_as(PrismRunnerOptions).prism_location)
    if jar := options.view_as(FlinkRunnerOptions).flink_job_server_jar:
        _check_file("flink_job_server_jar", jar)
        _check_java(options.view_as(JobServerOptions).job_server_java_launcher)
    if endpoint := options.view_as(PortableOptions).job_endpoint:
        _check_job_service(endpoint)


def _check_environment(options: PortableOptions) -> None:
    kind: str | None = options.environment_type
    try:
        with temporary_folder():
            Environment.from_options(options)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"--environment_type={kind}: cannot be used: {error}. Beam knows LOOPBACK, PROCESS, "
            "EXTERNAL and DOCKER; the last three take --environment_config or --environment_option."
        ) from error


def _check_file(flag: str, location: str | None) -> None:
    if location and "://" not in location and not Path(location).is_file():
        raise InputError(f"--{flag}={location}: is not a file. `make engines` makes one.")


def _check_java(launcher: str) -> None:
    if shutil.which(launcher) is None:
        raise InputError(
            f"--flink_job_server_jar: needs Java, and there is no program {launcher!r}. Install "
            "Java 11 or newer, or give its path as --job_server_java_launcher."
        )


def _check_job_service(endpoint: str) -> None:
    """Beam would wait five minutes for an address where nothing listens."""
    if endpoint == "embed":
        return
    host, _, port = endpoint.rpartition(":")
    if not (host and port.isdigit()):
        raise InputError(f"--job_endpoint={endpoint}: is not HOST:PORT, such as localhost:8099.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--job_endpoint={endpoint}: no job service answers there: {error}. Start it, or "
            "correct the address."
        ) from error
