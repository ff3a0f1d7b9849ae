"""`tierwise optimize`: only shrink the images, and measure what that saves."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from rich.console import Console

from beam_pipeline.beam_options import beam_options
from beam_pipeline.command_line import Settings
from beam_pipeline.flags.flag import OPTIMIZE
from beam_pipeline.interruption import resumable
from beam_pipeline.launch import writable
from beam_pipeline.run_id import new_run_id
from beam_pipeline.run_pipeline import run_pipeline
from beam_pipeline.shrink_graph import SHRINK_STAGING, ShrinkJob, define_shrink_pipeline
from beam_pipeline.shrink_summary import print_shrink_summary
from beam_pipeline.version import VERSION
from storage.files import files_for, join
from storage.listing import Named, find_input, list_names
from storage.overlap import check_apart
from tierwise.images.limits import Limits
from tierwise.models import find_model
from tierwise.profiles import DEFAULT_QUALITY, PROFILES
from tierwise.records import ImageSettings, MediaResolution
from transforms.publish_metrics import TOTALS_FILE

_DEFAULT_PROFILE = "content"


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Shrink everything and return the exit status."""
    options = beam_options(beam_flags, OPTIMIZE)
    job = _job(settings)
    _remove_staging(job.output)
    console = Console(stderr=True)
    with resumable(console):
        if not run_pipeline(
            lambda root: define_shrink_pipeline(root, job),
            options,
            console,
            verb="shrinking",
            files=job.facts["files"],
        ):
            return 1
    uri = join(job.output, TOTALS_FILE)
    totals: dict[str, Any] = json.loads(files_for(uri).read(uri))
    print_shrink_summary(totals, job)
    return 0


def _remove_staging(folder: str) -> None:
    """Delete what runs that were killed left."""
    files = files_for(folder)
    for name in files.folders(folder):
        if name.startswith(SHRINK_STAGING):
            files.remove_folder(join(folder, name))


def _job(settings: Settings) -> ShrinkJob:
    model = find_model(settings.model)
    found = find_input(settings.input, excluded=settings.output)
    names = 0
    # In a listing that is cut there are no links: all names lie in the output if one does.
    for name in islice(list_names(found), None if found.about is None else 1):
        if isinstance(name, Named):
            check_apart(name, settings.output)
            names += 1
    run_id = new_run_id()
    facts = {
        "tierwise": VERSION,
        "run_id": run_id,
        "flags": {name: value for name, value in vars(settings).items() if value is not None},
        "files": names if found.about is None else found.about,
    }
    return ShrinkJob(
        found=found,
        output=writable(settings.output),
        settings=_image_settings(settings),
        limits=Limits(accept_truncated=settings.accept_truncated),
        run_id=run_id,
        model=model.name,
        media_resolution=MediaResolution.HIGH,
        facts=facts,
    )


def _image_settings(settings: Settings) -> ImageSettings:
    side, quality = PROFILES[settings.profile or _DEFAULT_PROFILE]
    if not settings.profile:
        quality = DEFAULT_QUALITY
    side = settings.max_side if settings.max_side is not None else side
    quality = settings.quality if settings.quality is not None else quality
    return ImageSettings(max_side=side, quality=quality, output_format=settings.format)
