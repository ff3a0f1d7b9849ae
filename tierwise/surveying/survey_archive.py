"""Looks at an archive for a forecast: names and sizes of all files, headers of a random sample.

Whole files are read only where nothing less tells: those that may be identical, by their size, and
those of the sample when a journal may know their answers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tierwise.answering.prepare import READERS
from tierwise.answering.question import known_outcome, question
from tierwise.errors import ImageError
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.images.limits import Limits
from tierwise.journal.journal_files import JournalFiles, shard_digits, shard_of
from tierwise.journal.reading import ANYBODYS, Reading
from tierwise.journal.recalled import Recalled
from tierwise.questions import Questions
from tierwise.records import Answer, ImageFile, Page, Reason
from tierwise.references import Reference, reference_to
from tierwise.storage.files import files_for
from tierwise.storage.listing import Input, Named
from tierwise.surveying.archive_names import archive_names
from tierwise.surveying.identical_files import affordable, content_hash, twins_in
from tierwise.surveying.picture_heads import first_page
from tierwise.surveying.survey_groups import KnownGroups, survey_groups
from tierwise.tasks import Task

_SEED = 20261123


@dataclass(frozen=True, slots=True)
class WhatToSurvey:
    """What to look for. `journal` is its folder; without one nothing has been paid.

    `reading` says whose answers in it count.
    """

    questions: Questions
    limits: Limits
    sample: int
    journal: str = ""
    reading: Reading = ANYBODYS


def survey_archive(found: Input, looking: WhatToSurvey) -> Survey:
    """The survey of an input.

    Raises:
        InputError: a manifest is malformed, or the journal of a newer version.
    """
    rng = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    names = archive_names(found, rng)
    named, questions = names.named, looking.questions
    chosen = named if len(named) <= looking.sample else rng.sample(named, looking.sample)
    known = KnownGroups(_journal(looking, names.files), looking.sample)
    chosen = affordable(chosen) if known.journal else chosen
    seen = _seen(chosen, looking, known.journal)
    images = [of_file or [] for of_file in seen]
    foreign = {one.uri for one, of_file in zip(chosen, seen, strict=True) if of_file is None}
    pictures = [one for one in named if one.uri not in foreign]
    shared = twins_in(pictures, questions.of_images, rng)  # in a part of the names, too few
    return Survey(
        files=names.files,
        skipped_files=names.skipped,
        images_per_file=tuple(len(of_file) for of_file in images),
        images=tuple(image for of_file in images for image in of_file),
        twins={name: round(count * names.scale) for name, count in shared.items()},
        groups={task.name: survey_groups(names, task, known, rng) for task in questions.of_groups},
        foreign=len(foreign),
    )


def _journal(looking: WhatToSurvey, files: int) -> JournalFiles | None:
    """The journal, None where nothing has been paid."""
    folder = looking.journal
    if not (folder and files_for(folder).folders(folder)):
        return None
    return JournalFiles(folder, "forecast", shard_digits(files), False, looking.reading)


def _seen(
    chosen: Sequence[Named], looking: WhatToSurvey, journal: JournalFiles | None
) -> list[list[SeenImage] | None]:
    recalled = _recalled(chosen, journal) if journal else {}
    with ThreadPoolExecutor(READERS) as pool:
        return list(
            pool.map(lambda named: _seen_images(named, looking, recalled.get(named.uri)), chosen)
        )


def _recalled(chosen: Sequence[Named], journal: JournalFiles) -> dict[str, tuple[str, Recalled]]:
    """By URI, the content hash and what the journal knows of its shard."""
    hashes = {named.uri: content_hash(named) for named in chosen}
    shards = {shard_of(content, journal.digits) for content in hashes.values() if content}
    by_shard = {shard: journal.read(shard) for shard in sorted(shards)}
    return {
        uri: (content, by_shard[shard_of(content, journal.digits)])
        for uri, content in hashes.items()
        if content
    }


def _seen_images(
    named: Named, looking: WhatToSurvey, known: tuple[str, Recalled] | None
) -> list[SeenImage] | None:
    """The images of a file; none when it cannot be read, None when it is no picture at all."""
    try:
        first = _looked_into(named, looking)
    except ImageError as error:
        return None if error.reason is Reason.UNSUPPORTED_FORMAT else []
    except (OSError, ValueError):
        return []
    content_hash, recalled = known or ("", Recalled())
    file = ImageFile(named.uri, named.path, 0, content_hash, named.columns)
    seen = [replace(first, number=number) for number in range(1, first.pages + 1)]
    # Who has opened the file knows more of it than its header tells.
    pages = recalled.pages_of(content_hash, looking.questions.frames) or seen
    return [
        SeenImage(
            page.width,
            page.height,
            file.name,
            named.columns,
            _standings(file, page, looking.questions.tasks, recalled),
            page.format,
            page.detail,
        )
        for page in pages
    ]


def _looked_into(named: Named, looking: WhatToSurvey) -> Page:
    """The first of the images as far as the header tells: its upright size is 0 where unknown."""
    if reference := _sent_unopened(named, looking.questions):
        return Page(format=reference.format)
    return first_page(named, looking.limits, looking.questions.frames)


def _sent_unopened(named: Named, questions: Questions) -> Reference | None:
    """What the job will not open either, because every task sends its address."""
    seeing = [task for task in questions.tasks if task.reads == "image"]
    if not all(task.route.image.by_reference for task in seeing):
        return None
    known = named.known or files_for(named.path).stat(named.path)
    return reference_to(named.path, known.bytes, known.content_type)


def _standings(
    file: ImageFile, page: Page, tasks: Sequence[Task], recalled: Recalled
) -> dict[str, Standing]:
    """How each task stands with an image, as far as the journal's answers tell.

    Groups stand apart, see `survey_groups`.
    """
    answers: dict[str, object] = {}
    standings: dict[str, Standing] = {}
    for task in tasks:
        before = {standings[name] for name in task.depends_on}
        if task.per:
            standings[task.name] = Standing.ASKED
        elif task.audit is not None and not file.content_hash:
            standings[task.name] = Standing.OPEN
        elif task.audit is not None and not task.audit.covers(file.content_hash):
            standings[task.name] = Standing.SPARED
        elif before & {Standing.ASKED, Standing.OPEN}:
            standings[task.name] = Standing.OPEN
        elif not task.is_asked(answers):
            standings[task.name] = Standing.SPARED
        else:
            ask = question(task, file, page, answers)
            outcome = known_outcome(ask, recalled)
            standings[task.name] = Standing.PAID if outcome else Standing.ASKED
            if isinstance(outcome, Answer):
                answers[task.name] = outcome.value
    return standings
