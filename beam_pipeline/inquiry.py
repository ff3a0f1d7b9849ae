"""What is asked of which archive and of whom: all that can be refused is refused here.

Every door passes through `inquiry_of`: the verbs, Beam YAML and Python. It stays light: `plan`
must not wait for Beam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from tierwise.answers.comparing import cell_text
from tierwise.beam_pipeline.asked import cap_of, flex_fallback_of, service_of
from tierwise.beam_pipeline.batch_checks import (
    Fallbacks,
    batch_root_of,
    fallbacks_of,
    refuse_batch_in_a_pipeline,
    refuse_cached_batch,
    refuse_large_pictures,
)
from tierwise.beam_pipeline.corrected import Corrected, corrected_of
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.given_input import input_of
from tierwise.beam_pipeline.half_local import half_local_warnings
from tierwise.beam_pipeline.pilot_checks import check_pilot
from tierwise.beam_pipeline.reading_of import reading_of
from tierwise.calibration.labelling import (
    LABEL,
    OLD_LABEL,
    label_task,
    old_label_task,
    unfitting_task,
)
from tierwise.errors import InputError, TasksError
from tierwise.evaluation import Judged, judged_tasks
from tierwise.gemini.service import Service
from tierwise.journal.reading import Reading
from tierwise.models import find_model, forwarded, tier_refusal
from tierwise.prices.drawn_pictures import check_still_there
from tierwise.prices.price_changes import price_warning
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.questions import Questions
from tierwise.records import ServiceTier, Usage
from tierwise.references import BUCKET_SCHEME
from tierwise.storage.listing import Input, InputKind, Named
from tierwise.storage.overlap import check_not_itself
from tierwise.storage.sampled_names import sampled_names
from tierwise.tasks.grouping import BY_FOLDER
from tierwise.tasks.prompts import used_variables

_LABELS_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Questions to an archive, who answers them, and the day whose prices and models hold.

    `cap` is in nano-dollars, None without `--max_cost_usd`; `flex_fallback` is None to wait for
    flex. `reading` says whose answers and money in the output count. `judged` are the tasks that
    the manifest says something about, `corrected` what people have said of pictures.
    `batch_fallbacks` has the models that are asked in batch, and `batch_root` is where their jobs
    read and write, empty for beside the journal.
    """

    questions: Questions
    service: Service
    found: Input
    on: date
    cap: int | None
    flex_fallback: ServiceTier | None
    reading: Reading
    judged: Mapping[str, Judged] = field(default_factory=dict)
    corrected: Corrected = field(default_factory=Corrected)
    batch_fallbacks: Fallbacks = field(default_factory=dict)
    batch_root: str = ""


