"""A plain asyncio script with the best known recipe: what somebody quick would write instead.

A thread per core shrinks, google-genai on aiohttp asks; no journal, no tables, no thumbnails.
Pictures are shrunk as slots come free, so that memory holds what is in flight.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.asking.ways.documented import ask_about_all
from bench.images.recipe import recipe

SIDE = 768


async def ask_about_shrunk(shrunk: Callable[[Path], bytes]) -> None:
    """Ask about every picture of the folder, once it is shrunk."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        run = asyncio.get_running_loop().run_in_executor
        await ask_about_all(lambda path: run(threads, shrunk, path))


if __name__ == "__main__":
    asyncio.run(ask_about_shrunk(lambda path: recipe(path.read_bytes(), SIDE)))
