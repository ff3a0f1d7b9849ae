"""Flags of `show`; --json is that of `run`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import SHOW, Flag

FLAGS = (
    Flag(
        "output",
        "Output folder of a run, whose end is printed again.",
        "out/",
        (SHOW,),
        required=True,
    ),
)
