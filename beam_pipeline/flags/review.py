"""Flags of `review`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import REVIEW, Flag

FLAGS = (
    Flag(
        "output",
        "Output folder of a finished run; the sheet to fill in is written into it, as "
        "review-random.csv. What was filled in before is kept.",
        "out/",
        (REVIEW,),
        required=True,
    ),
    Flag(
        "random",
        "Pictures of each task to draw at random, among all that the run has asked about. A larger "
        "draw with the same seed begins with the smaller one.",
        "200",
        (REVIEW,),
        type=int,
        required=True,
        least=1,
        most=100_000,
    ),
    Flag(
        "seed",
        "Number that decides the draw: another number draws other pictures.",
        "7",
        (REVIEW,),
        default=0,
        type=int,
        least=0,
        most=2**31 - 1,
    ),
    Flag(
        "task",
        "Task to label. Default: all that have labels.",
        "category",
        (REVIEW,),
    ),
)
