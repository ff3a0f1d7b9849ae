"""Flags of `export`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import EXPORT, Flag
from tierwise.exports.forms import read_forms

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
        "programs), xmp (keywords for photo programs), label-studio, fiftyone, coco.",
        "csv,xmp",
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
    Flag(
        "label_studio_root",
        "The folder that Label Studio serves local files from, its LOCAL_FILES_DOCUMENT_ROOT.",
        "/data",
        (EXPORT,),
        default="/",
    ),
    Flag(
        "xmp_place",
        "Where sidecars go: beside the pictures, or into export/xmp in the output, as those of "
        "buckets always do. Default: beside, but for answers of an emulator.",
        "export",
        (EXPORT,),
        choices=("beside", "export"),
    ),
    Flag(
        "xmp_names",
        "What new sidecars are called: full is photo.jpg.xmp (digiKam, Immich, darktable), short "
        "is photo.xmp (Lightroom, Bridge, Capture One).",
        "short",
        (EXPORT,),
        default="full",
        choices=("full", "short"),
    ),
    Flag(
        "remove",
        "With --to=xmp: takes what earlier exports wrote out of the sidecars again.",
        "true",
        (EXPORT,),
        default=False,
        type=bool,
    ),
)
