"""Where a recorded run spent its time, by name: `python -m bench.whole_job.top_lines RAW`.

RAW is a flame graph as text: `py-spy record --subprocesses --threads --format raw -o RAW -- ...`. A
sample counts for the first of the names below that stands in its stack, innermost call first;
samples of threads that wait are left out, as far as their innermost call says that they do.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

_WAITS = {
    *("Condition.wait", "Event.wait", "Semaphore.acquire", "EpollSelector.select", "_worker"),
    *("_received", "keep", "watch", "taken", "Thread._wait_for_tstate_lock", "_watch", "_end_with"),
    *("PeriodicThread.run", "_GeneratorContextManager.__enter__", "Thread.run"),
    *("Window._next", "_content"),
}
_PARTS = {
    "JPEG decoded": ("pixels_of",),
    "Lanczos": ("resampled", "to_pixels"),
    "colours": ("in_srgb", "_in_srgb", "to_srgb", "converted"),
    "thumbnail for people": ("small_copy", "ThumbnailFiles.write"),
    "features": ("features",),
    "JPEG coded": ("_picture",),
    "files read, headers, checks": ("prepare_file",),
    "shrinkers: imports, hand-over": ("_answer_calls", "shrinker_process"),
    "hashing": ("hash_file",),
    "the forecast's survey": ("survey_archive", "_looked_into", "twins_in"),
    "google-genai, aiohttp": ("AsyncModels.generate_content",),
    "journal": ("JournalFiles.write", "JournalWriter.commit"),
    "asking: packing, limits, accounts": ("Packer._send", "Asker.ask", "Session", "life_of"),
    "imports": ("_find_and_load",),
    "event loop, the rest": ("BaseEventLoop._run_once",),
    "Beam, tables, page": ("FnApiRunner.run_pipeline", "DataInputOperation.process_encoded"),
    "everything else": ("",),
}


def main(path: Path) -> None:
    """Print the share of each part, largest first."""
    found = Counter[str]()
    for stack, count in _samples(path):
        if stack and stack[-1] not in _WAITS:
            found[_part(stack)] += count
    total = found.total()
    print(f"| of {total:,} samples | % |\n| --- | --- |")
    for part, count in found.most_common():
        print(f"| {part} | {count / total * 100:.1f} |")


def _samples(path: Path) -> Iterator[tuple[list[str], int]]:
    """Names of functions from the outermost to the innermost, and how often they were seen."""
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        calls = [one for one in stack.split(";") if not one.startswith(("process ", "thread "))]
        yield [re.sub(r" \(.*", "", one).rpartition("<locals>.")[2] for one in calls], int(count)


def _part(stack: Sequence[str]) -> str:
    for call in reversed(stack):
        for part, names in _PARTS.items():
            if call in names:
                return part
    return "everything else"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
