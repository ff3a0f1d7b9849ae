"""What a run says of its tasks and prices in `run.json`, so that its tables can be read alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Self

from tierwise.accounts.tables import manifest_name
from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import LabelForm, forms_of_labels
from tierwise.answers.kinds import ANSWER_KINDS, kind_of
from tierwise.answers.labels import OneLabel
from tierwise.errors import PriceError
from tierwise.evaluation import Judged
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import find_price
from tierwise.questions import Questions
from tierwise.records import ServiceTier
from tierwise.tasks import Task
from tierwise.tasks.condition_text import read_condition

# Between the forms of a task that is asked in several questions.
_FORMS = ", "


@dataclass(frozen=True, slots=True)
class AskedTask:
    """One task as `run.json` tells it; what a task does not have is empty.

    `old_column` and `truth_column` are columns of the tables with what each picture was called
    before, and with what is right. `per` is what groups are made by, `audit_of` the task audited.
    `usual_form` is how the question is put by itself, unless Gemini refuses that; `together` are
    the other tasks that may share its requests. The naive way looks at a picture once for so many
    `first_questions`. Answers with a confidence of their own below `unsure_below` were wrong more
    often in a calibration; None where none has found that.
    """

    name: str
    kind: str
    prompt: str
    model: str
    media_resolution: str
    service_tier: str
    max_side: int
    quality: int
    images_per_request: int
    labels: tuple[str, ...] = ()
    when: str = ""
    reads: str = "image"
    per: str = ""
    audit_of: str = ""
    old_column: str = ""
    truth_column: str = ""
    usual_form: str = ""
    together: tuple[str, ...] = ()
    first_questions: int = 1
    unsure_below: float | None = None
    top_down: bool = False

    @property
    def usual_forms(self) -> frozenset[str]:
        """How the question may be put while nothing was refused, alone or with others."""
        rows = {str(LabelForm.NUMBERS)} if self.together and self.labels else set()
        return frozenset({*self.usual_form.split(_FORMS), *rows})

    @property
    def answers(self) -> type[AnswerType]:
        """The kind of its answers."""
        return ANSWER_KINDS[self.kind]

    @property
    def described(self) -> str:
        """What may come back."""
        return self.answers.described(len(self.labels))

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The tasks whose answers decide whether this one is asked."""
        if not self.when:
            return ()
        comparisons = read_condition(self.when).comparisons()
        return tuple(dict.fromkeys(name for one in comparisons for name in one.tasks))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "labels": list(self.labels), "together": list(self.together)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Read back; raises `KeyError`, `TypeError` or `ValueError` for what is none."""
        told: dict[str, Any] = {  # what early files do not say
            "usual_form": _usual_form(document["labels"]),
            "together": [],
            "unsure_below": None,
            "top_down": False,
            **document,
        }
        cells = {name: told[name] for name in cls.__dataclass_fields__}
        if cells["kind"] not in ANSWER_KINDS:
            raise ValueError(f"{cells['kind']!r} is not a kind of answer")
        lists = {name: tuple(cells[name]) for name in ("labels", "together")}
        return cls(**{**cells, **lists})


def asked_tasks(questions: Questions, judged: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """The part of `run.json` about tasks; `judged` is what the manifest says of some.

    One that may ask again is told as every image is asked, by its first ask.
    """
    first: dict[str, Task] = {}
    for task in questions.tasks:
        if task.first_of:
            first.setdefault(task.first_of, replace(task, name=task.first_of))
    rows = {task.name: task.row_of for task in questions.tasks}
    told = []
    for task in questions.with_rows:
        found = judged.get(task.name)
        old = manifest_name(found.old) if found and found.old else ""
        truth = manifest_name(found.truth[0]) if found and len(found.truth) == 1 else ""
        asked = first.get(task.name, task)
        if task.cut:  # what the first question says is no answer of the task
            asked = replace(asked, answer=task.answer, cut=task.cut)
        forms = _FORMS.join(dict.fromkeys(_forms(task, first.get(task.name, task))))
        told.append(replace(_asked(asked, old, truth, rows), usual_form=forms).document())
    return told


def _asked(task: Task, old: str, truth: str, rows: Mapping[str, str]) -> AskedTask:
    """`rows` are the tasks whose rows the outcomes of asks become, by the asks' names."""
    route = task.route
    return AskedTask(
        name=task.name,
        kind=kind_of(task.answer),
        prompt=task.prompt,
        model=route.model,
        media_resolution=str(route.media_resolution),
        service_tier=str(route.service_tier),
        max_side=route.image.max_side,
        quality=route.image.quality,
        images_per_request=route.images_per_request,
        labels=task.answer.options(),
        when=task.when.text if task.when else "",
        reads=task.reads,
        per=task.per.by if task.per else "",
        audit_of=task.audit.of if task.audit else "",
        old_column=old,
        truth_column=truth if task.answer.choices() else "",
        usual_form=task.answer.forms()[0].name,
        together=tuple(rows[name] for name in task.look if rows[name] != task.row_of),
        first_questions=max(1, len(task.first_questions)),
        unsure_below=task.unsure_below,
        top_down=bool(task.cut),
    )


def _forms(task: Task, first: Task) -> Iterator[str]:
    """The usual form of each question that a task comes to."""
    yield first.answer.forms()[0].name
    if task.cut_by and isinstance(task.answer, OneLabel):
        for branch in task.cut:
            yield task.answer.below(branch).forms()[0].name


def _usual_form(labels: Sequence[str]) -> str:
    return forms_of_labels(tuple(labels))[0].name if labels else ""


@dataclass(frozen=True, slots=True)
class AskedPrice:
    """Dollars per million tokens of one model at one service tier, on the day of the run."""

    model: str
    service_tier: str
    input_usd_per_mtok: Decimal
    cached_input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    image_output_usd_per_mtok: Decimal | None = None

    def document(self) -> dict[str, str]:
        """As JSON, with decimal strings."""
        told = asdict(self).items()
        return {name: str(value) for name, value in told if value is not None}

    @classmethod
    def of_document(cls, document: Mapping[str, str]) -> Self:
        """Read back; raises `KeyError` or `ArithmeticError` for what is none."""
        drawn = document.get("image_output_usd_per_mtok")
        return cls(
            document["model"],
            document["service_tier"],
            Decimal(document["input_usd_per_mtok"]),
            Decimal(document["cached_input_usd_per_mtok"]),
            Decimal(document["output_usd_per_mtok"]),
            None if drawn is None else Decimal(drawn),
        )


def asked_prices(
    models: Iterable[str], on: date, *, vertex: bool, regional: bool, prices: tuple[Price, ...]
) -> list[dict[str, str]]:
    """The part of `run.json` about prices: every tier of these models that is for sale."""
    told = []
    for model in dict.fromkeys(models):
        for tier in ServiceTier:
            try:
                found = find_price(model, tier, on, vertex=vertex, regional=regional, prices=prices)
            except PriceError:
                continue
            price = AskedPrice(
                model,
                str(tier),
                found.input_usd_per_mtok,
                found.cached_input_usd_per_mtok,
                found.output_usd_per_mtok,
                found.image_output_usd_per_mtok,
            )
            told.append(price.document())
    return told
