"""The whole job on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam

from tierwise.accounts.admission import Admission, Cap, Paid
from tierwise.accounts.ending import REMEMBERED
from tierwise.accounts.table_names import FILES
from tierwise.answering.groups import AnsweredGroup
from tierwise.audit import AuditTally
from tierwise.batches.part import Part
from tierwise.beam_pipeline.job import Job
from tierwise.counts.tally import CountRow
from tierwise.forecast.pilot import Measured, Population
from tierwise.known_files import KnownFile, files_row
from tierwise.local.statement import Statement
from tierwise.near_duplicates import NearAudit
from tierwise.pair_lists import LabelOf, PairList, PairsOf
from tierwise.publishing.parts import TableRow, new_row, outcome_row, wide_row
from tierwise.publishing.publish_run import publish
from tierwise.records import Answered, ImageFile, NamedOutcome, NamedPage
from tierwise.transforms.ask_groups import AskGroups
from tierwise.transforms.ask_images import AskImages
from tierwise.transforms.ask_in_turn import AskInTurn, AskInTurnWithin
from tierwise.transforms.ask_within import AskWithin
from tierwise.transforms.asking_fn import SharedEngine
from tierwise.transforms.audit_near_duplicates import AuditNearDuplicates
from tierwise.transforms.choose_first import ChooseFirst
from tierwise.transforms.close_run import CloseRun
from tierwise.transforms.compare_audits import CompareAudits, Compared
from tierwise.transforms.count_changes import CountChanges
from tierwise.transforms.count_labels import CountLabels
from tierwise.transforms.find_spoken import FindSpoken
from tierwise.transforms.free_followers import FreeFollowers
from tierwise.transforms.group_files import GroupFiles
from tierwise.transforms.hash_images import FILES as LISTED
from tierwise.transforms.hash_images import KNOWN_FILES
from tierwise.transforms.judge_answers import JudgeAnswers
from tierwise.transforms.keep_lease import keep_lease
from tierwise.transforms.list_images import ListImages
from tierwise.transforms.list_pairs import ListPairs
from tierwise.transforms.measure_pilot import MeasurePilot
from tierwise.transforms.merge_pages import MergePages
from tierwise.transforms.name_answers import NameAnswers
from tierwise.transforms.name_groups import NameGroups
from tierwise.transforms.pick_new import PickNew
from tierwise.transforms.remember_contents import RememberContents
from tierwise.transforms.share_duplicates import ShareDuplicates
from tierwise.transforms.share_near_duplicates import NEAR_DUPLICATES, ShareNearDuplicates
from tierwise.transforms.sum_costs import SumCosts
from tierwise.transforms.sum_journal import SumJournal
from tierwise.transforms.without_under_way import without_under_way
from tierwise.transforms.write_parts import WriteParts


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the questions: a row for each image and task, and what is told of them besides.

    `pages` are the same rows page by page, None where they have yet to meet; `before` is what
    earlier runs have paid; `admissions` is None without a cap, `audited` without
    audits, `followers` where no near duplicates are looked for. A pilot has its `population`, and
    in `measured` what its contents cost. `remembered` are files that could not be read, and are
    known from earlier tables, None where there are none. `parts` is what was written down for batch
    jobs, None where no task is asked by any: then `rows` and `pages` lack what waits for them.
    `stated` is what is promised of local answers, None where there are none.
    `known` are all files as the next run is to remember them, None where others list the images.
    """

    rows: beam.PCollection[NamedOutcome]
    pages: beam.PCollection[NamedPage] | None
    before: beam.PCollection[Paid]
    admissions: beam.PCollection[Admission] | None = None
    audited: Compared | None = None
    followers: beam.PCollection[ImageFile] | None = None
    population: beam.PCollection[Population] | None = None
    measured: beam.PCollection[Measured] | None = None
    remembered: beam.PCollection[ImageFile] | None = None
    parts: beam.PCollection[Part] | None = None
    stated: beam.PCollection[Mapping[str, Statement]] | None = None
    known: beam.PCollection[KnownFile] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What `publish` tells of a run beside its rows and costs; None where nothing is."""

    before: beam.PCollection[Paid]
    admissions: beam.PCollection[Admission] | None
    pairs: beam.PCollection[tuple[PairsOf, PairList]] | None
    labelled: beam.PCollection[tuple[LabelOf, int]] | None
    audited: beam.PCollection[tuple[str, AuditTally]] | None
    audits: beam.PCollection[tuple[str, NearAudit]] | None
    population: beam.PCollection[Population] | None
    measured: beam.PCollection[Measured] | None
    counted: beam.PCollection[CountRow] | None
    applied: beam.PCollection[int] | None
    changed: beam.PCollection[str] | None
    written: beam.PCollection[Part] | None
    stated: beam.PCollection[Mapping[str, Statement]] | None
    changes: beam.PCollection[tuple[str, int]] | None

    def given(self) -> dict[str, beam.PCollection[Any]]:
        """Those that there are, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: some for name, some in found.items() if some is not None}


