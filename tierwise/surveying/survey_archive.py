"""Looks at an archive for a forecast: names and sizes of all files, headers of a sample.

Whole files are read only where nothing less tells: those that may be identical, by their size, and
all, up to some gigabytes, when a journal may know their answers: which are new is not guessed from
a sample.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tierwise.answering.local_ask import is_answered_locally
from tierwise.answering.prepare import READERS
from tierwise.answering.question import known_outcome, question, with_first
from tierwise.answering.said_by_people import spoken, word_about
from tierwise.errors import ImageError, StoreError
from tierwise.forecast.survey import SeenFile, SeenImage, Standing, Stratum, Survey
from tierwise.images.limits import Limits
from tierwise.journal.journal_files import JournalFiles, shard_digits, shard_of
from tierwise.journal.reading import ANYBODYS, Reading
from tierwise.journal.recalled import Recalled
from tierwise.known_files import NOTHING_KNOWN, Memory
from tierwise.questions import Questions
from tierwise.records import Answer, Failure, ImageFile, Outcome, Page, Reason
from tierwise.references import Reference, reference_to
from tierwise.storage.files import files_for
from tierwise.storage.listing import Input, Named
from tierwise.storage.patience import judge_stores_anew
from tierwise.storage.remembered_files import with_contents
from tierwise.surveying.archive_names import Frame, archive_names
from tierwise.surveying.first_names import first_names
from tierwise.surveying.identical_files import Twins, affordable, content_hash, size_of, twins_in
from tierwise.surveying.picture_heads import LookError, first_page
from tierwise.surveying.strata import Drawn, drawn_strata
from tierwise.surveying.survey_groups import KnownGroups, survey_groups
from tierwise.tasks import Task

_SEED = 20261123

# A content hash, and what the journal knows of its shard.
_Known = tuple[str, Recalled]


@dataclass(frozen=True, slots=True)
class WhatToSurvey:
    """What to look for. `journal` is its folder; without one nothing has been paid.

    `reading` says whose answers in it count, `shares_alike` that near duplicates share answers;
    `first` is how many files a pilot asks, None for all. `memory` is what the last run knew of the
    files: those that are unchanged are not read.
    """

    questions: Questions
    limits: Limits
    sample: int
    journal: str = ""
    reading: Reading = ANYBODYS
    shares_alike: bool = False
    first: int | None = None
    memory: Memory = NOTHING_KNOWN


def survey_archive(found: Input, looking: WhatToSurvey) -> Survey:
    """The survey of an input.

    Raises:
        InputError: a manifest is malformed, or the journal of a newer version.
    """
    judge_stores_anew()
    rng = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    everything = archive_names(found, rng)
    everything = replace(everything, named=with_contents(everything.named, looking.memory))
    asked_before = _journal(looking, everything.files) is not None
    names = first_names(everything, looking.first, hashes=asked_before)
    questions = looking.questions
    groups = KnownGroups(_journal(looking, names.files), looking.sample)
    journal = groups.journal
    compared = rng.sample(names.named, len(names.named))
    compared = affordable(compared) if journal else compared
    recalled = _recalled(compared, journal) if journal else {}
    known = {one.uri: _known_images(one, looking, recalled.get(one.uri)) for one in compared}
    left = [one for one in compared if not known[one.uri]]
    sizes = {one.uri: size_of(one) for one in left}
    drawn = drawn_strata(left, sizes, looking.sample, rng, frames=questions.frames)
    seen = _seen([one for stratum in drawn for one in stratum.chosen], looking, recalled)
    pictures = [one for one in left if one.uri not in seen or not seen[one.uri].foreign]
    twins = twins_in(pictures, sizes, questions.of_images, rng)
    files = names.files
    if files < len(compared):  # the first contents of all, with their other names
        files = min(len(compared), round(files * len(pictures) / twins.contents(len(pictures))))
    frame = Frame(files, len(compared))
    found_known = len(compared) - len(left)
    return Survey(
        files=files,
        skipped=names.skipped,
        repeated=everything.repeated,
        strata=_strata(drawn, seen, twins, frame),
        groups={task.name: survey_groups(names, task, groups, rng) for task in questions.of_groups},
        known=tuple(image for of_file in known.values() for image in of_file),
        known_files=round(frame.scale * found_known),
        compared_files=found_known,
        shares_alike=looking.shares_alike,
        of_files=everything.files if looking.first else None,
        all_compared=twins.scale == 1,
        away=tuple(one.away for one in seen.values() if one.away),
    )


def _strata(
    drawn: Sequence[Drawn], seen: Mapping[str, SeenFile], twins: Twins, frame: Frame
) -> tuple[Stratum, ...]:
    """What its store did not give is like the rest of its stratum, or else of all."""
    read = {uri: file for uri, file in seen.items() if not file.away}
    everything = tuple(read.values())
    return tuple(_stratum(one, read, everything, twins, frame) for one in drawn)


def _stratum(
    drawn: Drawn,
    read: Mapping[str, SeenFile],
    everything: tuple[SeenFile, ...],
    twins: Twins,
    frame: Frame,
) -> Stratum:
    scale = twins.scale * frame.scale
    seen = tuple(read[one.uri] for one in drawn.chosen if one.uri in read)
    return Stratum(
        files=frame.scale * len(drawn.names),
        seen=seen or everything,
        kind=drawn.kind,
        twins={
            task: scale * sum(one.uri in sharing for one in drawn.names)
            for task, sharing in twins.sharing.items()
        },
        spread=frame.spread(len(drawn.names)),
        certain=frame.scale >= 1 and bool(seen),
    )


def _journal(looking: WhatToSurvey, files: int) -> JournalFiles | None:
    """The journal, None where nothing has been paid."""
    folder = looking.journal
    if not (folder and (looking.reading.said or files_for(folder).folders(folder))):
        return None
    return JournalFiles(folder, "forecast", shard_digits(files), False, looking.reading)


def _seen(
    chosen: Sequence[Named], looking: WhatToSurvey, recalled: Mapping[str, _Known]
) -> dict[str, SeenFile]:
    with ThreadPoolExecutor(READERS) as pool:
        seen = pool.map(lambda named: _seen_file(named, looking, recalled.get(named.uri)), chosen)
        return {named.uri: file for named, file in zip(chosen, seen, strict=True)}


def _known_images(named: Named, looking: WhatToSurvey, known: _Known | None) -> list[SeenImage]:
    """The images of a file of which the journal knows every answer; else none."""
    if not known or not looking.questions.of_images:
        return []
    content_hash, recalled = known
    pages = recalled.pages_of(content_hash, looking.questions.frames)
    if not all(map(looking.questions.know_enough, pages)):
        return []
    images = [_image(named, page, looking, known) for page in pages]
    open_ = {Standing.ASKED, Standing.OPEN}
    tasks = [task.name for task in looking.questions.of_images]
    left = any(image.standings[name] in open_ for image in images for name in tasks)
    return [] if left else images


def _image(named: Named, page: Page, looking: WhatToSurvey, known: _Known) -> SeenImage:
    content_hash, recalled = known
    file = ImageFile(named.uri, named.path, 0, content_hash, named.columns)
    return SeenImage(
        page.width,
        page.height,
        file.name,
        named.columns,
        _standings(file, page, looking.questions, recalled),
        page.format,
        page.detail,
        content_hash,
    )


def _recalled(chosen: Sequence[Named], journal: JournalFiles) -> dict[str, _Known]:
    """By URI, the content hash and what the journal knows of its shard."""
    with ThreadPoolExecutor(READERS) as pool:
        contents = pool.map(content_hash, chosen)
        hashes = {named.uri: content for named, content in zip(chosen, contents, strict=True)}
    shards = {shard_of(content, journal.digits) for content in hashes.values() if content}
    by_shard = {shard: journal.read(shard) for shard in sorted(shards)}
    return {
        uri: (content, by_shard[shard_of(content, journal.digits)])
        for uri, content in hashes.items()
        if content
    }


def _seen_file(named: Named, looking: WhatToSurvey, known: _Known | None) -> SeenFile:
    """A file with its images, none when it cannot be read."""
    try:
        first = _looked_into(named, looking)
    except StoreError as error:
        return SeenFile(away=error.message)
    except ImageError as error:
        return SeenFile(foreign=error.reason is Reason.UNSUPPORTED_FORMAT)
    except (LookError, OSError, ValueError):
        return SeenFile()
    content_hash, recalled = known = known or ("", Recalled())
    seen = [replace(first, number=number) for number in range(1, first.pages + 1)]
    # Who has opened the file knows more of it than its header tells.
    pages = recalled.pages_of(content_hash, looking.questions.frames) or seen
    return SeenFile(tuple(_image(named, page, looking, known) for page in pages))


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
    file: ImageFile, page: Page, questions: Questions, recalled: Recalled
) -> dict[str, Standing]:
    """How each task stands with an image, as far as the journal's answers tell.

    Groups stand apart, see `survey_groups`.
    """
    answers: dict[str, object] = {}
    found: dict[str, Outcome | None] = {}
    standings: dict[str, Standing] = {}
    for task in questions.tasks:
        before = {standings[name] for name in task.depends_on}
        outcome: Outcome | None = None
        word = word_about(task, file.content_hash, page, recalled.people, questions)
        if task.per:
            standing = Standing.ASKED
        elif task.sample and not file.content_hash:
            standing = Standing.OPEN
        elif not task.covers(file.content_hash):
            standing = Standing.SPARED
        elif is_answered_locally(task, file.content_hash, recalled):
            standing = Standing.SPARED if task.after_first else Standing.PAID
        elif before & {Standing.ASKED, Standing.OPEN}:
            standing = Standing.OPEN
        elif not _follows(task, found) or not task.is_asked(answers):
            standing = Standing.SPARED
        elif word:
            outcome = spoken(task, word, file, page, found)
            standing = Standing.SPARED if task.audit or task.after_first else Standing.PAID
        else:
            outcome = known_outcome(question(task, file, page, answers), recalled)
            standing = Standing.PAID if outcome else Standing.ASKED
        standings[task.name] = standing
        found[task.name] = outcome = outcome if word else with_first(task, outcome, found)
        if isinstance(outcome, Answer):
            answers[task.name] = outcome.value
    return standings


def _follows(task: Task, found: Mapping[str, Outcome | None]) -> bool:
    """Whether what came of the ask before one for refusals was a refusal; of others always."""
    before = found.get(task.after_first)
    return not task.after_refusal or (isinstance(before, Failure) and before.declined)
