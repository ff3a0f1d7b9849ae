"""What workers can reach: a service, a key or a place that they cannot is refused at the launch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.runners.dataflow import (
    brings_our_code,
    is_dataflow,
    only_builds,
    submits_only,
)
from tierwise.beam_pipeline.runners.workers import on_this_machine
from tierwise.errors import InputError
from tierwise.gemini.service import KEY_VARIABLE
from tierwise.storage.files import files_for
from tierwise.storage.gcs_names import HOST_VARIABLE, SCHEME
from tierwise.storage.listing import Input, InputKind, Named, list_names

if TYPE_CHECKING:
    from tierwise.beam_pipeline.job import Job

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 - compared, not listened on


def check_reachable(settings: Settings, options: PipelineOptions) -> None:
    """Refuse what workers on other machines, or this one, could only fail at.

    Raises:
        InputError: the service, its key, the input or the output is out of their reach.
    """
    here = on_this_machine(options)
    if settings.gemini == ServiceKind.EMULATOR and not (settings.gemini_endpoint or here):
        raise InputError(
            "--gemini=emulator: workers elsewhere cannot reach an emulator on this machine. "
            "Give --gemini=developer, --gemini=vertex or --gemini_endpoint."
        )
    check_files(settings, options)
    if is_dataflow(options):
        _check_service(settings)
    elif settings.gemini == ServiceKind.DEVELOPER and here:
        _check_key_here(settings)


def check_files(settings: Settings, options: PipelineOptions) -> None:
    """Refuse files of this machine, and a missing program, to Dataflow's workers.

    Raises:
        InputError: the input or the output is in no bucket, or the workers are not given tierwise.
    """
    if is_dataflow(options):
        copied = "Copy them into a bucket and write gs://bucket/name."
        _check_place("input", settings.input, copied)
        _check_place("labels", getattr(settings, "labels", None), copied)
        _check_place("output", settings.output, "Write gs://bucket/name.")
        if not only_builds(options):
            _check_workers(options)


def check_names(found: Input, options: PipelineOptions) -> None:
    """Refuse a manifest that names files of this machine to Dataflow's workers, by its first row.

    Raises:
        InputError: the first image is in no bucket.
    """
    if is_dataflow(options) and found.kind is InputKind.MANIFEST:
        first = next((name for name in list_names(found) if isinstance(name, Named)), None)
        if first and not first.path.startswith(SCHEME):
            raise InputError(
                f"--input={found.uri}: its first image is {first.uri}, and Dataflow's workers have "
                "no access to this machine's files. Write gs://bucket/name in the column uri, or "
                "names below the manifest's own folder."
            )


def warnings_about_regions(job: Job, options: PipelineOptions) -> Iterator[str]:
    """What reading and writing across regions would cost in time and money."""
    region = options.view_as(GoogleCloudOptions).region or ""
    if not (region and is_dataflow(options)):
        return
    for uri in dict.fromkeys((job.found.uri, job.output)):
        location = files_for(uri).location(uri)
        if location and not _lies_in(location, region):
            bucket = uri.removeprefix(SCHEME).partition("/")[0]
            yield (
                f"the bucket {bucket} lies in {location}, Dataflow's workers in {region}: what is "
                "read and written crosses regions, which is slow and is billed by the gigabyte. "
                "Give the --region of the bucket that holds the images."
            )


def _lies_in(location: str, region: str) -> bool:
    """Whether a bucket is near; of names that stand for several regions, only these are told."""
    wide = {"us": "us-", "eu": "europe-", "asia": "asia-"}
    if location in wide:
        return region.startswith(wide[location])
    return location == region or "-" not in location


def check_waits(options: PipelineOptions, verb: str) -> None:
    """Refuse to hand a job over where its results are needed at once.

    Raises:
        InputError: the job would only be built, or go on without this process.
    """
    if only_builds(options) or submits_only(options):
        raise InputError(
            f"--dry_run, --template_location: {verb} reads what its job leaves, and must wait for "
            "it. Leave the flag out."
        )


def _check_service(settings: Settings) -> None:
    host = urlsplit(settings.gemini_endpoint or "").hostname
    if host in _LOCAL_HOSTS:
        raise InputError(
            f"--gemini_endpoint={settings.gemini_endpoint}: Dataflow's workers cannot reach this "
            "machine. Give --gemini=developer or --gemini=vertex without it, or run here: leave "
            "out --runner."
        )
    if settings.gemini == ServiceKind.DEVELOPER and not settings.api_key_secret:
        raise InputError(
            "--gemini=developer: Dataflow's workers do not see this machine's environment, "
            f"{KEY_VARIABLE} included. Store the key once: gcloud secrets create gemini-key "
            "--data-file=-; let the workers' service account read it (roles/secretmanager."
            "secretAccessor); and give "
            "--api_key_secret=projects/PROJECT/secrets/gemini-key/versions/latest."
        )


def _check_key_here(settings: Settings) -> None:
    if not settings.api_key_secret and not os.environ.get(KEY_VARIABLE, "").strip():
        raise InputError(
            f"--gemini=developer needs an API key: set the environment variable {KEY_VARIABLE}, or "
            "give --api_key_secret. To try the job for nothing, use --gemini=emulator."
        )


def _check_place(flag: str, place: str | None, remedy: str) -> None:
    if place and not place.startswith(SCHEME):
        raise InputError(
            f"--{flag}={place}: Dataflow's workers have no access to this machine's files. {remedy}"
        )


def _check_workers(options: PipelineOptions) -> None:
    if not brings_our_code(options):
        raise InputError(
            "--runner=DataflowRunner: the workers have no tierwise. Give --sdk_container_image "
            "with the image that `make template` builds, and --sdk_location=container."
        )
    if (host := os.environ.get(HOST_VARIABLE)) and not submits_only(options):
        raise InputError(
            f"{HOST_VARIABLE}={host}: Dataflow's workers cannot reach an emulator of Cloud Storage "
            "on this machine. Unset the variable, or run here: leave out --runner."
        )
