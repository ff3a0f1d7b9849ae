"""Flags of `compare`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import COMPARE, Flag

FLAGS = (
    Flag(
        "old",
        "Output folder of a finished run: the answers that were there before.",
        "out_old/",
        (COMPARE,),
        required=True,
    ),
    Flag(
        "new",
        "Output folder of another finished run about the same pictures.",
        "out_new/",
        (COMPARE,),
        required=True,
    ),
    Flag(
        "into",
        "Folder for the list of changes and its page. Default: the folder of --new.",
        "compared/",
        (COMPARE,),
    ),
    Flag(
        "table",
        "What the list of changes is: a sheet, changes.csv, or changes.parquet.",
        "parquet",
        (COMPARE,),
        default="csv",
        choices=("csv", "parquet"),
    ),
    Flag(
        "json",
        "Print the whole comparison to standard output, as one JSON document for programs. All "
        "other words go to standard error.",
        "true",
        (COMPARE,),
        default=False,
        type=bool,
    ),
)
