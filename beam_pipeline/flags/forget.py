"""Flags of `forget`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import FORGET, Flag

FLAGS = (
    Flag(
        "output",
        "Output folder of run, calibrate, measure or optimize, which is to forget a picture.",
        "out/",
        (FORGET,),
        required=True,
    ),
    Flag(
        "uri",
        "The picture's name, as the column uri of the tables has it. What is known of its content "
        "goes too, unless another name has the same. Default: all that --content has.",
        "photos/0001.jpg",
        (FORGET,),
    ),
    Flag(
        "content",
        "In place of --uri: the content_hash of the picture, which goes with all its names. "
        "Default: the content that the name has.",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        (FORGET,),
    ),
)
