"""Flags of `optimize`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import IMAGES, OPTIMIZE, Flag
from tierwise.profiles import PROFILES

FLAGS = (
    Flag("input", f"Images to shrink: {IMAGES}", "photos/", (OPTIMIZE,), required=True),
    Flag(
        "output",
        "Folder for the small files, in the folder structure of the input, and metrics.parquet. "
        "Must not be the input.",
        "small/",
        (OPTIMIZE,),
        required=True,
    ),
    Flag(
        "max_side",
        "Longest side of a small file, in px; nothing is ever enlarged. "
        "Default: the profile's, else 512.",
        "768",
        (OPTIMIZE,),
        type=int,
        least=16,
        most=8192,
    ),
    Flag(
        "quality",
        "Quality of small files, 1 to 100. Default: the profile's, else 85.",
        "90",
        (OPTIMIZE,),
        type=int,
        least=1,
        most=100,
    ),
    Flag(
        "profile",
        "Longest side and quality by purpose, as published: "
        + ", ".join(f"{name} {side} px at {quality}" for name, (side, quality) in PROFILES.items())
        + ". Default: content.",
        "text",
        (OPTIMIZE,),
        choices=tuple(PROFILES),
    ),
    Flag(
        "format",
        "Format of small files that are not passed through as they are.",
        "webp",
        (OPTIMIZE,),
        default="jpeg",
        choices=("jpeg", "webp"),
    ),
    Flag(
        "model",
        "Model whose tokens and dollars, before and after, the summary compares.",
        "gemini-2.5-flash-lite",
        (OPTIMIZE,),
        default="gemini-3.1-flash-lite",
    ),
)
