"""What one content with many names costs the worker that gets it: `python -m bench.scale.hot_key`.

All names of a content meet twice in one place: where one of them is kept, and where each gets the
answer. Both read them as a stream; what is told is seconds of CPU and megabytes that they hold.
"""

from __future__ import annotations

import resource
import time
from collections import deque
from collections.abc import Iterator

from tierwise.records import (
    Answered,
    Failure,
    ImageFile,
    MediaResolution,
    Page,
    Reason,
    ServiceTier,
)
from tierwise.transforms.name_answers import name_answers
from tierwise.transforms.shard import Keyed
from tierwise.transforms.share_duplicates import keep_one_of_each

_NAMES = 1_000_000
_KEY = "md5:00112233445566778899aabbccddeeff"


def files() -> Iterator[ImageFile]:
    for number in range(_NAMES):
        uri = f"gs://an-archive-of-pictures/2019/07/{number:08}.jpg"
        yield ImageFile(uri, uri, 700, _KEY)


def spent() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.process_time(), usage.ru_maxrss / 1000


def main() -> None:
    cpu, held = spent()
    keep_one_of_each("00", (Keyed(_KEY, file) for file in files()))
    kept_cpu, kept_held = spent()
    print(f"keep one of {_NAMES:,}: {kept_cpu - cpu:.1f} s, {kept_held - held:.0f} MB")
    low, standard = MediaResolution.LOW, ServiceTier.STANDARD
    outcome = Failure("r", "task", Page(), Reason.UNREADABLE, "", "model", low, standard)
    first = next(files()).uri
    answered = Answered(_KEY, first, (outcome,))
    rows = name_answers([answered], files())
    deque(rows, maxlen=0)
    named_cpu, named_held = spent()
    print(f"name {_NAMES:,}: {named_cpu - kept_cpu:.1f} s, {named_held - kept_held:.0f} MB")


if __name__ == "__main__":
    main()
