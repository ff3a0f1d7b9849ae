"""The whole job on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam

from tierwise.accounts.admission import Cap
from tierwise.beam_pipeline.job import Job
from tierwise.evaluation import PairRow, PairTotals, judged_tasks
from tierwise.publishing.parts import outcome_row, wide_row
from tierwise.publishing.publish_run import publish
from tierwise.records import ImageFile, NamedOutcome, NamedPage
from tierwise.transforms.ask_gemini import AskGemini
from tierwise.transforms.ask_groups import AskGroups
from tierwise.transforms.ask_within import AskWithin
from tierwise.transforms.asking_fn import SharedEngine
from tierwise.transforms.audit_near_duplicates import AuditNearDuplicates
from tierwise.transforms.close_run import CloseRun
from tierwise.transforms.compare_audits import CompareAudits
from tierwise.transforms.group_files import GroupFiles
from tierwise.transforms.judge_answers import JudgeAnswers
from tierwise.transforms.keep_lease import keep_lease
from tierwise.transforms.list_images import REPEATED_NAMES, SKIPPED, ListImages
from tierwise.transforms.merge_pages import MergePages
from tierwise.transforms.name_answers import NameAnswers
from tierwise.transforms.name_groups import NameGroups
from tierwise.transforms.share_duplicates import ShareDuplicates
from tierwise.transforms.share_near_duplicates import NEAR_DUPLICATES, ShareNearDuplicates
from tierwise.transforms.sum_by_key import SumByKey
from tierwise.transforms.sum_costs import SumCosts
from tierwise.transforms.sum_journal import SumJournal
from tierwise.transforms.write_tables import WriteTables


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the questions: a row for each image and task, and what is told of them.

    `findings` are sums of pairs of answers, `others` what `publish` takes besides. `pages` are the
    same rows page by page, None where they have yet to meet.
    """

    rows: beam.PCollection[NamedOutcome]
    findings: list[beam.PCollection[PairRow]]
    others: dict[str, Any]
    pages: beam.PCollection[NamedPage] | None = None


def define_pipeline(root: beam.Pipeline, job: Job) -> beam.PCollection[dict[str, Any]]:
    """Adds the job to a pipeline; the one element that comes out is the content of `run.json`."""
    listed = root | "ListImages" >> ListImages(job.found, job.lease)
    files = alike = listed["files"]
    left_out = {name: listed[name] for name in (SKIPPED, REPEATED_NAMES)}
    if job.likeness:
        alike = files | "ShareNearDuplicates" >> ShareNearDuplicates(job.plan, job.likeness)
        left_out[NEAR_DUPLICATES] = alike | "Followers" >> beam.Filter(lambda file: file.leader)
    return close(ask(files, alike, job), left_out, job)


def ask(files: beam.PCollection[ImageFile], alike: beam.PCollection[ImageFile], job: Job) -> Asked:
    """Ask about images; `alike` are the files with their leaders, groups are asked as they are."""
    plan, rows, findings, others = job.plan, list[Any](), list[Any](), dict[str, Any]()
    engine, questions, digits = SharedEngine(plan), plan.questions, plan.journal.digits
    others["before"] = files.pipeline | "SumJournal" >> SumJournal(plan.journal)
    shards, answered = dict[str, Any](), dict[str, Any]()
    if questions.of_images:
        shards["images"] = alike | "ShareDuplicates" >> ShareDuplicates(questions, digits)
    if questions.of_groups:
        shards["groups"] = files | "GroupFiles" >> GroupFiles(questions, digits)
    for kind, some in shards.items():
        shards[kind] = keep_lease(some, job.lease, f"KeepWhileAsking-{kind}")
    if job.cap is not None:
        within = AskWithin(engine, Cap(job.cap, job.untraced), others["before"])
        answered = tuple(shards.values()) | "AskWithin" >> within
        others["admissions"] = answered["admissions"]
    else:
        asking = {"images": AskGemini(engine), "groups": AskGroups(engine)}
        answered = {kind: some | asking[kind] for kind, some in shards.items()}
    if questions.of_images:
        images = answered["images"]
        pages = (alike, images) | "NameAnswers" >> NameAnswers(questions)
        rows.append(pages | "EachRow" >> beam.FlatMap(lambda page: page.rows))
        if questions.audits:
            findings.append(images | "CompareAudits" >> CompareAudits(questions.audits))
    if questions.of_groups:
        rows.append((files, answered["groups"]) | "NameGroups" >> NameGroups(plan))
        pages = None  # those of groups and of images have yet to meet
    return Asked(tuple(rows) | "AllRows" >> beam.Flatten(), findings, others, pages)


def close(
    asked: Asked, left_out: Mapping[str, beam.PCollection[Any]], job: Job
) -> beam.PCollection[dict[str, Any]]:
    """Write the tables of what was asked, sum the costs up, and put all in place."""
    findings, others = list(asked.findings), dict(asked.others)
    rows = keep_lease(asked.rows, job.lease, "KeepWhileWriting")
    publication = job.publication
    long = rows | "WriteTables" >> WriteTables(
        publication.staging, publication.schemas, outcome_row
    )
    pages = asked.pages or rows | "MergePages" >> MergePages()
    wide = pages | "WriteWide" >> WriteTables(
        publication.staging, publication.schemas, partial(wide_row, job.wide)
    )
    parts = (long, wide) | "AllParts" >> beam.Flatten()
    costs = rows | "SumCosts" >> SumCosts(job.cost_by)
    if judged := judged_tasks(job.plan.questions.with_rows, job.found.columns):
        findings.append(rows | "JudgeAnswers" >> JudgeAnswers(judged))
    if findings:
        together = tuple(findings) | "AllFindings" >> beam.Flatten()
        others["pairs"] = together | "SumFindings" >> SumByKey(PairTotals())
    if job.likeness:
        others["audits"] = rows | "AuditNearDuplicates" >> AuditNearDuplicates()
    closing = CloseRun(publication, publish, job.lease)
    return (parts, costs, left_out, others) | "PublishRun" >> closing
