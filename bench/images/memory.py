"""Peak memory above the idle process: `python -m bench.images.memory`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.images.pictures import ARCHIVE, read, tiled

_CHILD = """
import pathlib, sys
from bench.images.ways import ours

def peak(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

def helpers():
    for entry in pathlib.Path("/proc").iterdir():
        line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        if b"-m\\0tierwise.images.isolated.helper" in line:
            yield entry.name

ours(pathlib.Path(sys.argv[2]).read_bytes(), 64)
before = peak("self")
ours(pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[3]))
print(f"{peak('self') - before:.0f} MB above the idle process's {before:.0f} MB, file included;",
      "helpers:", [f"{peak(helper):.0f} MB" for helper in helpers()])
"""


def main() -> None:
    """Print one line per file."""
    photo = read("Ultra_HDR_Samples_Originals_01.jpg")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jpg"
        small.write_bytes(read("hopper.jpg"))
        for name, data in (
            ("12 MP JPEG", photo),
            ("100 MP JPEG", tiled(photo, 4, 2)),
            ("268 MP PNG", _hostile("16384x16384.png")),
            ("200 MP HEIC", _hostile("200MP.heic")),
        ):
            file = Path(folder) / "picture"
            file.write_bytes(data)
            for side in (768, 2048):
                done = subprocess.run(
                    [sys.executable, "-c", _CHILD, str(file), str(small), str(side)],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                print(f"{name}, {len(data) / 1e6:.1f} MB file, to {side} px: {done.stdout}", end="")


def _hostile(name: str) -> bytes:
    (path,) = (ARCHIVE.parent / "hostile").rglob(name)
    return path.read_bytes()


if __name__ == "__main__":
    main()
