"""Flags that `plan` has of its own, or that mean something else there than in `run`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import IMAGES, PLAN, Flag
from tierwise.beam_pipeline.flags.times import read_span
from tierwise.forecast.survey import SAMPLE

FLAGS = (
    Flag(
        "input",
        f"Images to ask about: {IMAGES} Default: none, which --image_output alone allows.",
        "photos/",
        (PLAN,),
    ),
    Flag(
        "output",
        "Output folder of a run: what its journal has is not asked again. Default: none.",
        "out/",
        (PLAN,),
    ),
    Flag(
        "sample",
        "Files whose headers are read, some of every ending and size; more make the forecast surer "
        "and slower.",
        "2000",
        (PLAN,),
        default=SAMPLE,
        type=int,
        least=1,
    ),
    Flag(
        "compare",
        "Show the same archive asked in other ways: the best of each kind, such as service tiers, "
        "models, images per request.",
        "true",
        (PLAN,),
        default=False,
        type=bool,
    ),
    Flag(
        "all",
        "Show every way of --compare, not only the eight that matter most.",
        "true",
        (PLAN,),
        default=False,
        type=bool,
    ),
    Flag(
        "within",
        "How much time there is, as in 90m, 48h or 3d: shows the cheapest mix of batch, flex and "
        "standard that ends by then, or what is missing. Default: not shown.",
        "48h",
        (PLAN,),
        type=read_span,
    ),
    Flag(
        "prices_on",
        "The day whose prices and models hold; several change with a new year. Default: today.",
        "2027-01-15",
        (PLAN,),
    ),
    Flag(
        "image_output",
        "Show instead what pictures cost that image models draw: all, or one size (512, 1K, 2K, "
        "4K). Default: not shown.",
        "2K",
        (PLAN,),
    ),
    Flag(
        "image_count",
        "How many drawn pictures to price. Default: 100, 1,000 and 10,000.",
        "5000",
        (PLAN,),
        type=int,
        least=1,
    ),
)