def define_pipeline(root: beam.Pipeline, job: Job) -> beam.PCollection[dict[str, Any]]:
    """Adds the job to a pipeline; the one element that comes out is the content of `run.json`."""
    patience_s, tables = job.plan.limits.patience_s, job.earlier_tables
    listing = ListImages(job.found, job.lease, patience_s, tables, job.memory)
    left_out = dict(root | "ListImages" >> listing)
    files, known = left_out.pop(LISTED), left_out.pop(KNOWN_FILES, None)
    # Each name of the archive is there once, with the hash of its content, and nothing was opened.
    return close(replace(ask(files, job), known=known), left_out, job)


def ask(files: beam.PCollection[ImageFile], job: Job) -> Asked:
    """Ask about images, and about groups of them."""
    plan, questions, digits = job.plan, job.plan.questions, job.plan.journal.digits
    before = files.pipeline | "SumJournal" >> SumJournal(plan.journal)
    remembered = None
    if job.earlier_tables:
        files, remembered = files | "RememberContents" >> RememberContents(job.earlier_tables)
    # What a bucket or disk does not give now is known by its name, as the last run saw it.
    alike, followers = files, None
    if job.likeness:
        alike = files | "ShareNearDuplicates" >> ShareNearDuplicates(plan, job.likeness)
    # A picture that looks like another names that one as its leader, and will have its answers.
    population = measured = None
    if job.first:  # of images alone; who leads whom is that of the whole archive
        alike, population = alike | "ChooseFirst" >> ChooseFirst(job.first)
        files = alike
    images = groups = audited = None
    if questions.of_images:
        sharing = ShareDuplicates(questions, digits, plan.order_by)
        shards = alike | "ShareDuplicates" >> sharing
        images = keep_lease(shards, job.lease, "KeepWhileAsking-images")
    if questions.of_groups:
        shards = files | "GroupFiles" >> GroupFiles(questions, digits)
        groups = keep_lease(shards, job.lease, "KeepWhileAsking-groups")
    # Each content, or group, is in one shard: that whose folder of the journal has its answers.
    within = _ask_capped if job.cap is not None else _ask_all
    alike, images, groups, admissions, parts, stated = within(alike, images, groups, before, job)
    # Each was asked once, and its answers are in the journal, or a batch job will ask it.
    if job.likeness:
        followers = alike | "Followers" >> beam.Filter(lambda file: file.leader)
    rows, pages = [], None
    if questions.of_images:
        pages = (alike, images) | "NameAnswers" >> NameAnswers(questions)
        rows.append(pages | "EachRow" >> beam.FlatMap(lambda page: page.rows))
    if questions.of_groups:
        rows.append((files, groups) | "NameGroups" >> NameGroups(plan))
        pages = None  # those of groups and of images have yet to meet
    if job.first:
        measured = images | "MeasurePilot" >> MeasurePilot(plan.journal)
    if questions.audits:
        audited = images | "CompareAudits" >> CompareAudits(questions.audits)
    # Every name has a row for each task that it was asked; of names that are twins, one pays.
    all_rows = tuple(rows) | "AllRows" >> beam.Flatten()
    told = (before, admissions, audited, followers, population, measured, remembered)
    if parts is None:
        return Asked(all_rows, pages, *told, None, stated)
    return Asked(*without_under_way(all_rows, pages), *told, parts, stated)


class _Put(NamedTuple):
    """Files, perhaps with other leaders, and what became of images and groups."""

    alike: beam.PCollection[ImageFile]
    images: beam.PCollection[Answered] | None
    groups: beam.PCollection[AnsweredGroup] | None
    admissions: beam.PCollection[Admission] | None
    parts: beam.PCollection[Part] | None
    stated: beam.PCollection[Mapping[str, Statement]] | None = None


def _ask_all(alike: Any, images: Any, groups: Any, before: Any, job: Job) -> _Put:
    """Ask everything, but for what a local model answers."""
    del before
    engine, parts, stated = SharedEngine(job.plan), [], None
    if images and job.plan.local:
        images, stated, written, *_ = images | "AskInTurn" >> AskInTurn(engine)
        parts.append(written)
    elif images:
        images, written = images | "AskGemini" >> AskImages(engine)
        parts.append(written)
    if groups:
        groups, written = groups | "AskGroups" >> AskGroups(engine)
        parts.append(written)
    if images and job.likeness and not job.first:
        # Who follows a picture that was refused is asked itself; a cap has no room for that.
        questions, order_by = job.plan.questions, job.plan.order_by
        alike, freed = (alike, images) | "FreeFollowers" >> FreeFollowers(questions)
        sharing = ShareDuplicates(questions, job.plan.journal.digits, order_by)
        again = keep_lease(freed | "ShareFreed" >> sharing, job.lease, "KeepWhileAsking-freed")
        others, written = again | "AskFreed" >> AskImages(engine)
        images = (images, others) | "Both" >> beam.Flatten()
        parts.append(written)
    some = tuple(one for one in parts if one is not None)
    written = some | "Parts" >> beam.Flatten() if some else None
    return _Put(alike, images, groups, None, written, stated)


