"""Flags of `export`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import EXPORT, Flag
from tierwise.beam_pipeline.flags.forms import read_forms

FLAGS = (
    Flag(
        "output",
        "Output folder of a finished run.",
        "out/",
        (EXPORT,),
        required=True,
    ),
    Flag(
        "to",
        "Forms to write, with commas or the flag once more: csv (for spreadsheets), jsonl (for "
        "programs).",
        "csv,jsonl",
        (EXPORT,),
        required=True,
        check=read_forms,
        repeated=True,
    ),
    Flag(
        "into",
        "Folder to write into, local or gs://. Default: export/ in the output.",
        "exported/",
        (EXPORT,),
    ),
    Flag(
        "task",
        "Tasks to write, with commas or the flag once more. Default: all.",
        "category",
        (EXPORT,),
        repeated=True,
    ),
)
