"""What drawing a contact sheet takes: `python -m bench.images.sheets FOLDER`.

CPU time of this thread for one sheet, the median of nine and the range, for sheets of photographs
as large as the media resolutions low and high show.
"""

from __future__ import annotations

import statistics
import sys
import time
from itertools import islice
from pathlib import Path

from tierwise.contact_sheets import side_on_sheet
from tierwise.images.contact_sheet import draw_contact_sheet
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings, MediaResolution
from tierwise.tiers import pixels_worth_sending

_MODEL = "gemini-3.1-flash-lite"
_SIZES = (4, 9, 16)
_TIMES = 9


def main(folder: str) -> None:
    """Print a table."""
    found = (p for p in sorted(Path(folder).rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg"))
    photographs = [(path.name, path.read_bytes()) for path in islice(found, max(_SIZES))]
    print("| media resolution | images | px | KB (pictures: KB) | CPU ms | per image |")
    print("|---|---|---|---|---|---|")
    for resolution in (MediaResolution.LOW, MediaResolution.HIGH):
        whole = pixels_worth_sending(_MODEL, resolution)
        for images in _SIZES:
            settings = ImageSettings(side_on_sheet(whole, images))
            pictures = [
                optimize(data, name=name, page=1, settings=settings, limits=Limits()).data
                for name, data in photographs[:images]
            ]
            print(_row(resolution, pictures))


def _row(resolution: MediaResolution, pictures: list[bytes]) -> str:
    taken = []
    for _ in range(_TIMES):
        start = time.thread_time()
        sheet = draw_contact_sheet(pictures, first_number=1, output_format="jpeg", quality=85)
        taken.append((time.thread_time() - start) * 1000)
    median = statistics.median(taken)
    return (
        f"| {resolution} | {len(pictures)} | {sheet.width} x {sheet.height} "
        f"| {len(sheet.data) // 1000} ({sum(map(len, pictures)) // 1000}) "
        f"| {median:.1f} ({min(taken):.1f} to {max(taken):.1f}) | {median / len(pictures):.2f} |"
    )


if __name__ == "__main__":
    main(sys.argv[1])
