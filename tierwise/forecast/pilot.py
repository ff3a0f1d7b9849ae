"""What a pilot, the first files of an archive by a hash of their content, says of all the others.

The unit is a content: other names of it cost nothing. Which contents come first is the same in
every run, whatever the order of a listing, and has nothing to do with what they show, so that the
first are a random sample without replacement, and the first 100 are among the first 500.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.records import Answer, Failure, ImageFile, Outcome, Record, Spent

# Standard deviations of the normal distribution to either side that hold four cases in five.
_Z = 1.2815515594457831


def content_of(file: ImageFile) -> str:
    """What is asked for a name: its content, its leader's, or itself where it cannot be read."""
    return file.leader or file.content_hash or f"unread:{file.uri}"


def rank_of(content: str) -> bytes:
    """The place of a content, 16 bytes; the first are those with the smallest."""
    return hashlib.sha256(f"first {content}".encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Population(Record):
    """Contents and names of an archive, and those of them that a pilot asks; can be added."""

    contents: int = 0
    files: int = 0
    first_contents: int = 0
    first_files: int = 0

    def __add__(self, other: Population) -> Population:
        return Population(
            self.contents + other.contents,
            self.files + other.files,
            self.first_contents + other.first_contents,
            self.first_files + other.first_files,
        )


@dataclass(frozen=True, slots=True)
class Measured(Record):
    """What contents of a pilot cost, whichever run paid (nano-dollars); can be added.

    `squares` are those of each content's cost. `packed` is each cost times the images that shared
    its request: those of one request cost the same, and say no more than one of them.
    """

    contents: int = 0
    cost: int = 0
    requests: int = 0
    squares: int = 0
    packed: int = 0

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            self.contents + other.contents,
            self.cost + other.cost,
            self.requests + other.requests,
            self.squares + other.squares,
            self.packed + other.packed,
        )


def measured_content(outcomes: Iterable[tuple[Outcome, Spent]]) -> Measured:
    """What one content cost, by its outcomes with all that was paid for each.

    Nothing where one of them has yet to be asked: that says nothing of what a content costs.
    """
    cost = requests = packed = 0
    for outcome, spent in outcomes:
        if isinstance(outcome, Failure) and outcome.unasked:
            return Measured()
        cost += spent.cost
        requests += spent.requests
        packed += spent.cost * (outcome.images_in_request if isinstance(outcome, Answer) else 1)
    return Measured(1, cost, requests, cost * cost, packed)


def pilot_facts(asked_for: int, archive: Population, measured: Measured) -> dict[str, Any]:
    """`first` of `run.json`: what the tables hold, and what the rest of the archive will cost.

    Without `forecast` where no content was asked to its end, without `low_usd` and `high_usd` where
    there were too few to say how sure that is.
    """
    facts: dict[str, Any] = {
        "asked_for": asked_for,
        "contents": archive.first_contents,
        "files": archive.first_files,
        "of_contents": archive.contents,
        "of_files": archive.files,
    }
    if not measured.contents:
        return facts
    left = archive.contents - measured.contents
    mean = measured.cost / measured.contents
    requests = ceil(measured.requests / measured.contents * left)
    middle, spread = round(mean * left), _spread(measured, left)
    remaining = {"contents": left, "requests": requests}
    everything = {"contents": archive.contents, "requests": measured.requests + requests}
    bounds = {"cost_usd": middle}
    if spread is not None:
        bounds |= {"low_usd": max(0, middle - spread), "high_usd": middle + spread}
    facts["forecast"] = {
        "rests_on_contents": measured.contents,
        "rests_on_usd": _written(measured.cost),
        "remaining": remaining | {name: _written(nano) for name, nano in bounds.items()},
        "all": everything | {name: _written(measured.cost + nano) for name, nano in bounds.items()},
    }
    return facts


def what_was_asked(first: Mapping[str, Any]) -> str:
    """Which files of an archive a pilot asked, for people; by `first` of `run.json`."""
    some, of_all = first["contents"], first["of_contents"]
    names = ""
    if (first["files"], first["of_files"]) != (some, of_all):
        names = f" ({first['files']:,} of {first['of_files']:,} names)"
    if some == of_all:
        return (
            f"Pilot: --first={first['asked_for']} asked all {of_all:,} files of the archive{names}."
        )
    return (
        f"Pilot: first {some:,} of {of_all:,} files{names}, drawn at random by their content. The "
        "tables and the page hold these alone."
    )


def _spread(measured: Measured, left: int) -> int | None:
    """Half the interval of what is left, which the truth lies within four times in five."""
    if not left:
        return 0
    count = measured.contents
    # So many requests, each about as many contents as share it.
    together = max(1.0, measured.packed / measured.cost) if measured.cost else 1.0
    independent = count / together
    if independent < 2:
        return None
    variance = max(0.0, measured.squares - measured.cost**2 / count) / (count - 1) * together
    # Of those that are left the mean differs by chance as well.
    error = sqrt(variance * (1 / count + 1 / left))
    return ceil(error * left * _student(independent - 1))


def _student(freedom: float) -> float:
    """The quantile of Student's distribution for 80 % to both sides (Cornish and Fisher)."""
    z = _Z
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _written(nano: int) -> str:
    return f"{usd(nano):f}"
