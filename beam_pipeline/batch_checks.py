"""What a run in batch needs: refused here, before anything is uploaded.

This module stays light: `plan` must not wait for Beam.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tierwise.answerer import ServiceKind
from tierwise.batches.job_files import JobFiles
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.run import NO_FALLBACK
from tierwise.drawing_models import sizes_in_vertex_batch
from tierwise.errors import InputError
from tierwise.gemini.service import Service
from tierwise.models import Model, find_model
from tierwise.prices.prices import find_price
from tierwise.questions import Questions
from tierwise.records import ServiceTier
from tierwise.references import BUCKET_SCHEME
from tierwise.storage.files import join

# By model, the tier of what a job leaves; None where all of it waits for batch.
Fallbacks = Mapping[str, ServiceTier | None]


def fallbacks_of(
    settings: Settings, questions: Questions, service: Service, on: date
) -> dict[str, ServiceTier | None]:
    """`--batch_fallback` for each model that is asked in batch, by name.

    Raises:
        InputError: the model has no such tier there, or no price for it on that day; or nothing is
            asked in batch, though a flag says how.
    """
    models = [
        task.route.model for task in questions.tasks if task.route.service_tier is ServiceTier.BATCH
    ]
    if not models:
        _refuse_idle_flags(settings)
    if settings.batch_wait is not None and (models or has_open_jobs(settings.output)):
        _check_stays(service)
    found: dict[str, ServiceTier | None] = {}
    for name in dict.fromkeys(models):
        model = find_model(name, vertex=service.vertex)
        found[name] = tier = fallback_of(settings, model, service)
        if tier is not None:
            find_price(name, tier, on, vertex=service.vertex, prices=service.prices)
    return found


def batch_root_of(
    settings: Settings, questions: Questions, service: Service, temp_location: str
) -> str:
    """Where batch jobs read and write: at Vertex AI a bucket, else empty for the journal's folder.

    Raises:
        InputError: neither the output nor Beam's `--temp_location` is in Cloud Storage.
    """
    tiers = {task.route.service_tier for task in questions.tasks}
    output = settings.output
    if not service.vertex or ServiceTier.BATCH not in tiers or not output:
        return ""
    if not has_place_for_jobs(settings, service, temp_location):
        raise InputError(
            "Vertex AI's batch jobs read and write Cloud Storage: give --output=gs://... or "
            "--temp_location=gs://..."
        )
    return "" if output.startswith(BUCKET_SCHEME) else join(temp_location, "tierwise-batches")


def has_place_for_jobs(settings: Settings, service: Service, temp_location: str) -> bool:
    """Whether batch jobs can read and write there: of Vertex AI in a bucket, of others anywhere.

    A plan without an output is of a run that will have one.
    """
    places = (settings.output or BUCKET_SCHEME, temp_location)
    return not service.vertex or any(place.startswith(BUCKET_SCHEME) for place in places)


def refuse_cached_batch(questions: Questions, service: Service) -> None:
    """Refuse caches where they were asked for by name and cannot be had.

    Raises:
        InputError: a task that Vertex AI's batch jobs ask says `cache: auto`.
    """
    for task in questions.tasks:
        by_job = service.vertex and task.route.service_tier is ServiceTier.BATCH
        if by_job and task.cache == "auto":
            raise InputError(
                f"task {task.name!r}: `cache: auto` cannot be had, for batch jobs on Vertex AI "
                "take no caches. Remove it, or ask at flex, which costs as little."
            )


def refuse_large_pictures(questions: Questions, service: Service) -> None:
    """Refuse pictures that batch jobs of Vertex AI do not draw.

    Raises:
        InputError: a task of theirs may ask for another size than 1K.
    """
    for task in questions.tasks:
        if not (service.vertex and task.route.service_tier is ServiceTier.BATCH):
            continue
        if not task.answer.draws():
            continue
        offered, largest = sizes_in_vertex_batch(task.route.model), task.answer.drawn_size()
        if task.sizes or largest not in offered:
            asked = "sizes by a rule" if task.sizes else f"size {largest}"
            raise InputError(
                f"task {task.name!r}: {asked}: batch jobs of Vertex AI draw {', '.join(offered)} "
                "alone. Write that, ask at the standard tier, or use --gemini=developer."
            )


def refuse_batch_in_a_pipeline(settings: Settings, questions: Questions) -> None:
    """Refuse the batch tier where somebody else's pipeline asks: it runs once, batch in rounds.

    Raises:
        InputError: a task is asked in batch, or might come to be.
    """
    if settings.finish_by:
        raise InputError(
            "--finish_by chooses tiers for a whole run, and a pipeline of your own is none. Use "
            "tierwise run, or leave it out."
        )
    for task in questions.tasks:
        if task.route.service_tier is ServiceTier.BATCH:
            raise InputError(
                f"task {task.name!r}: the service tier batch takes several rounds, and a pipeline "
                "of your own runs once. Use tierwise run, or flex, which costs as little."
            )


def fallback_of(settings: Settings, model: Model, service: Service) -> ServiceTier | None:
    """The tier at which a model is asked what batch jobs leave, None for none.

    Raises:
        InputError: the flag names a tier that it lacks there.
    """
    named = settings.batch_fallback
    if named == NO_FALLBACK:
        return None
    # Other places than global ignore flex without a word.
    has_flex = ServiceTier.FLEX in model.service_tiers and not service.regional
    if named is None:
        return ServiceTier.FLEX if has_flex else ServiceTier.STANDARD
    if named == ServiceTier.FLEX and not has_flex:
        at = f" at {service.location}" if service.regional else ""
        where = f" on Vertex AI{at}" if service.vertex else ""
        raise InputError(
            f"--batch_fallback=flex: {model.name} has no flex tier{where}. "
            "Give --batch_fallback=standard or none."
        )
    return ServiceTier(named)


def has_open_jobs(output: str | None) -> bool:
    """Whether batch jobs of an earlier start have yet to be collected.

    Of an output that cannot be read, others say so.
    """
    if not output:
        return False
    try:
        found = JobFiles(join(output.rstrip("/") or output, "journal")).all()
    except OSError:
        return False
    return any(job.open for job in found)


def _check_stays(service: Service) -> None:
    if service.kind is ServiceKind.EMULATOR and not service.endpoint:
        raise InputError(
            "--batch_wait: the emulator of a run ends with it, and its batch jobs too. Leave the "
            "flag out, or start `tierwise emulator` and give --gemini_endpoint."
        )


def _refuse_idle_flags(settings: Settings) -> None:
    """Refuse flags of batch jobs where there are none: whoever gives them means half the price."""
    if settings.finish_by or vars(settings).get("within"):
        return  # these choose the tiers
    for name in ("batch_wait", "batch_deadline", "batch_fallback"):
        if getattr(settings, name) is not None and not has_open_jobs(settings.output):
            raise InputError(
                f"--{name}: nothing is asked at the batch tier. Leave it out, or give "
                "--service_tier=batch."
            )
