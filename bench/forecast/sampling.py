"""How often a sample of headers tells what all headers would: `python -m bench.forecast.sampling`.

Archives of many kinds are drawn, and each is forecast twice: from a sample, as `plan` takes it, and
from every file. Nothing is read from a disk, so that some hundred archives of thousands of files
take minutes: names, sizes and what each file holds are drawn together.

Two intervals are counted, each against a truth that the sample does not know. `sample` is the
interval where only the files that nobody looked at are unknown; the truth is the middle of the
complete survey. `all` is the interval that `plan` prints; the truth is the complete survey in one
scenario, drawn as forecasts draw theirs, so that it says whether the parts add up, not whether
prompts are as long as is believed.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from tierwise.forecast.forecast import DollarInterval, expectations, forecast, loads_of
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import Scenario, Unknown, drawn_scenario, middle_scenario
from tierwise.forecast.survey import SAMPLE, SeenFile, SeenImage, Standing, Stratum, Survey
from tierwise.forecast.workload import workloads
from tierwise.questions import as_written
from tierwise.storage.listing import Named
from tierwise.surveying.archive_names import Frame
from tierwise.surveying.strata import drawn_strata
from tierwise.tasks import Task, load_tasks

RATES = Rates(date(2026, 11, 29))
_TASKS = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: What does it show?
    labels: [people, animals, food, places, print, other]
    media_resolution: medium
    routing: {fit_pixels: true}
"""
_STANDINGS = {"kind": Standing.ASKED}
_MOST_PAGES = 1000
WHAT = ("sample", "all")
# What four cases in five may be in truth: a little more rather than less.
_FEWEST, _MOST = 0.75, 0.90


@dataclass(frozen=True, slots=True)
class File:
    """One drawn file; its size in bytes is 0 where a manifest does not tell it."""

    name: str
    bytes: int
    seen: SeenFile


