"""Flags of `report`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import REPORT, RUN, Flag

FLAGS = (
    Flag(
        "output",
        "Output folder of a finished run; the page is written into it, as report.html.",
        "out/",
        (REPORT,),
        required=True,
    ),
    Flag(
        "no_thumbnails",
        "Leave pictures out of the page, and keep none while asking. Their names stay.",
        "true",
        (REPORT, RUN),
        default=False,
        type=bool,
    ),
)
