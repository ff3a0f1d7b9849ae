"""What a job has left of each labelled image at each route: its tables, and what the journal paid.

The tables say that an answer of an earlier calibration costs nothing now; the journal knows what
it cost then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pyarrow.parquet as pq

from tierwise.accounts.table_names import FAILURES, answers_table
from tierwise.beam_pipeline.reading_of import reading_of_last
from tierwise.beam_pipeline.trials.drawn import SEVERAL_PAGES, is_of_page
from tierwise.beam_pipeline.trials.labelled import LabelledImage, place_of
from tierwise.beam_pipeline.trials.trial_names import task_of, trial_name
from tierwise.calibration.cascades import NOT_ASKED
from tierwise.calibration.comparing import units_of
from tierwise.calibration.figures import Observation
from tierwise.journal.lines import Entry, read_lines
from tierwise.measurement import Measured
from tierwise.records import Page, Reason, Route, Spent
from tierwise.storage.files import files_for, join
from tierwise.tasks.stages import asks_before, first_ask

# Refusals to answer that belong to the route; all others say nothing about how good it is.
_NO_ANSWER = {
    Reason.INVALID_ANSWER,
    Reason.TRUNCATED,
    Reason.BLOCKED_ANSWER,
    Reason.BLOCKED_PROMPT,
    Reason.REJECTED,
}

_SENT = ("uri", "page", "sent_width", "sent_height", "images_in_request", "latency_ms", "asked_at")

# Stands for the request of whatever came out of one that nobody knows.
_UNKNOWN = "unknown"

Image = tuple[str, int]
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrialResults:
    """One task: by route the observations of the same images; those left out by reason.

    `pages` tells of each image its size and its fine detail.
    """

    by_route: Mapping[str, Sequence[Observation]]
    left_out: dict[str, int]
    pages: Sequence[Page]


class Left:
    """What a finished job left in its output folder."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._paid = _Paid(_entries(output))
        self._pages: dict[Image, Page] = {}
        self._failures: dict[str, list[_Row]] = defaultdict(list)
        for row in _rows(join(output, FAILURES)):
            self._failures[row["task"]].append(row)

    def observed(
        self,
        task: str,
        routes: Mapping[str, Route],
        images: Sequence[LabelledImage],
        signals: Mapping[str, Route] = MappingProxyType({}),
    ) -> TrialResults:
        """What became of the images that have a label for this task, and of its signals' trials.

        `routes` are by name, `signals` by trial.
        """
        labelled = {place_of(one.named): one for one in images if task in one.truths}
        truths = {place: one.truths[task] for place, one in labelled.items()}
        found = {
            name: self._at(trial_name(task, name), route, truths) for name, route in routes.items()
        }
        seen = dict.fromkeys(key for one in found.values() for key in one)
        for signal, route in signals.items():
            spared = {place for place, one in labelled.items() if task_of(signal) in one.spared}
            found[signal] = self._at(signal, route, truths)
            found[signal] |= {key: NOT_ASKED for key in seen if key[0] in spared}
        everywhere = set.intersection(*(set(one) for one in found.values()))
        left_out: Counter[str] = Counter()
        for name in {key for one in found.values() for key in one}:
            reasons = [one[name].reason for one in found.values() if name in one]
            lost = next((r for r in reasons if r is not None and r not in _NO_ANSWER), None)
            if lost is not None:
                left_out[str(lost)] += 1
                everywhere.discard(name)
        # A label of one page says nothing of the other pages of its file, which were asked too.
        several = {place for place, page in everywhere if page > 1}
        several &= {place for place, one in labelled.items() if is_of_page(one.named)}
        if several:
            left_out[SEVERAL_PAGES] += len(several)
        compared = sorted(one for one in everywhere if one[0] not in several)
        files = [labelled[place].unit or place for place, _ in compared]
        by_route = {
            route: in_units([one[name] for name in compared], files) for route, one in found.items()
        }
        pages = [self._pages.get(name, Page()) for name in compared]
        return TrialResults(by_route, dict(left_out), pages)

    def measured(self, trial: str) -> list[Measured]:
        """What each image that was answered used, whenever it was asked."""
        found = []
        for row in _rows(join(self._output, answers_table(trial))):
            spent = self._paid.for_answer(row["request_id"])
            usage = spent.usage
            found.append(
                Measured(
                    **{name: row[name] for name in _SENT},
                    image_tokens=usage.image_tokens,
                    text_tokens=usage.input_tokens - usage.image_tokens,
                    output_tokens=usage.output_tokens,
                    thought_tokens=usage.thought_tokens,
                    cost=spent.cost,
                )
            )
        return found

    def unanswered(self, trial: str) -> dict[Image, str]:
        """The images without an answer at this route, and the reason."""
        return {(row["uri"], row["page"]): row["reason"] for row in self._failures[trial]}

    def _at(self, trial: str, route: Route, truths: Mapping[str, Any]) -> dict[Image, Observation]:
        """By image what came of it; `unit` is the request that it shared with others, if any."""
        paid = self._paid
        found: dict[Image, Observation] = {}
        rows = list(_rows(join(self._output, answers_table(trial))))
        packed = any(row["images_in_request"] > 1 for row in rows)
        packs: dict[Image, tuple[str, str]] = {}
        for row in rows:
            image = row["uri"], row["page"]
            before = paid.questions_before(row, trial) if route.top_down else []
            size = row["width"], row["height"]
            self._pages[image] = Page(1, 1, *size, row["format"], row["fine_detail"])
            found[image] = Observation(
                truth=truths.get(row["uri"]),
                value=row["answer"],
                reason=None,
                spent=paid.of_row(row, trial, before, row["request_id"]),
                latency_ms=row["latency_ms"],
                model_version=row["model_version"],
            )
            packs[image] = paid.pack_of(row, trial), paid.first_pack(before)
        for row in self._failures[trial]:
            image = row["uri"], row["page"]
            before = paid.questions_before(row, trial) if route.top_down else []
            found[image] = Observation(
                truth=truths.get(row["uri"]),
                value=None,
                reason=Reason(row["reason"]),
                spent=paid.of_row(row, trial, before),
            )
            packs[image] = paid.pack_of_failure(row), paid.first_pack(before)
        if packed:
            found = _with_units(found, packs)
        return {image: one for image, one in found.items() if one.truth is not None}


