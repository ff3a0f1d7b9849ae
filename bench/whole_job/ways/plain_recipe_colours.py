"""`plain_recipe` that converts colour profiles, as tierwise does."""

from __future__ import annotations

import asyncio

from bench.whole_job.ways.plain_recipe import main

if __name__ == "__main__":
    asyncio.run(main(colours=True))
