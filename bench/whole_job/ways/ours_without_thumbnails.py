"""`tierwise run --no_thumbnails`; all else by default."""

from __future__ import annotations

from bench.asking.ways.arguments import arguments
from bench.asking.ways.ours import flags
from tierwise.beam_pipeline.__main__ import command

if __name__ == "__main__":
    command([*flags(arguments()), "--no_thumbnails"])
