"""A plain asyncio script: a semaphore around google-genai on aiohttp, as documented."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.asking.ways.documented import ask_about_all


async def read(path: Path) -> bytes:
    """The file as it is."""
    return path.read_bytes()


if __name__ == "__main__":
    asyncio.run(ask_about_all(read))