@dataclass(frozen=True, slots=True)
class Archive:
    """Files, of which so many `listed` are known by name, and a pilot asks so many `first`."""

    kind: str
    files: tuple[File, ...]
    listed: int
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An interval beside the truth, in nano-dollars."""

    archive: str
    what: str
    interval: DollarInterval
    truth: int

    @property
    def side(self) -> int:
        """0 within, -1 where the truth lies below, 1 where it lies above."""
        return (self.truth > self.interval.high) - (self.truth < self.interval.low)


@cache
def _tasks() -> tuple[Task, ...]:
    return as_written(load_tasks(_TASKS, path="bench/forecast/sampling.py")).tasks


@cache
def _image(width: int, height: int, file_format: str) -> SeenImage:
    return SeenImage(width, height, "", {}, _STANDINGS, file_format)


def _photo(rng: random.Random, *, sizes: Sequence[int] = (640, 1600, 4000)) -> tuple[int, SeenFile]:
    width = rng.choice(sizes)
    height = round(width * rng.choice((0.75, 0.66, 1.33, 1)))
    size = round(width * height * rng.lognormvariate(math.log(0.3), 0.4))
    return size, SeenFile((_image(width, height, "jpeg"),))


def _paged(
    rng: random.Random, *, median: float, spread: float, page_bytes: int = 60_000
) -> tuple[int, SeenFile]:
    pages = min(_MOST_PAGES, max(1, round(rng.lognormvariate(math.log(median), spread))))
    width, height = rng.choice(((612, 792), (1240, 1754), (2480, 3508)))
    size = round(pages * rng.lognormvariate(math.log(page_bytes), 0.8))
    return size, SeenFile((_image(width, height, "pdf"),) * pages)


def _photos(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    for _ in range(rng.randint(500, 5000)):
        yield "jpg", *_photo(rng)


def _few_large(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    yield from _photos(rng)
    for _ in range(rng.randint(1, 30)):
        yield "pdf", *_paged(rng, median=200, spread=1.0)


def _scans(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    for _ in range(rng.randint(500, 3000)):
        yield rng.choice(("pdf", "tif")), *_paged(rng, median=3, spread=1.3)


def _mixed(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    """Half the names have no size, as in a manifest of a bucket."""
    sized = rng.random() < 0.5
    for ending, size, seen in (*_photos(rng), *_scans(rng)):
        yield ending, size * sized, seen


def _broken(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    broken, worst = rng.betavariate(1, 8), rng.choice(("jpg", "pdf", "tif"))
    for ending, size, seen in (*_photos(rng), *_scans(rng)):
        share = 0.9 if ending == worst and rng.random() < 0.3 else broken
        yield ending, size, SeenFile() if rng.random() < share else seen


def _shapes(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    """Thumbnails beside photographs beside panoramas, some in names that end in numbers."""
    for number in range(rng.randint(500, 5000)):
        size, seen = _photo(rng, sizes=rng.choice(((90, 200), (2000, 6000), (300, 12_000))))
        yield rng.choice(("jpg", "png", "webp", str(number))), size, seen


def _liars(rng: random.Random) -> Iterator[tuple[str, int, SeenFile]]:
    share = rng.uniform(0.003, 0.03)
    for ending, size, seen in _photos(rng):
        lies = rng.random() < share
        yield ending, *(_paged(rng, median=6, spread=0.8) if lies else (size, seen))


KINDS: dict[str, Callable[[random.Random], Iterator[tuple[str, int, SeenFile]]]] = {
    "photographs": _photos,
    "few large PDFs": _few_large,
    "scans": _scans,
    "all kinds": _mixed,
    "broken": _broken,
    "odd shapes": _shapes,
    "endings lie": _liars,
}
_PART_LISTED, _PILOT = "few large PDFs, a part listed", "all kinds, a pilot"


def drawn_archive(number: int, rng: random.Random, size: float = 1.0) -> Archive:
    """The kinds in turn; `size` is the share of the files of each that are taken."""
    kinds = [*KINDS, _PART_LISTED, _PILOT]
    kind = kinds[number % len(kinds)]
    drawn = list(KINDS[kind.partition(", ")[0]](rng))
    drawn = rng.sample(drawn, round(size * len(drawn)))
    files = tuple(
        File(f"{place}.{ending}", size, seen) for place, (ending, size, seen) in enumerate(drawn)
    )
    count = len(files)
    listed = round(count * rng.uniform(0.3, 0.7)) if kind == _PART_LISTED else count
    first = rng.randint(count // 10, count // 2) if kind == _PILOT else None
    return Archive(kind, files, listed, first)


def held(archive: Archive, sample: int, rng: random.Random) -> Iterator[Held]:
    """Both intervals of an archive beside their truths."""
    tasks, survey = _tasks(), _surveyed(archive, sample, rng)
    found = forecast(tasks, survey, RATES, {"kind": 0}, unknowns=(Unknown.SAMPLE,))
    # Files are in random order: the first are as good as those that come first by a hash.
    asked = tuple(file.seen for file in archive.files[: archive.first])
    whole = Survey(len(asked), (Stratum(len(asked), asked),))
    known, work = expectations(tasks, whole), workloads(tasks, whole, RATES)

    def cost(scenario: Scenario) -> int:
        return sum(load.cost for load in loads_of(work, scenario).values())

    yield Held(archive.kind, "sample", found.spread[Unknown.SAMPLE], cost(middle_scenario(known)))
    yield Held(archive.kind, "all", found.cost, cost(drawn_scenario(known, rng)))


def _surveyed(archive: Archive, sample: int, rng: random.Random) -> Survey:
    listed = rng.sample(archive.files, archive.listed)
    files = archive.first or len(archive.files)
    frame = Frame(files, len(listed))
    by_name = {file.name: file for file in listed}
    sizes = {file.name: file.bytes for file in listed}
    names = [Named(file.name, file.name) for file in listed]
    return Survey(
        files,
        tuple(
            Stratum(
                files=frame.scale * len(drawn.names),
                seen=tuple(by_name[one.uri].seen for one in drawn.chosen),
                kind=drawn.kind,
                spread=frame.spread(len(drawn.names)),
                certain=frame.scale >= 1,
            )
            for drawn in drawn_strata(names, sizes, sample, rng)
        ),
    )


def run(archives: int, seed: int, sample: int = SAMPLE, size: float = 1.0) -> list[Held]:
    """Intervals of so many archives, each a part of so large a share."""
    rng = random.Random(seed)
    return [
        one
        for number in range(archives)
        for one in held(drawn_archive(number, rng, size), sample, rng)
    ]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of some intervals hold."""

    intervals: int
    below: int
    above: int

    @property
    def share(self) -> float:
        """Of the intervals, 0 to 1."""
        return 1 - (self.below + self.above) / self.intervals

    @property
    def error(self) -> float:
        """The standard error of the share, which is never taken for 0."""
        share = min(self.share, 1 - 1 / self.intervals)
        return math.sqrt(share * (1 - share) / self.intervals)

    @property
    def fair(self) -> bool:
        """Whether the share may be what is wanted, two standard errors to either side."""
        return _FEWEST - 2 * self.error <= self.share <= _MOST + 2 * self.error

    def __str__(self) -> str:
        return (
            f"{self.share:.3f} ± {self.error:.3f} of {self.intervals} within, {self.below} below, "
            f"{self.above} above"
        )


def coverage(some: Iterable[Held]) -> Coverage:
    """How many of these hold."""
    sides = [one.side for one in some]
    return Coverage(len(sides), sides.count(-1), sides.count(1))


def coverage_of(found: Iterable[Held], what: str) -> Coverage:
    """How many of one of the two intervals hold."""
    return coverage(one for one in found if one.what == what)


def main() -> None:
    """Print how many intervals hold, by what they are about and by kind of archive."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--archives", type=int, default=270)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    found = run(given.archives, given.seed, given.sample)
    for what in WHAT:
        some = [one for one in found if one.what == what]
        for kind in dict.fromkeys(one.archive for one in some):
            print(f"{what:7}{kind:31}{coverage(one for one in some if one.archive == kind)}")
        print(f"{what:7}{'all archives':31}{coverage(some)}")
    if missed := [what for what in WHAT if not coverage_of(found, what).fair]:
        raise SystemExit(
            f"intervals of {' and '.join(missed)}: not between {_FEWEST:.0%} and {_MOST:.0%}"
        )


if __name__ == "__main__":
    main()
