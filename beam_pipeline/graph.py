"""The whole job on one screen."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from beam_pipeline.job import Job
from tierwise.admission import Paid
from tierwise.evaluation import PairRow, PairTotals, judged_tasks
from tierwise.records import ImageFile, NamedOutcome
from transforms.ask_gemini import AskGemini
from transforms.ask_groups import AskGroups
from transforms.ask_within import AskWithin
from transforms.asking_fn import SharedEngine
from transforms.audit_near_duplicates import AuditNearDuplicates
from transforms.close_run import CloseRun
from transforms.compare_audits import CompareAudits
from transforms.group_files import GroupFiles
from transforms.judge_answers import JudgeAnswers
from transforms.list_images import REPEATED, SKIPPED, ListImages
from transforms.name_answers import NameAnswers
from transforms.name_groups import NameGroups
from transforms.publish_run import publish
from transforms.share_duplicates import ShareDuplicates
from transforms.share_near_duplicates import NEAR_DUPLICATES, ShareNearDuplicates
from transforms.sum_by_key import SumByKey
from transforms.sum_costs import SumCosts
from transforms.sum_journal import SumJournal
from transforms.write_tables import WriteTables, outcome_row


def define_pipeline(root: beam.Pipeline, job: Job) -> beam.PCollection[dict[str, Any]]:
    """Adds the job to a pipeline; the one element that comes out is the content of `run.json`."""
    publication = job.publication
    listed = root | "ListImages" >> ListImages(job.found)
    files = alike = listed["files"]
    left_out = {name: listed[name] for name in (SKIPPED, REPEATED)}
    if job.likeness:
        alike = files | "ShareNearDuplicates" >> ShareNearDuplicates(job.plan, job.likeness)
        left_out[NEAR_DUPLICATES] = alike | "Followers" >> beam.Filter(lambda file: file.leader)
    before = root | "SumJournal" >> SumJournal(job.plan.journal)
    rows, findings, others = _rows(files, alike, job, before)
    others["before"] = before
    parts = rows | "WriteTables" >> WriteTables(
        publication.staging, publication.schemas, outcome_row
    )
    costs = rows | "SumCosts" >> SumCosts(job.cost_by)
    if judged := judged_tasks(job.plan.tasks, job.found.columns):
        findings.append(rows | "JudgeAnswers" >> JudgeAnswers(judged))
    if findings:
        together = tuple(findings) | "AllFindings" >> beam.Flatten()
        others["pairs"] = together | "SumFindings" >> SumByKey(PairTotals())
    if job.likeness:
        others["audits"] = rows | "AuditNearDuplicates" >> AuditNearDuplicates()
    return (parts, costs, left_out, others) | "PublishRun" >> CloseRun(publication, publish)


def _rows(
    files: beam.PCollection[ImageFile],
    alike: beam.PCollection[ImageFile],
    job: Job,
    before: beam.PCollection[Paid],
) -> tuple[beam.PCollection[NamedOutcome], list[beam.PCollection[PairRow]], dict[str, Any]]:
    """The rows of tasks that ask each image, and of those that ask groups; audits; the cap.

    `alike` are the files with their leaders; groups are asked as they are.
    """
    plan, rows, findings, others = job.plan, list[Any](), list[Any](), dict[str, Any]()
    engine, tasks, digits = SharedEngine(plan), plan.tasks, plan.journal.digits
    shards, answered = dict[str, Any](), dict[str, Any]()
    if tasks.of_images:
        shards["images"] = alike | "ShareDuplicates" >> ShareDuplicates(tasks, digits)
    if tasks.of_groups:
        shards["groups"] = files | "GroupFiles" >> GroupFiles(tasks, digits)
    if job.cap is not None:
        answered = tuple(shards.values()) | "AskWithin" >> AskWithin(engine, job.cap, before)
        others["admissions"] = answered["admissions"]
    else:
        asking = {"images": AskGemini(engine), "groups": AskGroups(engine)}
        answered = {kind: some | asking[kind] for kind, some in shards.items()}
    if tasks.of_images:
        images = answered["images"]
        rows.append((alike, images) | "NameAnswers" >> NameAnswers(tasks))
        if tasks.audits:
            findings.append(images | "CompareAudits" >> CompareAudits(tasks))
    if tasks.of_groups:
        rows.append((files, answered["groups"]) | "NameGroups" >> NameGroups(plan))
    return tuple(rows) | "AllRows" >> beam.Flatten(), findings, others