def _with_units(
    found: Mapping[Image, Observation], packs: Mapping[Image, tuple[str, str]]
) -> dict[Image, Observation]:
    """Each with a unit for all whose question, or first of two, shared a request with its own.

    Of those that shared none it is empty.
    """
    units = units_of(*zip(*(packs[image] for image in found), strict=True)) if found else []
    return {
        image: replace(one, unit=unit if any(packs[image]) else "")
        for (image, one), unit in zip(found.items(), units, strict=True)
    }


def in_units(observations: Sequence[Observation], files: Sequence[str]) -> list[Observation]:
    """The observations of one route, each with a unit for all that it shares anything with.

    Args:
        observations: `unit` of each is the request that it shared with other images, if any.
        files: what each of these images is a part of.
    """
    joined = units_of(files, [one.unit for one in observations])
    return [
        one if one == NOT_ASKED else replace(one, unit=unit)
        for one, unit in zip(observations, joined, strict=True)
    ]


class _Paid:
    """All that was ever paid for each question."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._answers: dict[str, Spent] = {}
        self._spent: dict[str, Spent] = defaultdict(Spent)
        self._failed: dict[tuple[str, int, str], str] = {}
        self._answered: dict[tuple[str, int, str], str] = {}
        self._packs: dict[str, str] = {}
        for entry in entries:
            # An outcome repeats what was wasted before it, which has entries of its own.
            outcome = entry.answer or entry.failure
            spent = outcome.spent if outcome else entry.wasted or Spent()
            self._spent[entry.request_id] += spent
            if outcome and outcome.pack:
                self._packs[entry.request_id] = outcome.pack
            if answer := entry.answer:
                self._answers[entry.request_id] = spent
                key = (entry.content_hash, answer.page.number, answer.task)
                self._answered[key] = entry.request_id
            if failure := entry.failure:
                key = (entry.content_hash, failure.page.number, failure.task)
                self._failed[key] = entry.request_id

    def for_answer(self, request_id: str) -> Spent:
        """The request that answered, without what was wasted before it."""
        return self._answers.get(request_id, Spent())

    def of(self, request_id: str) -> Spent:
        return self._spent.get(request_id, Spent())

    def of_row(self, row: _Row, trial: str, before: Sequence[str], request_id: str = "") -> Spent:
        """All that led to a row of a trial, asks before it included.

        These are what Gemini declined, and the questions `before`. `request_id` is that of an
        answer.
        """
        asks = {
            request_id or self._failed_request(row, trial),
            self._declined(row, trial),
            *before,
        }
        return sum(map(self.of, asks), Spent())

    def first_pack(self, before: Sequence[str]) -> str:
        """The request with other images in which the first of two questions was asked."""
        packs = (self._packs.get(one, "") for one in before)
        return next(filter(None, packs), "")

    def questions_before(self, row: _Row, trial: str) -> list[str]:
        """The asks of a trial with two questions that answered before the last was asked.

        Where the trial did not ask, a run into the same output had.
        """
        place = row["content_hash"] or "", row["page"]
        for name in (trial, task_of(trial)):
            asks = [self._answered.get((*place, ask)) for ask in asks_before(name)]
            if any(asks):
                return [request_id for request_id in asks if request_id]
        return []

    def pack_of(self, row: _Row, trial: str) -> str:
        """The request with other images in which an answer was first asked for, empty for none.

        Early journals name none: images have it in common where all that is known of it is the
        same, and those that were asked again by themselves are taken to come from one.
        """
        request_id = row["request_id"]
        if pack := self._packs.get(self._declined(row, trial)) or self._packs.get(request_id):
            return pack
        if row["images_in_request"] > 1:
            return f"{row['asked_at']} {row['latency_ms']} {row['images_in_request']}"
        return _UNKNOWN if self.of(request_id) != self.for_answer(request_id) else ""

    def pack_of_failure(self, row: _Row) -> str:
        """The same for a failure; one that nobody paid for was the picture's own."""
        request_id = self._declined(row, row["task"]) or self._failed_request(row, row["task"])
        return self._packs.get(request_id, _UNKNOWN if request_id else "")

    def _declined(self, row: _Row, trial: str) -> str:
        """The ask of a trial with a route for refusals that failed before another was made."""
        return self._failed_request(row, first_ask(trial))

    def _failed_request(self, row: _Row, task: str) -> str:
        return self._failed.get((row["content_hash"] or "", row["page"], task), "")


def _entries(output: str) -> Iterable[Entry]:
    """What counts for the run that has ended, by whichever run it was paid."""
    reading, journal = reading_of_last(output), join(output, "journal")
    files = files_for(journal)
    for stat in files.walk(journal):
        if stat.uri.endswith(".jsonl"):
            entries = read_lines(files.read(stat.uri), name=stat.uri).entries
            yield from filter(reading.takes, entries)


def _rows(folder: str) -> Iterable[_Row]:
    files = files_for(folder)
    for stat in files.walk(folder):
        with files.open(stat.uri) as stream:
            yield from pq.ParquetFile(stream).read().to_pylist()
