"""ask_gemini and write_tables: the steps of a pipeline as plain functions, all in this process.

Everything is one shard, so what it says of caps, twins and groups is said by the same code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from apache_beam.pvalue import TaggedOutput

from tierwise.accounts.admission import Admission, Cap, Paid, Purse, admit
from tierwise.accounts.charged import ChargedCosts
from tierwise.accounts.costs import totals_of
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.audit import AuditTally, audit_tallies, audited_pairs
from tierwise.beam_pipeline.door.ask_gemini import (
    IMAGES,
    as_name,
    job_about,
    settings_of,
    take_here,
)
from tierwise.beam_pipeline.door.settings import Written
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.kept_lease import kept
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.writable import writable
from tierwise.counts.tally import CountedName, note_names, summed
from tierwise.errors import InputError
from tierwise.evaluation import PairKey, PairRow, PairTotals, judge_row
from tierwise.journal.run_records import Lease
from tierwise.pair_lists import listed
from tierwise.people import seen_at
from tierwise.publishing.parts import GrowingPart, outcome_row, wide_row
from tierwise.publishing.publish_run import publish
from tierwise.records import ImageFile, NamedOutcome, NamedPage
from tierwise.scheduling.answer_shard import AnsweredShard
from tierwise.scheduling.engine import Engine
from tierwise.storage.listing import Input, InputKind
from tierwise.storage.patience import judge_stores_anew
from tierwise.storage.places import place_of_path
from tierwise.transforms.admit_requests import work_of
from tierwise.transforms.ask_within import life_of, ranks_of
from tierwise.transforms.find_spoken import answered_by_people
from tierwise.transforms.group_files import choose_group, keyed_by_group, order_groups
from tierwise.transforms.hash_images import REPEATED_NAMES, hash_file, keep_one
from tierwise.transforms.name_answers import name_answers
from tierwise.transforms.name_groups import name_group, page_rows
from tierwise.transforms.shard import Keyed, Shard
from tierwise.transforms.share_duplicates import keep_one_of_each, share_key
from tierwise.transforms.sum_costs import cell

# Without a cap, a purse that nothing empties.
_NO_CAP = 10**24


@dataclass(frozen=True, slots=True)
class Answers:
    """What `ask_gemini` gave: a `NamedOutcome` for each image and task, one after the other."""

    rows: tuple[NamedOutcome, ...]
    compared: tuple[PairRow, ...]
    audited: tuple[tuple[str, AuditTally], ...]
    admission: Admission
    repeated: int
    job: Job
    lease: Lease

    def __iter__(self) -> Iterator[NamedOutcome]:
        return iter(self.rows)


def ask_gemini(
    images: Iterable[str | ImageFile],
    tasks: Written = None,
    *,
    output: str,
    columns: Mapping[str, str] | None = None,
    **flags: Any,
) -> Answers:
    """What `AskGemini` does, with the same arguments, for images that fit into memory.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    judge_stores_anew()
    settings, options = settings_of(tasks, {"output": output, **flags}), beam_options([])
    if settings.near_duplicates is not None:
        raise InputError("ask_gemini: near_duplicates needs a pipeline. Use AskGemini or run.")
    files, repeated = _each_once(images)
    kinds = _kinds(files) if columns is None else columns
    found = Input(IMAGES, InputKind.GIVEN, kinds)
    with job_about(settings, tasks, found, len(files), options) as planned:
        lease, job = take_here(planned, options)
        lost: list[BaseException] = []
        with kept(lease, lost.append):
            answered, admission = _asked(files, job)
    if lost:
        raise lost[0]
    rows = [*_rows_of_images(files, answered, job), *_rows_of_groups(files, answered, job)]
    audits = job.plan.questions.audits
    compared = tuple(pair for one in answered.files for pair in audited_pairs(audits, one))
    audited = tuple(tally for one in answered.files for tally in audit_tallies(audits, one))
    return Answers(tuple(rows), compared, audited, admission, repeated, job, lease)


def _each_once(images: Iterable[str | ImageFile]) -> tuple[list[ImageFile], int]:
    rows = defaultdict(list)
    for image in images:
        name = as_name(image)
        rows[place_of_path(name.path)].append(name)
    files = [hash_file(keep_one(some)) for some in rows.values()]
    return files, sum(len(some) - 1 for some in rows.values())


def _kinds(files: Iterable[ImageFile]) -> dict[str, str]:
    """The columns that the files have, by the values in them."""
    names = {bool: "boolean", int: "integer", float: "number"}
    cells = (cell for file in files for cell in file.columns.items())
    return {
        column: names.get(type(value), "string") for column, value in cells if value is not None
    }


