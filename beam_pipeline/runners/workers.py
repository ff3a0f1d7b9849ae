"""Where a job's workers live: in this process, on this machine, or elsewhere.

An engine with a job service (Prism, Flink, Beam's own) starts workers as `--environment_type` says:
LOOPBACK are threads of the process that launched the job; PROCESS and Beam's subprocess are
processes of the machine that the engine is on; EXTERNAL are those of a worker pool, wherever it
listens; DOCKER, the default, may be anywhere.
"""

from __future__ import annotations

from apache_beam.options.pipeline_options import (
    DebugOptions,
    DirectOptions,
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.portability import python_urns

from tierwise.beam_pipeline.runners.beam_options import is_local
from tierwise.beam_pipeline.runners.dataflow import is_dataflow, processes_per_machine

_LOOPBACK = {"LOOPBACK", python_urns.EMBEDDED_PYTHON_LOOPBACK}
_PROCESSES = {"PROCESS", python_urns.SUBPROCESS_SDK}
_THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}


def in_this_process(options: PipelineOptions) -> bool:
    """Whether the workers are threads of this process, whose running totals can be seen."""
    if is_local(options):
        return str(options.view_as(DirectOptions).direct_running_mode) != "multi_processing"
    apart = options.view_as(DebugOptions).lookup_experiment("use_loopback_process_worker", False)
    return _environment(options) in _LOOPBACK and not apart


def one_thread_of_this_process(options: PipelineOptions) -> bool:
    """Whether there is one worker, a thread of this process."""
    alone = int(options.view_as(DirectOptions).direct_num_workers) == 1
    return is_local(options) and in_this_process(options) and alone


def on_this_machine(options: PipelineOptions) -> bool:
    """Whether the workers are surely below this process or an engine of this machine."""
    if is_local(options):
        return True
    kind = _environment(options)
    beside_engine = kind in _PROCESSES or (kind == "EXTERNAL" and _is_here(_pool(options)))
    return kind in _LOOPBACK or (beside_engine and _engine_here(options))


def worker_processes(options: PipelineOptions) -> int:
    """How many processes share a limit of the whole job, as far as is known beforehand."""
    if in_this_process(options):
        return 1
    if is_local(options):
        return max(1, int(options.view_as(DirectOptions).direct_num_workers))
    workers = options.view_as(WorkerOptions)
    if is_dataflow(options):
        machines = int(workers.max_num_workers or workers.num_workers or 1)
        return max(1, machines * processes_per_machine(options))
    per_machine = options.view_as(PortableOptions).sdk_worker_parallelism
    return max(1, int(workers.max_num_workers or workers.num_workers or per_machine or 1))


def known_sharers(options: PipelineOptions) -> int:
    """Among how many processes a limit is divided beforehand; 1 where they find out themselves."""
    return worker_processes(options) if on_this_machine(options) else 1


def _environment(options: PipelineOptions) -> str:
    """Beam's environment type, where none is given the one that the runner takes."""
    given: str | None = options.view_as(PortableOptions).environment_type
    if given is None and _engine_of_its_own(options):
        return "LOOPBACK"
    return given or ""


def _engine_of_its_own(options: PipelineOptions) -> bool:
    """Whether the runner starts an engine on this machine for the job alone."""
    name = (options.view_as(StandardOptions).runner or "").lower().removesuffix("runner")
    return (
        name == "prism"
        or (name == "flink" and _flink_master(options) in {"[local]", "[auto]"})
        or (name == "spark" and _spark_master(options).startswith("local"))
    )


def _flink_master(options: PipelineOptions) -> str:
    return str(options.view_as(FlinkRunnerOptions).flink_master).strip()


def _spark_master(options: PipelineOptions) -> str:
    return str(options.view_as(SparkRunnerOptions).spark_master_url)


def _engine_here(options: PipelineOptions) -> bool:
    endpoint: str | None = options.view_as(PortableOptions).job_endpoint
    return _is_here(endpoint) if endpoint else _engine_of_its_own(options)


def _pool(options: PipelineOptions) -> str:
    """The address of the worker pool of an EXTERNAL environment."""
    portable = options.view_as(PortableOptions)
    given = portable.lookup_environment_option("external_service_address")
    return given or portable.environment_config or ""


def _is_here(address: str) -> bool:
    return address == "embed" or address.rpartition(":")[0] in _THIS_MACHINE
