"""Which pictures a run keeps thumbnails of.

Content hashes decide, so that every worker, every attempt and every run keeps the same ones: all
below a share of the numbers that hashes stand for. Answers in doubt have a greater share. So there
are about 2,000 thumbnails, and at most some 8,000 where everything is in doubt, whatever the
archive holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tierwise.answers.truths import as_answer
from tierwise.questions import Questions
from tierwise.records import Answer, Failure, ImageFile, Outcome
from tierwise.storage.thumbnail_files import ThumbnailFiles

_WANTED = 2_000
_WANTED_IN_DOUBT = 8_000
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """How a run keeps thumbnails; shares are of all contents, from 0 to 1.

    `old_columns` are the manifest's columns, by task, that say what pictures were called before.
    """

    files: ThumbnailFiles
    share: float
    share_in_doubt: float
    old_columns: Mapping[str, str] = field(default_factory=dict)

    def always(self, content_hash: str) -> bool:
        """Whether a thumbnail is kept whatever comes of a picture of this content."""
        return bool(content_hash) and _drawn(content_hash) < self.share

    def keeps(self, file: ImageFile, outcomes: Iterable[Outcome], questions: Questions) -> bool:
        """Whether a thumbnail is kept of a picture of which this came."""
        drawn = _drawn(file.content_hash)
        if drawn < self.share:
            return True
        return drawn < self.share_in_doubt and in_doubt(file, outcomes, questions, self.old_columns)


def _drawn(content_hash: str) -> float:
    drawn = int(content_hash.rpartition(":")[2][:_DIGITS], 16)
    return drawn / float(16**_DIGITS)


def thumbnails_of(files: ThumbnailFiles, images: int, old_columns: Mapping[str, str]) -> Thumbnails:
    """For an archive of about so many images."""
    images = max(1, images)
    return Thumbnails(files, _WANTED / images, _WANTED_IN_DOUBT / images, old_columns)


def in_doubt(
    file: ImageFile,
    outcomes: Iterable[Outcome],
    questions: Questions,
    old_columns: Mapping[str, str],
) -> bool:
    """Whether anything that came of one page deserves a look: see `tierwise.report.doubt`."""
    answers: dict[str, Answer] = {}
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            return True
        answers[outcome.task] = outcome
    for name, answer in answers.items():
        task = questions.task(name)
        audited = answers.get(task.audit.of) if task.audit else None
        if audited is not None and not task.answer.is_same(audited.value, answer.value):
            return True
        cell = file.columns.get(old_columns.get(name, ""))
        old = as_answer(task.answer, cell, answer.value)
        if answer.attempts > 1 or task.when or old not in (None, answer.value):
            return True
    return False
