"""How one part of an archive meets local models: what is looked at, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf

from tierwise.answerer import AnsweredBy
from tierwise.answering.local_id import local_id
from tierwise.answering.pictures import settings_of_all
from tierwise.answering.plan import Plan
from tierwise.answering.question import known_outcome, question
from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask, fail
from tierwise.journal.lines import Entry
from tierwise.journal.recalled import Recalled
from tierwise.local.judgement import Judgement
from tierwise.local.local_plan import LocalPlan
from tierwise.local.roles import Role
from tierwise.local.seen import LocalGroup, LocalModel, Looking, Seen
from tierwise.local.statement import Statement
from tierwise.local.taught import Taught
from tierwise.prices.price_day import price_day
from tierwise.questions import Questions
from tierwise.records import Answer, ImageFile, ImageSettings, Outcome, Page, Reason, Sent, Spent
from tierwise.tasks import Task

# An answer by task, where Gemini need not be asked for it.
Answered = Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class LocalAsk:
    """What is done with the contents of one role.

    `looking` is None where nothing is looked at: then all is asked. What is asked of the rest
    `waits` while batch jobs ask what is learnt from.
    """

    role: Role
    looking: Looking | None = None
    groups: tuple[LocalGroup, ...] = ()
    waits: bool = False

    @property
    def tasks(self) -> frozenset[str]:
        """All tasks that may be answered locally."""
        return frozenset(name for group in self.groups for name in group.tasks)

    def about(self, content_hash: str, recalled: Recalled) -> LocalAsk | None:
        """What is done with one content; nothing where people have spoken of it, but in the exam.

        There it keeps its part, with what Gemini said of it.
        """
        spoken_of = content_hash in recalled.people
        return None if spoken_of and self.role is not Role.EXAM else self

    def recalled(
        self, file: ImageFile, pages: list[Page], recalled: Recalled, plan: Plan
    ) -> tuple[Answered, Seen | None] | None:
        """What the journal tells without a look at the picture; None where that takes one."""
        if self.waits:
            return None
        if self.looking is None or len(pages) != 1:
            return {}, None
        judged = judged_before(file.content_hash, self.looking.models, recalled)
        if self.role is Role.REST:
            answered = self._recalled_answers(file, pages[0], judged, recalled, plan)
            return None if answered is None else (answered, None)
        known = self.role is Role.EXAM and judged is not None
        return ({}, Seen(judged=tuple(judged.items()))) if known and judged else None

    def _recalled_answers(
        self,
        file: ImageFile,
        page: Page,
        judged: Mapping[str, Judgement] | None,
        recalled: Recalled,
        plan: Plan,
    ) -> dict[str, Answer] | None:
        wanted = self.open_tasks(file, page, recalled, plan.questions)
        if not wanted:
            return {}
        answers = self.answers(file, page, judged or {}, recalled, plan)
        return answers if answers.keys() == wanted else None

    def answers(
        self,
        file: ImageFile,
        page: Page,
        judged: Mapping[str, Judgement],
        recalled: Recalled,
        plan: Plan,
    ) -> dict[str, Answer]:
        """The local answers to tasks that nobody has answered, those of a group all or none."""
        found: dict[str, Answer] = {}
        unanswered = self.open_tasks(file, page, recalled, plan.questions)
        for group in self.groups if self.role is Role.REST else ():
            wanted = [name for name in group.tasks if name in unanswered]
            if not group.answered(judged, wanted):
                continue
            cuts = dict(zip(group.tasks, group.cuts, strict=True))
            for name in wanted:
                ask = _first_ask(name, file, page, plan.questions)
                fresh = self._answer(ask, judged[name], plan, cuts[name])
                known = recalled.outcomes.get(fresh.request_id)
                if isinstance(known, Answer):  # said before, perhaps by an earlier run
                    fresh = replace(
                        fresh,
                        asked_at=known.asked_at,
                        reused=known.reused,
                        earlier=known.earlier,
                        baseline=known.baseline,
                    )
                found[name] = fresh
        return found

    def open_tasks(
        self, file: ImageFile, page: Page, recalled: Recalled, questions: Questions
    ) -> set[str]:
        """Those that neither Gemini nor people have answered."""
        asks = ((name, _first_ask(name, file, page, questions)) for name in self.tasks)
        return {name for name, ask in asks if not _is_answered(ask, recalled)}

    def entries(
        self, file: ImageFile, page: Page, judged: Mapping[str, Judgement], plan: Plan
    ) -> list[Entry]:
        """What the journal keeps of a look, so that no picture is looked at twice by one model."""
        asks = {name: _first_ask(name, file, page, plan.questions) for name in judged}
        return [
            Entry(
                plan.journal.run_id,
                file.content_hash,
                answer.request_id,
                answer=answer,
                answerer=plan.service.answerer,
            )
            for name, one in judged.items()
            for answer in [self._answer(asks[name], one, plan)]
        ]

    def put_off(self, file: ImageFile, page: Page, questions: Questions) -> dict[str, Outcome]:
        """What waits for the model, as outcomes that are in no table."""
        message = "its local model waits for a batch job"
        return {
            name: replace(
                fail(_first_ask(name, file, page, questions), Reason.UNAVAILABLE, message),
                task=name,
                put_off=True,
            )
            for name in self.tasks
        }

    def _answer(self, ask: Ask, judged: Judgement, plan: Plan, cut: float | None = None) -> Answer:
        model = self._model(ask.task.row_of)
        now = datetime.now(UTC)
        score = judged.score
        reason = "answered locally"
        if cut is not None and score is not None:
            above = f"{cut:.3f}" if cut > -inf else "no cut"
            reason = f"score {score:.3f} above {above}"
        return Answer(
            request_id=local_id(ask.content_hash, model.digest),
            task=ask.task.row_of,
            page=ask.page,
            value=judged.value,
            model=ask.route.model,
            model_version="",
            media_resolution=ask.route.media_resolution,
            service_tier=ask.route.service_tier,
            sent=Sent(),
            images_in_request=0,
            spent=Spent(),
            wasted=Spent(),
            baseline=Billing(plan.service).baseline_unasked(ask, price_day(now)),
            attempts=0,
            latency_ms=0,
            asked_at=now.isoformat(timespec="milliseconds"),
            route_reason=reason,
            answered_by=AnsweredBy.LOCAL,
            service=plan.service.answerer.service,
            local_score=score,
            local_model=model.digest,
        )

    def _model(self, task: str) -> LocalModel:
        models = self.looking.models if self.looking else ()
        return next(one for one in models if one.task == task)


def judged_before(
    content_hash: str, models: tuple[LocalModel, ...], recalled: Recalled
) -> dict[str, Judgement] | None:
    """What the journal says that models said of a content; None where it does not know of each."""
    found: dict[str, Judgement] = {}
    for one in models:
        answer = recalled.outcomes.get(local_id(content_hash, one.digest))
        if not isinstance(answer, Answer):
            return None
        found[one.task] = Judgement(answer.value, answer.local_score)
    return found


def is_answered_locally(task: Task, content_hash: str, recalled: Recalled) -> bool:
    """Whether the journal has a local answer that stands in the place of Gemini's.

    That which learns or examines is asked, whatever a model says of it. What an exam of this run
    will no longer allow is not known before it.
    """
    if not (task.local and task.local_model and task.roles) or task.audit:
        return False
    found = recalled.outcomes.get(local_id(content_hash, task.local_model))
    return isinstance(found, Answer) and task.roles.role_of(content_hash) is Role.REST


def _first_ask(name: str, file: ImageFile, page: Page, questions: Questions) -> Ask:
    """The question that a task begins with."""
    return question(next(_stages(name, questions)), file, page, {})


def _stages(name: str, questions: Questions) -> Iterator[Task]:
    return (task for task in questions.of_images if task.row_of == name and not task.audit)


def _is_answered(ask: Ask, recalled: Recalled) -> bool:
    return known_outcome(ask, recalled) is not None


def to_learn(plan: Plan) -> LocalAsk:
    """Of what is learnt from, features are kept where a model is to be taught."""
    local = _planned(plan)
    looking = Looking(local.embedder, features=True, always=_settings(plan, ()))
    return LocalAsk(Role.LEARN, looking if local.teaches else None)


def to_examine(plan: Plan, taught: Taught) -> LocalAsk:
    """Of what examines, each model's judgement is kept, and all is asked."""
    return LocalAsk(Role.EXAM, _judging(plan, taught, always=_settings(plan, ())))


