"""Every hostile file ends as pictures or as one failure, within time and memory.

As a program it looks at the files it is given, prints what came of each, and how much memory that
took: a process of its own, because that of the tests holds whatever other tests left in it.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.isolated.isolation import end_helpers
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings, Reason

ROOT = Path(__file__).parents[3]
EXPECTED = {
    "chelsea-zip.png": Reason.UNSUPPORTED_FORMAT,
    "zero-bytes.jpg": Reason.UNREADABLE,
    "corrupted.heic": Reason.UNREADABLE,
    "truncated_jpeg.jpg": Reason.UNREADABLE,
    "tiff_overflow_rows_per_strip.tif": Reason.UNREADABLE,
    "65536-uint32-limit.png": Reason.TOO_LARGE,
    "hopper-png.jpg": "png",
    "IMG_2682-heic.jpg": "heic",
    "200MP.heic": "heic",
    "16384x16384.png": "png",
    "decompression_bomb_extents.gif": "gif",
    "page-box-pdf.png": "pdf",
}


def _outcome(data: bytes, name: str) -> Reason | str:
    try:
        source = inspect(data, name=name, limits=Limits())
        for page in range(1, source.pages + 1):
            picture = optimize(
                data, name=name, page=page, settings=ImageSettings(512), limits=Limits()
            )
            assert max(picture.width, picture.height) <= 512
            assert picture.data
    except ImageError as error:
        assert error.message.startswith(f"{name}: ")
        assert "object at 0x" not in error.message
        return error.reason
    return source.format


def _peak_kib() -> int:
    """The most memory resident in this process, which `getrusage` mixes with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert found
    return int(found[1])


def _look_at(paths: list[Path]) -> None:
    outcomes, slowest = {}, 0.0
    for path in paths:
        started = time.monotonic()
        outcomes[path.name] = _outcome(path.read_bytes(), path.name)
        slowest = max(slowest, time.monotonic() - started)
    end_helpers()  # only finished children are counted
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    found = {"outcomes": outcomes, "slowest_s": slowest, "peaks_kib": [_peak_kib(), helpers]}
    print(json.dumps(found))


def test_every_file_has_its_outcome(hostile: list[Path]) -> None:
    words = [sys.executable, __file__, *map(str, hostile)]
    done = subprocess.run(
        words,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    found = json.loads(done.stdout)
    assert {name: found["outcomes"][name] for name in EXPECTED} == EXPECTED
    assert found["slowest_s"] < 30
    assert max(found["peaks_kib"]) < 700_000


if __name__ == "__main__":
    _look_at([Path(word) for word in sys.argv[1:]])
