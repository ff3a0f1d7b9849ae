"""Dataflow, as Beam's options name it: what its workers are given, and who waits for a job."""

from __future__ import annotations

import re

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TestOptions,
    WorkerOptions,
)

_NAMES = {"dataflow", "testdataflow"}
# Most that a worker was seen to take, hostile pictures included, is 1.5 GB.
_MIN_RAM = "min_ram=2GB"
# Of the machines that Dataflow takes when none is named, at the most.
_USUAL_PROCESSORS = 2


def runner_name(options: PipelineOptions) -> str:
    """The runner in short, small letters: `direct`, `dataflow`, `flink`."""
    name: str = options.view_as(StandardOptions).runner or ""
    return name.rpartition(".")[2].lower().removesuffix("runner")


def is_dataflow(options: PipelineOptions) -> bool:
    """Whether the workers are Google's."""
    return runner_name(options) in _NAMES


def prepare(options: PipelineOptions) -> None:
    """Set what Dataflow should have, where nobody has set it."""
    if not options.view_as(StandardOptions).resource_hints:
        # For the whole job: steps whose hints differ are not fused.
        options.view_as(StandardOptions).resource_hints = [_MIN_RAM]
    if options.view_as(SetupOptions).save_main_session is None:
        # Beam would, on this runner; everything of ours can be imported.
        options.view_as(SetupOptions).save_main_session = False


def only_builds(options: PipelineOptions) -> bool:
    """Whether the job is built and not run. Beam takes any value of `--dry_run` for a yes."""
    return bool(options.view_as(TestOptions).dry_run)


def submits_only(options: PipelineOptions) -> bool:
    """Whether a template launcher starts the job, after this process has ended."""
    return is_dataflow(options) and bool(options.view_as(GoogleCloudOptions).template_location)


def brings_our_code(options: PipelineOptions) -> bool:
    """Whether workers are given this program, in an image or as a package."""
    setup = options.view_as(SetupOptions)
    image = options.view_as(WorkerOptions).sdk_container_image
    return bool(image or setup.setup_file or setup.extra_packages)


def processes_per_machine(options: PipelineOptions) -> int:
    """Dataflow starts a process for each virtual processor, unless told otherwise."""
    if options.view_as(DebugOptions).lookup_experiment("no_use_multiple_sdk_containers"):
        return 1
    machine = options.view_as(WorkerOptions).machine_type or ""
    found = re.search(r"-custom-(\d+)|-(\d+)(-lssd|-metal)?$", machine)
    return int(found[1] or found[2]) if found else _USUAL_PROCESSORS
