"""Flags that `measure` has of its own, or that mean something else there than in `run`."""

from __future__ import annotations

from tierwise.accounts.admission import read_dollars
from tierwise.beam_pipeline.flags.flag import IMAGES, MEASURE, Flag

FLAGS = (
    Flag("input", f"Images to sample: {IMAGES}", "photos/", (MEASURE,), required=True),
    Flag(
        "output",
        "Folder for measurement.json and measurement.parquet, and the tables and journal they are "
        "made from.",
        "measured/",
        (MEASURE,),
        required=True,
    ),
    Flag(
        "sample",
        "Images to ask, of as many formats, sizes and shapes as there are, the same ones each "
        "time. Default: 24, or all of a smaller archive.",
        "48",
        (MEASURE,),
        type=int,
        least=1,
    ),
    Flag(
        "models",
        "Further models to measure, with commas. Default: the tasks file's alone.",
        "gemini-3.5-flash-lite,gemini-3.6-flash",
        (MEASURE,),
    ),
    Flag(
        "also",
        "Ask the task's own route at this service too, for pictures may cost other tokens there. "
        "Beside --gemini=developer or vertex, for what the cap has left. Default: none.",
        "vertex",
        (MEASURE,),
        choices=("developer", "vertex"),
    ),
    Flag(
        "max_cost_usd",
        "Hard cap in dollars on what all measurements into this output cost together. What does "
        "not fit is not asked.",
        "0.50",
        (MEASURE,),
        default="0.10",
        check=read_dollars,
    ),
)