def _asked(files: list[ImageFile], job: Job) -> tuple[AnsweredShard, Admission]:
    """All that there is to ask, as one shard."""
    plan = replace(job.plan, journal=replace(job.plan.journal, digits=0))
    shard = _shard(files, job)
    paid = sum(map(plan.journal.paid_before, plan.journal.paid_folders()), Paid())
    most = _NO_CAP if job.cap is None else job.cap
    admission = admit(
        Cap(most, job.untraced, plan.cache_reserve or 0), paid, {shard.name: work_of(shard, plan)}
    )
    engine = Engine(plan)
    try:
        asked = QuestionsAsked(plan.journal.read(shard.name))
        purse = Purse(admission.purses.get(shard.name, 0))
        waves = engine.waves(purse, ranks_of(shard, plan))
        answered = engine.submit(life_of(shard, asked, waves, job.on)).result()
        engine.tell()
        return answered, admission
    finally:
        engine.close()


def _shard(files: list[ImageFile], job: Job) -> Shard:
    questions = job.plan.questions
    groups = defaultdict(list)
    for file in files:
        for key, member in keyed_by_group(file, questions):
            groups[key].append(member)
    chosen = [choose_group(key, members, questions) for key, members in groups.items()]
    keyed = [Keyed(share_key(file, questions), file) for file in files]
    kept_files = keep_one_of_each("", keyed).files if questions.of_images else ()
    return Shard("", kept_files, order_groups("", chosen).groups)


def _rows_of_images(
    files: list[ImageFile], answered: AnsweredShard, job: Job
) -> Iterator[NamedOutcome]:
    names = defaultdict(list)
    for file in files:
        names[share_key(file, job.plan.questions)].append(file)
    for one in answered.files:
        for page in name_answers([one], names[one.share_key]):
            yield from page.rows


def _rows_of_groups(
    files: list[ImageFile], answered: AnsweredShard, job: Job
) -> Iterator[NamedOutcome]:
    questions = job.plan.questions
    members = defaultdict(list)
    for file in files:
        for key, member in keyed_by_group(file, questions):
            members[key].append(member)
    for group in answered.groups:
        key = (group.task, group.name)
        for row in name_group([group], members[key], questions):
            if isinstance(row, TaggedOutput):  # a file that was not opened, whose pages count
                yield from page_rows(row.value, job.plan)
            else:
                yield row


def write_tables(answers: Answers, output: str | None = None) -> dict[str, Any]:
    """What `WriteTables` does; returns the content of `run.json`."""
    job = answers.job
    if output:
        job = replace(job, output=writable(output))
    publication = job.publication
    pages = defaultdict(list)
    charged = ChargedCosts()
    pairs = defaultdict[PairKey, PairTotals](PairTotals)
    names = defaultdict[tuple[str, int, str], list[CountedName]](list)
    changed, spoken, journal = set[str](), set[bytes](), job.plan.journal
    places = seen_at(journal.people(), journal.run_id, job.facts["relative_to"])
    for row in answers:
        if job.counting:
            note_names(job.counting, row, names)
        spoken.update(answered_by_people(row))
        if row.file.content_hash not in places.get(row.file.uri, {row.file.content_hash}):
            changed.add(row.file.uri)
        pages[row.file.uri, row.outcome.page.number].append(row)
        charged.add(totals_of(row.outcome, cell(row, job.cost_by)))
        for pair_key, pair in judge_row(job.judged, row.file, row.outcome):
            pairs[pair_key] += pair
    for pair_key, pair in answers.compared:
        pairs[pair_key] += pair
    audited = defaultdict[str, AuditTally](AuditTally)
    for task, tally in answers.audited:
        audited[task] += tally
    named_pages = (
        NamedPage(some[0].file, tuple(o.outcome for o in some)) for some in pages.values()
    )
    growing = {table: GrowingPart(schema) for table, schema in publication.schemas.items()}
    for table, cells in (
        *(outcome_row(row, renamed=job.renamed, kinds=job.kinds) for row in answers),
        *(wide_row(page, table=job.wide, renamed=job.renamed) for page in named_pages),
    ):
        growing[table].add(cells)
    parts = [part.write(publication.staging, table) for table, part in growing.items()]
    lists, labelled = listed(pairs.items())
    run = publish(
        publication,
        parts,
        list(charged.rows()),
        {REPEATED_NAMES: answers.repeated},
        pairs=lists,
        labelled=labelled,
        before=[answers.admission.paid_before],
        audited=list(audited.items()),
        admissions=[answers.admission] if job.cap is not None else [],
        counted=list(summed(names.values()).items()),
        applied=[len(spoken)],
        changed=list(changed),
    )
    answers.lease.end(untraced_requests=0)
    return run
