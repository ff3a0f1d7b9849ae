"""Cut, zero and flip every tenth of every kind of file, and see what is told of it.

PYTHONPATH=. python -m bench.damage.measure [--seed 16] [WORD OF A KIND ...]
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections import Counter
from collections.abc import Iterator

from bench.damage.files import makers
from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.isolated.isolation import end_helpers
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings

SIDES = (300, 90)  # without and with scaled decoding
KINDS = ("cut", "zeroed", "flipped")
PARTS = 10
FLIPS = 3
MARKED, EQUAL, UNNOTICED = "marked", "equal", "unnoticed"


def damaged(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Kind of damage, and the file: cut before each tenth, the tenth zeroed, one bit flipped."""
    chance = random.Random(seed)
    bounds = [len(data) * part // PARTS for part in range(PARTS + 1)]
    for start, end in itertools.pairwise(bounds):
        if start:
            yield "cut", data[:start]
        yield "zeroed", data[:start] + bytes(end - start) + data[end:]
        for _ in range(FLIPS):
            at = chance.randrange(start, end)
            flipped = data[at] ^ (1 << chance.randrange(8))
            yield "flipped", data[:at] + bytes((flipped,)) + data[at + 1 :]


def sent(data: bytes, side: int) -> bytes | None:
    """What would be sent, None when the file is marked."""
    settings = ImageSettings(side, quality=100)
    try:
        inspect(data, name="file", limits=Limits())
        picture = optimize(data, name="file", page=1, settings=settings, limits=Limits())
    except ImageError:
        return None
    return picture.data


def outcomes(data: bytes, seed: int, side: int) -> Iterator[tuple[str, str]]:
    """Kind of damage, and whether it is marked, shows equal pixels, or is unnoticed."""
    whole = sent(data, side)
    if whole is None:
        raise RuntimeError("the sound file is marked")
    for kind, file in damaged(data, seed):
        if file != data:
            got = sent(file, side)
            yield kind, MARKED if got is None else EQUAL if got == whole else UNNOTICED


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    print("| file | cut | a tenth zeroed | one bit flipped |\n|---|---|---|---|")
    for name, make in makers():
        if asked.words and not any(word in name for word in asked.words):
            continue
        data = make()
        counts = Counter(outcome for side in SIDES for outcome in outcomes(data, asked.seed, side))
        cells = [_share(counts, kind) for kind in KINDS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    end_helpers()


def _share(counts: Counter[tuple[str, str]], kind: str) -> str:
    """Of the files that show something else, how many go unnoticed."""
    unnoticed, marked = counts[kind, UNNOTICED], counts[kind, MARKED]
    equal = counts[kind, EQUAL]
    shown = f"{unnoticed} of {unnoticed + marked}"
    return shown + (f" ({equal} equal)" if equal else "")


if __name__ == "__main__":
    main()