def to_answer(plan: Plan, taught: Taught, stated: Mapping[str, Statement]) -> LocalAsk:
    """The rest is answered locally where its exam allows it."""
    local = _planned(plan)
    groups = tuple(
        LocalGroup(tasks, _settings_of_these(plan, tasks), cuts)
        for tasks in local.groups
        for cuts in [tuple(stated[name].above for name in tasks)]
        if all(name in taught.models for name in tasks) and inf not in cuts
    )
    if taught.waits or any(one.waits for one in stated.values()):
        waiting = tuple(LocalGroup(tasks, ()) for tasks in local.groups)
        return LocalAsk(Role.REST, None, waiting, waits=True)
    if not groups:
        return LocalAsk(Role.REST)
    answered = tuple(name for group in groups for name in group.tasks)
    looking = _judging(plan, taught, groups=groups, always=_settings(plan, answered))
    return LocalAsk(Role.REST, looking, groups)


def _judging(
    plan: Plan,
    taught: Taught,
    *,
    groups: tuple[LocalGroup, ...] = (),
    always: tuple[ImageSettings, ...],
) -> Looking | None:
    models = tuple(taught.models[name] for name in sorted(taught.models))
    local = _planned(plan)
    return Looking(local.embedder, models=models, groups=groups, always=always) if models else None


def _settings(plan: Plan, answered: Sequence[str]) -> tuple[ImageSettings, ...]:
    """In what ways every picture is prepared for tasks that are asked whatever a model says."""
    others = [task for task in plan.questions.of_images if task.row_of not in answered]
    return settings_of_all(others, "")


def _settings_of_these(plan: Plan, tasks: Sequence[str]) -> tuple[ImageSettings, ...]:
    these = [task for task in plan.questions.of_images if task.row_of in tasks]
    return settings_of_all(these, "")


def _planned(plan: Plan) -> LocalPlan:
    if plan.local is None:
        raise RuntimeError("nothing is answered locally in this run")
    return plan.local
