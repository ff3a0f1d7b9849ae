"""Pictures are shrunk as well where the libraries inside other packages cannot be reached."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Prints the size that each file named on its command line was shrunk to. pillow-heif itself needs
# the private module, so that it is imported before the module is hidden.
PROGRAM = """
import json, pathlib, sys
import pillow_heif
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings
found = []
for name in sys.argv[2:]:
    data = pathlib.Path(name).read_bytes()
    picture = optimize(data, name=name, page=1, settings=ImageSettings(96), limits=Limits())
    found.append([picture.width, picture.height])
print(json.dumps(found))
"""


def sizes(hidden: str, paths: list[Path]) -> list[list[int]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, hidden, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[list[int]] = json.loads(done.stdout)
    return found


def test_there_is_a_way_without_private_libraries() -> None:
    holiday, web = (ROOT / "examples" / "archive" / name for name in ("2009 holiday", "web"))
    paths = [*holiday.glob("*.HEIC"), *web.glob("*.webp")]
    assert len(paths) == 3
    assert sizes("PIL._webp,_pillow_heif", paths) == sizes("no_such_module", paths)
    program = (
        "import sys; sys.modules['_pillow_heif'] = None\nfrom tierwise.images.decoders.heic_tiles "
    )
    done = subprocess.run(
        [sys.executable, "-c", program + "import CAN_READ_TILES; sys.exit(CAN_READ_TILES)"],
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
