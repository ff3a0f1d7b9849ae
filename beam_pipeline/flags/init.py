"""Flags of `init`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import IMAGES, INIT, Flag

FLAGS = (
    Flag(
        "input",
        f"The pictures to be asked about: {IMAGES} It may stand alone, without the flag.",
        "photos/",
        (INIT,),
        required=True,
    ),
    Flag(
        "tasks",
        "The tasks file to write, local or gs://. One that is there is never written over.",
        "photos.yaml",
        (INIT,),
        default="tasks.yaml",
    ),
)