def inquiry_of(
    settings: Settings,
    questions: Questions,
    *,
    project: str,
    on: date,
    temp_location: str = "",
    found: Input | None = None,
) -> Inquiry:
    """What a run by these flags asks.

    Args:
        settings: the flags of `run`, or those of `plan`.
        questions: what is asked.
        project: Beam's `--project`, for Vertex AI.
        on: the day.
        temp_location: Beam's `--temp_location`, for batch jobs on Vertex AI.
        found: the columns of images that others list; None for those of `--input`.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    service = service_of(settings, project, questions)
    _check_prices(questions, service, on)
    cap, fallback = cap_of(settings), flex_fallback_of(settings, questions)
    refuse_cached_batch(questions, service)
    refuse_large_pictures(questions, service)
    batch_fallbacks = fallbacks_of(settings, questions, service, on)
    batch_root = batch_root_of(settings, questions, service, temp_location)
    if found is not None:
        refuse_batch_in_a_pipeline(settings, questions)
    else:
        found = input_of(settings)
        if settings.output:
            check_not_itself(found, settings.output)
    _check_columns(questions, found)
    _check_groups(questions, found)
    _check_column("cost_by", settings.cost_by, found)
    _check_column("order_by", settings.order_by, found)
    _check_column("counts_by", settings.counts_by, found)
    near_duplicates = settings.near_duplicates is not None
    _check_references(questions, service, found, near_duplicates=near_duplicates)
    if settings.first:
        check_pilot(settings.first, settings.output, questions)
    reading = reading_of(settings, questions, service)
    judged = judged_tasks(questions.with_rows, found.columns, *_label_tasks(questions, found))
    corrected = corrected_of(settings, questions, found, judged)
    reading = replace(reading, said=corrected.said, taken_back=corrected.taken_back)
    return Inquiry(
        questions=questions,
        service=service,
        found=found,
        on=on,
        cap=cap,
        flex_fallback=fallback,
        reading=reading,
        judged=judged,
        corrected=corrected,
        batch_fallbacks=batch_fallbacks,
        batch_root=batch_root,
    )


def _label_tasks(questions: Questions, found: Input) -> tuple[str, str]:
    """The tasks of the columns `label` and `old_label`, empty for none.

    By the values in some rows that have them, as a calibration tells it by those of all.
    """
    columns = [name for name in (LABEL, OLD_LABEL) if name in found.columns]
    words: dict[str, set[str]] = {LABEL: set(), OLD_LABEL: set()}
    if columns and (found.kind is InputKind.MANIFEST or found.labels):
        names = islice(sampled_names(found), _LABELS_LOOKED_AT)
        named = [name for name in names if isinstance(name, Named)]
        for column in columns:
            cells = (name.columns.get(column) for name in named)
            words[column] = {cell_text(cell) for cell in cells if cell not in (None, "")}
    tasks = questions.with_rows
    labelled = label_task(tasks, found.columns, words[LABEL])
    return (
        labelled or unfitting_task(tasks, found.columns),
        old_label_task(tasks, found.columns, words[OLD_LABEL], labelled),
    )


def warnings_about(questions: Questions, service: Service, on: date, found: Input) -> Iterator[str]:
    """What a person should know of archive and models before money is spent on that day."""
    if found.doubt:
        yield found.doubt
    yield from half_local_warnings(questions, service, on)
    for name in dict.fromkeys(task.route.model for task in questions.tasks):
        if warning := check_still_there(find_model(name, vertex=service.vertex), on):
            yield warning
    routes = ((task.route.model, task.route.service_tier) for task in questions.tasks)
    for name, tier in dict.fromkeys(routes):
        vertex, prices = service.vertex, service.prices
        answering = forwarded(find_model(name, vertex=vertex), on).name
        if warning := price_warning(answering, tier, on, vertex=vertex, prices=prices):
            yield warning


def _check_prices(questions: Questions, service: Service, on: date) -> None:
    """Refuse models that are over, tiers that they lack, and what has no price on that day."""
    for task in questions.tasks:
        model = find_model(task.route.model, vertex=service.vertex)
        check_still_there(model, on)
        for tier in task.tiers:
            if refusal := tier_refusal(model, tier):
                raise InputError(refusal)
        for tier in (*task.tiers, ServiceTier.STANDARD):
            price = find_price(model.name, tier, on, vertex=service.vertex, prices=service.prices)
            if task.answer.draws():
                cost_nano_usd(Usage(output_tokens=1, drawn_tokens=1), price)


def _check_columns(questions: Questions, found: Input) -> None:
    """Refuse a prompt with a name that nothing fills."""
    missing = [column for column in questions.manifest_columns if column not in found.columns]
    if missing:
        there = ", ".join(found.columns) or "none"
        name = missing[0]
        for task in questions.tasks:
            if task.sizes and task.sizes.column == name:
                raise TasksError(
                    f'{questions.path}, task "{task.name}", key "picture.size": {name!r} is no '
                    f"column of {found.uri} (columns: {there}). Add the column, or write a size."
                )
        users = (
            task.name
            for task in questions.tasks
            if name in used_variables(task.prompt) and name not in task.variables
        )
        raise TasksError(
            f'{questions.path}, task "{next(users)}", key "prompt": {{{name}}} is not a static '
            f"variable, another task or a column of {found.uri} (columns: {there}). "
            "Add the column or the variable."
        )


def _check_column(flag: str, column: str | None, found: Input) -> None:
    """Refuse a flag that names a column which the manifest does not have."""
    if column is not None and column not in found.columns:
        there = ", ".join(found.columns) or "none"
        raise InputError(
            f"--{flag}={column}: {found.uri} has no such column (columns: {there}). "
            "Name one of them; columns come with a manifest as --input, or with --labels."
        )


def _check_groups(questions: Questions, found: Input) -> None:
    """Refuse groups by a column that is not there."""
    for task in questions.of_groups:
        if task.per and task.per.by not in (BY_FOLDER, *found.columns):
            there = ", ".join(found.columns) or "none"
            raise TasksError(
                f'{questions.path}, task "{task.name}", key "per": {task.per.by!r} is not a '
                f"column of {found.uri} (columns: {there}). Add the column, or write folder."
            )


def _check_references(
    questions: Questions, service: Service, found: Input, *, near_duplicates: bool
) -> None:
    """Refuse `send: reference` where Gemini cannot read the files, or somebody else must."""
    named = next((task.name for task in questions.tasks if task.route.image.by_reference), None)
    if named is None:
        return
    where = f'{questions.path}, task "{named}", key "image.send": reference'
    if not service.vertex:
        raise TasksError(
            f"{where}: Vertex AI alone reads Cloud Storage, and --gemini is {service.kind}. "
            "Use --gemini=vertex, or write bytes."
        )
    if near_duplicates:
        raise InputError(
            f"{where}: --near_duplicates opens every picture, which references spare. "
            "Leave out the flag, or write bytes."
        )
    if not _in_a_bucket(found):
        raise TasksError(
            f"{where}: Vertex AI reads Cloud Storage, and --input={found.uri} names nothing there. "
            "Give names that begin with gs://, or write bytes."
        )


def _in_a_bucket(found: Input) -> bool:
    """Whether there may be a name in a bucket; a manifest may name some and others elsewhere."""
    if found.kind is InputKind.GIVEN:
        return True
    if found.kind is not InputKind.MANIFEST:
        return found.uri.startswith(BUCKET_SCHEME)
    names = (name for name in sampled_names(found) if isinstance(name, Named))
    return any(name.path.startswith(BUCKET_SCHEME) for name in names)
