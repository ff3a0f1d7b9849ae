"""`plain_recipe` that converts colour profiles, as tierwise does."""

from __future__ import annotations

import asyncio

from bench.images.recipe import recipe
from bench.whole_job.ways.plain_recipe import SIDE, ask_about_shrunk

if __name__ == "__main__":
    asyncio.run(ask_about_shrunk(lambda path: recipe(path.read_bytes(), SIDE, colours=True)))
