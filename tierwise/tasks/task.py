"""One question with a typed answer, the route it is asked by, and when it is asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from tierwise.answers.answer_type import AnswerType, packed_output_tokens
from tierwise.answers.forms import Form
from tierwise.local.roles import Role, Roles
from tierwise.records import Page, Route, Scalar, ServiceTier
from tierwise.routing import AS_IT_IS, Decision, Routing, adapts, dearest, decide, knows_enough
from tierwise.tasks.auditing import Audit
from tierwise.tasks.chosen import Chosen
from tierwise.tasks.conditions import Condition
from tierwise.tasks.escalation import Escalation
from tierwise.tasks.examples import Example
from tierwise.tasks.grouping import Grouping
from tierwise.tasks.local_terms import LocalTerms
from tierwise.tasks.sizes_of_pictures import SizeRule

# Raised when the same task would be asked in other words or read in another way.
QUESTION_FORMAT = 1

# `{filename}` in a prompt is the file's name, beside a task of that name too.
FILENAME = "filename"


@dataclass(frozen=True, slots=True)
class Task:
    """One question.

    `route` is how it is asked, `routing` by what rules each picture may take another route.
    `examples` are shown where its route has some. `max_output_tokens` limits the reply for one
    image, thoughts not counted. `depends_on` are the tasks whose answers the prompt or the
    condition needs, `reads_answers` those of the prompt.
    With `per`, the images of a group get one answer together; with `sizes`, a picture is drawn at a
    size that follows from its image; with `audit`, only a sample of the
    images is asked, with `chosen` only these. Answers with a confidence below `unsure_below` were
    wrong more often in a calibration. With `escalation`, doubtful images are asked again, with
    `on_refusal` those that Gemini declined: `questions_of` makes asks of such a task, of which all
    but the last are `first_of` it, and all but the first come `after_first`, the one before; those
    `after_refusal` where that was declined; `stage` is which of them, empty for the first. Of such
    asks one refusal is final (`declined_once`).
    One with a `cut` comes to two as well where its route is `top_down`: the second is about the
    labels below the answer of the ask `cut_by`, and `narrowed` to one `branch` when that is known.
    `together` names the tasks with which it may share a request, None for any; `look` are the asks
    that do, this one among them, and `first_questions` the tasks that one request per picture and
    model would ask (both are for `questions_of` to say). A trial of the task `trial_of` may be one
    of asking together: `tried_with` are the digests of all that its requests ask, and nothing that
    was asked with anything else will do for it. With `local`, a local model may answer where an
    exam has proved that it may; `roles` say of each content whether it is asked for that, and
    `local_model` is the digest of a model that an earlier run has taught, empty for none.
    `digest` is SHA-256 over what is asked: all that
    changes the answer except image, route and its rules, and whether, with whom and of whom it is
    asked.
    """

    name: str
    prompt: str
    answer: AnswerType
    route: Route
    max_output_tokens: int
    examples: tuple[Example, ...] = ()
    when: Condition | None = None
    reads: Literal["image", "text"] = "image"
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    per: Grouping | None = None
    sizes: SizeRule | None = None
    audit: Audit | None = None
    chosen: Chosen | None = None
    escalation: Escalation | None = None
    on_refusal: Route | None = None
    declined_once: bool = False
    after_refusal: bool = False
    stage: str = ""
    first_of: str = ""
    after_first: str = ""
    cut: tuple[str, ...] = ()
    cut_by: str = ""
    branch: str = ""
    together: tuple[str, ...] | None = None
    cache: Literal["", "auto", "off"] = ""
    look: tuple[str, ...] = ()
    first_questions: tuple[str, ...] = ()
    trial_of: str = ""
    tried_with: tuple[str, ...] = ()
    local: LocalTerms | None = None
    roles: Roles | None = None
    local_model: str = ""
    routing: Routing = AS_IT_IS
    unsure_below: float | None = None
    reads_answers: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", _digest(self._asked))

    @property
    def part_digests(self) -> dict[str, str]:
        """A digest of each part of what is asked, by which to tell later which has changed."""
        return {part: _digest(value) for part, value in self._asked.items()}

    @property
    def _asked(self) -> dict[str, Any]:
        examples = list(map(_identity, self.examples_shown))
        return {
            "format": QUESTION_FORMAT,
            "prompt": self.prompt,
            "answer": self.answer.identity(),
            "input": self.reads,
            "variables": dict(self.variables),
            # Left out without any, so that answers of earlier versions are found again.
            **({"examples": examples} if examples else {}),
            **({"again": True} if self.audit and self.audit.roles else {}),
        }

    @property
    def examples_shown(self) -> tuple[Example, ...]:
        """The labelled pictures that its requests begin with."""
        return self.examples if self.route.examples else ()

    @property
    def contents_shown(self) -> frozenset[str]:
        """The hashes of its examples: whoever knows the answer of a picture is not judged by it."""
        return frozenset(content for one in self.examples for content in one.contents)

    @property
    def asked_apart(self) -> bool:
        """Whether only an answer will do that was given to this question alone."""
        return self.together == ()

    @property
    def goes_on_when_declined(self) -> bool:
        """Whether another ask comes where Gemini declines this one, whenever that was."""
        return self.declined_once and not self.after_refusal

    @property
    def cached(self) -> bool:
        """Whether caches may be made of its prompt."""
        return self.cache != "off"

    @property
    def in_stages(self) -> bool:
        """Whether it is one of several asks of a task."""
        return bool(self.first_of or self.after_first)

    @property
    def sample(self) -> Audit | Chosen | None:
        """The contents that it is asked of, None for all."""
        return self.audit or self.chosen

    def covers(self, content_hash: str) -> bool:
        """Whether images of this content may be asked."""
        return self.sample is None or self.sample.covers(content_hash)

    def is_for_certain(self, content_hash: str) -> bool:
        """Whether each image of this content is asked as any other task, whatever its answers."""
        always = self.when is None and self.audit is None and not self.after_refusal
        return always and self.covers(content_hash)

    @property
    def row_of(self) -> str:
        """The task whose row its outcome becomes, or is part of."""
        return self.first_of or self.name

    @property
    def written_as(self) -> str:
        """The task of the tasks file that it asks, or audits."""
        return self.audit.of if self.audit else self.row_of

    @property
    def called(self) -> str:
        """What it is called in a request with others: a trial as the task that it tries."""
        return self.trial_of or self.row_of

    @property
    def ask_name(self) -> str:
        """What this ask is called where those of a task in stages are told apart."""
        return self.row_of + self.stage

    @property
    def needs(self) -> tuple[str, ...]:
        """The tasks that must be answered before it is done: for its first ask, or its second."""
        doubt = self.escalation.when.tasks if self.escalation else ()
        return tuple(dict.fromkeys((*self.depends_on, *(n for n in doubt if n != self.name))))

    @property
    def tiers(self) -> frozenset[ServiceTier]:
        """The service tiers that it may be asked at, before what takes their place."""
        sample = self.local.sample_tier if self.local else None
        return frozenset(filter(None, (self.route.service_tier, sample)))

    @property
    def adapts(self) -> bool:
        """Whether some picture may be asked by another route."""
        return adapts(self.route, self.routing)

    @property
    def dearest_route(self) -> Route:
        """The dearest route by which any picture may be asked."""
        return dearest(self.route, self.routing)

    def decide(self, page: Page) -> Decision:
        """The route that one image takes, whatever its content's part in answering locally."""
        return decide(self.route, self.routing, page)

    def decide_for(self, page: Page, content_hash: str) -> Decision:
        """The route that one image of a content takes.

        What examines a local model is asked by itself: so its answer depends on nothing else.
        """
        decision = self.decide(page)
        if not (self.roles and self.local):
            return decision
        route = self.route_of(self.roles.role_of(content_hash), decision.route)
        return replace(decision, route=route)

    def route_of(self, role: Role, route: Route | None = None) -> Route:
        """How a content of that part is asked where it would be asked by a route, or its own."""
        route = route or self.route
        if role is Role.REST or self.local is None:
            return route
        if tier := self.local.sample_tier:
            route = replace(route, service_tier=tier)
        return replace(route, images_per_request=1) if role is Role.EXAM else route

    def knows_enough(self, page: Page) -> bool:
        """Whether an image need not be opened to tell its route."""
        return knows_enough(self.route, self.routing, page)

    def is_asked(self, answers: Mapping[str, Any]) -> bool:
        """Whether this is asked of an image that has these typed answers, by task name."""
        return all(name in answers for name in self.reads_answers) and self.applies(answers)

    def applies(self, answers: Mapping[str, Any]) -> bool:
        """Whether `when` holds; that of a second ask means by the task's name its first answer."""
        if self.when is None:
            return True
        if self.after_first in answers:
            answers = {**answers, self.row_of: answers[self.after_first]}
        return self.when.holds(answers)

    def narrowed(self, answers: Mapping[str, Any]) -> Task:
        """The task as it is asked after these answers: of a second question, about one branch.

        Where the first answer is not known, about the longest.
        """
        if not (self.cut and self.cut_by):
            return self
        first = answers.get(self.cut_by)
        return _narrowed(self, first if first in self.cut else self.cut[0])

    def sized(self, columns: Mapping[str, Scalar], answers: Mapping[str, Any]) -> Task:
        """The task as it is asked of one image: at the size that follows from this."""
        return _sized(self, self.sizes.size(columns, answers)) if self.sizes else self

    def answers_in_request(self, images: int) -> int:
        """How many answers a request with so many images asks for."""
        return 1 if self.per else images

    def output_limit(self, answers: int, form: Form | None = None) -> int:
        """`maxOutputTokens` of a request for so many answers, thoughts not counted."""
        if form is None:
            return packed_output_tokens(self.max_output_tokens, answers)
        one = self.max_output_tokens + self.answer.extra_tokens(form)
        return packed_output_tokens(one, answers, checked=form.checked)


@lru_cache(maxsize=4096)
def _narrowed(task: Task, branch: str) -> Task:
    below: AnswerType = task.answer.below(branch)  # type: ignore[attr-defined]
    return replace(task, answer=below, branch=branch, cut=())


@lru_cache(maxsize=4096)
def _sized(task: Task, size: str) -> Task:
    return replace(task, answer=task.answer.at_size(size), sizes=None)


def _identity(example: Example) -> list[Any]:
    return [example.label, example.contents[0], example.width, example.height]


def _digest(asked: Any) -> str:
    """SHA-256 over a value as JSON, whatever the order of its keys."""
    written = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()
