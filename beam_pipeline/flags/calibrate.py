"""Flags that `calibrate` has of its own, or that mean something else there than in `run`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import CALIBRATE, Flag
from tierwise.calibration.protection import Protect

DEFAULT_MARGIN = "0.05"

FLAGS = (
    Flag(
        "input",
        "Labelled images: a folder with a folder per label, or a manifest with a column that has "
        "the name of a task, or label, and says what is right.",
        "labelled/",
        (CALIBRATE,),
        required=True,
    ),
    Flag(
        "output",
        "Folder for calibration.json, and the tables and journal it is made from. Calibrating "
        "again into it pays only for what has changed.",
        "calibrated/",
        (CALIBRATE,),
        required=True,
    ),
    Flag(
        "routes",
        "Routes to try, with commas: [MODEL/]RESOLUTION[-SIDEpx][-sIMAGES][-xIMAGES]"
        "[-plain][-top_down], where s is images per contact sheet, x images per request, plain "
        "without the task's examples and top_down a tree in two questions; with +together, or the "
        "names of tasks, behind it: asked in one request with others, as in low+together. The "
        "tasks file's is always among them, the dearest is the reference. Default: high, medium "
        "and low, alone and in packs of 8, medium and low with 4 images on a sheet, together with "
        "others at the task's own media resolution and the next, and of a tree alone in two "
        "questions where that takes fewer tokens.",
        "high,medium,low,low-512px,low-x8,low-s4,low+together",
        (CALIBRATE,),
    ),
    Flag(
        "doubt",
        "Labels that mean doubt, with commas. For tasks that have one, routes that ask again at "
        "the reference where it is answered are tried too. Default: the conditions of `escalate` "
        "in the tasks file alone.",
        "unsure",
        (CALIBRATE,),
    ),
    Flag(
        "margin",
        "How much worse than the reference is too much: a difference of accuracies, 0.0001 to 0.5. "
        "With 0.05, a cheaper route may get up to 5 of 100 images more wrong. Smaller margins need "
        "more labelled images: where nothing is lost, 65 do for 0.05 and 165 for 0.02. In a tree "
        "of labels, levels may have margins of their own, as in exact=0.05,parent=0.02: exact, "
        "parent (the label above the right one, or any below that), or level 1, level 2 ... from "
        "the top.",
        "0.02",
        (CALIBRATE,),
        default=DEFAULT_MARGIN,
    ),
    Flag(
        "confidence",
        "How sure to be, for each task, that no route is accepted that is worse by the margin: a "
        "probability, 0.5 to 0.9999.",
        "0.9",
        (CALIBRATE,),
        default=0.95,
        type=float,
        least=0.5,
        most=0.9999,
    ),
    Flag(
        "protect",
        "What a cheaper route must not lose by the margin or more: of all images on average, so "
        "that a rare label may be lost as a whole, or of each label's own images "
        "(each-label), which takes as many labelled images of each.",
        "each-label",
        (CALIBRATE,),
        default="average",
        choices=tuple(map(str, Protect)),
    ),
    Flag(
        "order",
        "Routes that are tested before the others, with commas. Each is tested only if all before "
        "it were good enough. Rules by doubt too, as in 'low>high if unsure'. Default: from the "
        "nearest to the reference to the cheapest.",
        "low,medium+together",
        (CALIBRATE,),
    ),
    Flag(
        "sample",
        "How many of the labelled images to ask about, the same ones each time, 10 or more. "
        "Default: all.",
        "500",
        (CALIBRATE,),
        type=int,
        least=10,
    ),
)
