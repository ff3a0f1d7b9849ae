"""The whole job on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from answering.plan import Plan
from storage.listing import Input
from tierwise.admission import Cap
from tierwise.evaluation import PairRow, PairTotals, judged_tasks
from tierwise.records import ImageFile, NamedOutcome
from tierwise.tables import answers_schema, failures_schema
from transforms.admit_requests import AdmitRequests
from transforms.ask_gemini import AskGemini
from transforms.ask_groups import AskGroups
from transforms.ask_within import AskWithin
from transforms.asking_fn import SharedEngine
from transforms.audit_lookalikes import AuditLookalikes
from transforms.close_run import CloseRun
from transforms.compare_audits import CompareAudits
from transforms.group_files import GroupFiles
from transforms.judge_answers import JudgeAnswers
from transforms.list_images import REPEATED, SKIPPED, ListImages
from transforms.name_answers import NameAnswers
from transforms.name_groups import NameGroups
from transforms.publish_run import Publication, publish
from transforms.share_duplicates import ShareDuplicates
from transforms.share_lookalikes import NEAR_DUPLICATES, Likeness, ShareLookalikes
from transforms.sum_by_key import SumByKey
from transforms.sum_costs import SumCosts
from transforms.write_tables import FAILURES, WriteTables, answers_table, outcome_row


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with which archive. `facts` go into `run.json` as they are.

    `cost_by` is the manifest's column that costs are told apart by, empty for none; `cap` is None
    without `--max_cost_usd`, and `likeness` without `--near_duplicates`.
    """

    found: Input
    output: str
    plan: Plan
    facts: dict[str, Any]
    cost_by: str = ""
    cap: Cap | None = None
    likeness: Likeness | None = None


def define_pipeline(root: beam.Pipeline, job: Job) -> beam.PCollection[dict[str, Any]]:
    """Adds the job to a pipeline; the one element that comes out is the content of `run.json`."""
    publication = publication_of(job)
    listed = root | "ListImages" >> ListImages(job.found)
    files = alike = listed["files"]
    left_out = {name: listed[name] for name in (SKIPPED, REPEATED)}
    if job.likeness:
        alike = files | "ShareLookalikes" >> ShareLookalikes(job.plan, job.likeness)
        left_out[NEAR_DUPLICATES] = alike | "Followers" >> beam.Filter(lambda file: file.leader)
    rows, findings, others = _rows(files, alike, job)
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
        others["audits"] = rows | "AuditLookalikes" >> AuditLookalikes()
    return (parts, costs, left_out, others) | "PublishRun" >> CloseRun(publication, publish)


def _rows(
    files: beam.PCollection[ImageFile], alike: beam.PCollection[ImageFile], job: Job
) -> tuple[beam.PCollection[NamedOutcome], list[beam.PCollection[PairRow]], dict[str, Any]]:
    """The rows of tasks that ask each image, and of those that ask groups; audits; the cap.

    `alike` are the files with their leaders; groups are asked as they are.
    """
    plan, rows, findings, others = job.plan, list[Any](), list[Any](), dict[str, Any]()
    engine, tasks, digits = SharedEngine(plan), plan.tasks, plan.journal.digits
    if tasks.of_images:
        shards = alike | "ShareDuplicates" >> ShareDuplicates(tasks, digits)
        if job.cap is None:
            answered = shards | "AskGemini" >> AskGemini(engine)
        else:
            others["admissions"] = shards | "AdmitRequests" >> AdmitRequests(plan, job.cap)
            answered = (shards, others["admissions"]) | "AskGemini" >> AskWithin(engine)
        rows.append((alike, answered) | "NameAnswers" >> NameAnswers(tasks))
        if tasks.audits:
            findings.append(answered | "CompareAudits" >> CompareAudits(tasks))
    if tasks.of_groups:
        groups = (
            files | "GroupFiles" >> GroupFiles(tasks, digits) | "AskGroups" >> AskGroups(engine)
        )
        rows.append((files, groups) | "NameGroups" >> NameGroups(plan))
    return tuple(rows) | "AllRows" >> beam.Flatten(), findings, others


def publication_of(job: Job) -> Publication:
    """The tables that a job leaves."""
    tasks = job.plan.tasks.tasks
    columns = job.found.columns
    schemas = {
        answers_table(task.name): answers_schema(task.answer.value_schema(), columns)
        for task in tasks
    }
    return Publication(
        output=job.output,
        journal=job.plan.journal,
        tasks=tuple(task.name for task in tasks),
        schemas={**schemas, FAILURES: failures_schema(columns)},
        facts=job.facts,
        cost_by=job.cost_by,
        judged=tuple(judged_tasks(job.plan.tasks, columns)),
        audits=job.plan.tasks.audits,
    )
