"""`plain_recipe` with one call of libvips, its `thumbnail_buffer`, in place of the recipe."""

from __future__ import annotations

import asyncio

from bench.images.recipe import pyvips_thumbnail
from bench.whole_job.ways.plain_recipe import SIDE, ask_about_shrunk

if __name__ == "__main__":
    asyncio.run(ask_about_shrunk(lambda path: pyvips_thumbnail(path.read_bytes(), SIDE)))
