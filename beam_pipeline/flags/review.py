"""Flags of `review`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import REVIEW, Flag

FLAGS = (
    Flag(
        "output",
        "Output folder of a finished run; the sheet to fill in is written into it, as "
        "review-random.csv or review-chosen.csv.",
        "out/",
        (REVIEW,),
        required=True,
    ),
    Flag(
        "random",
        "Pictures of each task to draw at random, among all that the run has asked about, to count "
        "by them. A larger draw with the same seed begins with the smaller one, and what was "
        "filled in before is kept. Default: --most_valuable.",
        "200",
        (REVIEW,),
        type=int,
        least=1,
        most=100_000,
    ),
    Flag(
        "most_valuable",
        "Pictures of each task whose labels are worth most: in doubt, of rare labels, where a "
        "local model was unsure, or changed. A sheet and a page to mark. No random draw: they "
        "feed no counts. Default: --random.",
        "200",
        (REVIEW,),
        type=int,
        least=1,
        most=10_000,
    ),
    Flag(
        "to",
        "csv writes a sheet, label-studio tasks to import there.",
        "label-studio",
        (REVIEW,),
        default="csv",
        choices=("csv", "label-studio"),
    ),
    Flag(
        "label_studio_root",
        "The folder that Label Studio serves local files from, its LOCAL_FILES_DOCUMENT_ROOT.",
        "/data",
        (REVIEW,),
        default="/",
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