def _ask_capped(alike: Any, images: Any, groups: Any, before: Any, job: Job) -> _Put:
    """Ask as much as fits under the cap."""
    engine = SharedEngine(job.plan)
    cap = Cap(job.cap or 0, job.untraced, job.plan.cache_reserve or 0)
    if images and job.plan.local:
        kinds = (images, groups) if groups else (images,)
        in_turn = kinds | "AskInTurn" >> AskInTurnWithin(engine, cap, before)
        images, stated, parts, groups, admissions = in_turn
        return _Put(alike, images, groups, admissions, parts, stated)
    within = AskWithin(engine, cap, before)
    asked = tuple(some for some in (images, groups) if some) | "AskWithin" >> within
    return _Put(alike, asked["images"], asked["groups"], asked["admissions"], asked["parts"])


def close(
    asked: Asked, left_out: Mapping[str, beam.PCollection[Any]], job: Job
) -> beam.PCollection[dict[str, Any]]:
    """Write the tables of what was asked, sum the costs up, and put all in place.

    `left_out` are the names that stand for no image of their own, which are counted.
    """
    publication = job.publication
    staging, schemas = publication.staging, publication.schemas
    row_of = partial(outcome_row, renamed=job.renamed, kinds=job.kinds, output=job.output)
    wide_row_of = partial(wide_row, table=job.wide, renamed=job.renamed)
    rows = keep_lease(asked.rows, job.lease, "KeepWhileWriting")
    pages = asked.pages or rows | "MergePages" >> MergePages()
    long = rows | "WriteTables" >> WriteParts(staging, schemas, row_of)
    wide = pages | "WriteWide" >> WriteParts(staging, schemas, wide_row_of)
    parts = [long, wide]
    if job.earlier_rows is not None:
        new_row_of = partial(new_row, renamed=job.renamed, kinds=job.kinds)
        new = rows | "PickNew" >> PickNew(job.output, job.earlier_rows)
        parts.append(new | "WriteNew" >> WriteParts(staging, schemas, new_row_of))
    if asked.known:
        parts.append(asked.known | "WriteFiles" >> WriteParts(staging, schemas, _file_row))
    parts = tuple(parts) | "AllParts" >> beam.Flatten()
    costs = rows | "SumCosts" >> SumCosts(job.cost_by)
    # Every row is in the tables of the staging folder, long and wide, and its money in one sum.
    compared = [asked.audited.pairs] if asked.audited else []
    tallies = asked.audited.tallies if asked.audited else None
    if job.judged:
        compared.append(rows | "JudgeAnswers" >> JudgeAnswers(job.judged))
    pairs = labelled = audits = None
    if compared:
        together = tuple(compared) | "AllFindings" >> beam.Flatten()
        pairs, labelled = together | "ListPairs" >> ListPairs()
    if job.likeness:
        kinds = {task.name: task.answer for task in job.plan.questions.with_rows}
        audits = rows | "AuditNearDuplicates" >> AuditNearDuplicates(kinds)
    counted = applied = changed = None
    if job.counting:
        counted = rows | "CountLabels" >> CountLabels(job.counting)
    if job.spoken:
        find = FindSpoken(job.plan.journal, job.facts["relative_to"])
        applied, changed = rows | "FindSpoken" >> find
    # Answers have met what they are held against: labels, the reference's answers, their leaders'.
    if asked.followers:
        left_out = {**left_out, NEAR_DUPLICATES: asked.followers}
    if asked.remembered:
        left_out = {**left_out, REMEMBERED: asked.remembered}
    pilot = (asked.population, asked.measured)
    before = asked.before
    if job.lost_by_another:
        # Until it notices, the run that had the output before may still pay: it is asked last.
        before = rows.pipeline | "SumOthers" >> SumJournal(job.plan.journal, after=parts)
    told = Told(
        before,
        asked.admissions,
        pairs,
        labelled,
        tallies,
        audits,
        *pilot,
        counted,
        applied,
        changed,
        asked.parts,
        asked.stated,
        asked.known | "CountChanges" >> CountChanges() if _compares(job, asked) else None,
    )
    closing = CloseRun(publication, publish, job.lease)
    return (parts, costs, left_out, told.given()) | "PublishRun" >> closing


def _compares(job: Job, asked: Asked) -> bool:
    """Whether there is a finished run to compare the files with."""
    return bool(asked.known and job.memory and job.memory.tables)


def _file_row(file: KnownFile) -> TableRow:
    return FILES, files_row(file)
