"""CPU of a picture that is asked, of one that is judged and asked, and of one answered locally.

    python -m bench.local_answers.cost [FOLDER]

What the thread does that shrinks: reading, decoding, shrinking, coding; the look besides, and what
is left where nothing is coded. In turns over the same files, medians of five.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.local_answers.pool import FOLDERS
from tierwise.answering.prepare import prepare_file
from tierwise.images.limits import Limits
from tierwise.local.embedder import load_embedder
from tierwise.local.head import fit
from tierwise.local.head_file import KeptHead, to_bytes
from tierwise.local.seen import LocalGroup, LocalModel, Looking
from tierwise.records import ImageFile, ImageSettings

MOST, TURNS = 150, 5
SETTINGS = (ImageSettings(0, tokens=280),)


def report(folder: Path) -> None:
    """Print milliseconds of CPU per picture."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    files = [
        ImageFile(str(path), str(path), path.stat().st_size, f"sha256:{number:064x}")
        for number, path in enumerate(paths[:: max(1, len(paths) // MOST)])
    ]
    with tempfile.TemporaryDirectory() as kept:
        asked = _of_kinds(files, Path(kept))
        spent: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(TURNS):
            for name, looking in asked.items():
                spent[name].append(_ms(lambda looking=looking: _prepared(files, looking)))
    for name, some in spent.items():
        low, middle, high = min(some), statistics.median(some), max(some)
        print(
            f"{name:24} {middle / len(files):6.2f} ms "
            f"({low / len(files):.2f} to {high / len(files):.2f})"
        )


def _of_kinds(files: list[ImageFile], folder: Path) -> dict[str, Looking | None]:
    taught = Looking("", features=True, always=SETTINGS)
    seen = [prepare_file(file, SETTINGS, Limits(), looking=taught)[0].seen for file in files]
    vectors = [one.features for one in seen if one]
    features = np.stack([np.frombuffer(one, np.float16) for one in vectors])
    labels = [Path(file.uri).parent.name for file in files][: len(features)]
    head = fit(features, labels, least_examples=1)
    if head is None:
        raise RuntimeError("there is nothing to learn from")
    uri = folder / "model.npz"
    uri.write_bytes(to_bytes(KeptHead(head, load_embedder().digest)))
    models = (LocalModel("t", str(uri), "digest"),)
    everything = (LocalGroup(("t",), SETTINGS, (-2.0,)),)
    return {
        "asked": None,
        "judged, and asked": Looking("", models=models, always=SETTINGS),
        "answered locally": Looking("", models=models, groups=everything),
    }


def _prepared(files: list[ImageFile], looking: Looking | None) -> None:
    for file in files:
        prepare_file(file, SETTINGS, Limits(), looking=looking)


def _ms(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return 1000 * (time.process_time() - before)


if __name__ == "__main__":
    report(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDERS)
