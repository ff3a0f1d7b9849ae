"""What a run needs to answer locally: who learns and examines, which models there are."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from tierwise.answerer import Answerer
from tierwise.answering.pictures import settings_of_all
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.journal.local_files import LocalFiles, digest_of
from tierwise.local.embedder import load_embedder
from tierwise.local.local_plan import LocalPlan
from tierwise.local.roles import Roles, roles_for, why_no_roles
from tierwise.local.seen import LocalModel
from tierwise.local.statement import POINTS, Terms
from tierwise.questions import Questions
from tierwise.records import ImageSettings, ServiceTier
from tierwise.tasks import Task
from tierwise.tasks.local_terms import LocalTerms

# An archive that has grown so many times has other ranges, and so another model and exam.
_GROWN = 2
# How what learns and the rest are sent is no part of what the exam asks.
_LOCAL_ONLY: Mapping[str, Any] = {"images_per_request": 1, "service_tier": ServiceTier.STANDARD}


def local_plan(
    settings: Settings,
    questions: Questions,
    *,
    files: int,
    journal: str,
    answerer: Answerer,
    run_id: str = "",
    begins: bool = True,
) -> LocalPlan | None:
    """The plan of a run over about so many files; None where nothing is answered locally.

    Where it does not begin yet, nothing is written down.

    Raises:
        InputError: the extra is not installed, or `--embedder` cannot be used.
    """
    groups = questions.local_groups
    if not groups:
        return None
    embedder = load_embedder(settings.embedder or None)
    kept = LocalFiles(journal)
    terms = {task.row_of: task.local for task in questions.of_images if task.local}
    roles = kept.roles()
    differ = min(one.differ for one in terms.values())
    fresh = roles_for(files, differ, roles.salt if roles else secrets.token_hex(8))
    if fresh and (roles is None or _outgrown(roles, fresh)):
        fresh = replace(fresh, since=run_id)
        roles = kept.choose_roles(fresh) if begins else fresh
    if roles is None:
        return None
    keys = {
        name: _key(
            _stages(name, questions),
            roles,
            answerer,
            features=embedder.digest,
            pictures=settings_of_all(questions.of_images, ""),
        )
        for name in terms
    }
    exams = {name: _exam(_stages(name, questions), roles.salt, answerer) for name in terms}
    return LocalPlan(
        roles=roles,
        groups=groups,
        keys=keys,
        exams=exams,
        terms={
            name: terms_of(terms[name], kept, name, exams[name], embedder.digest) for name in terms
        },
        embedder=settings.embedder or "",
        digest=embedder.digest,
        published=dict(_published(kept, keys)),
    )


def _outgrown(roles: Roles, fresh: Roles) -> bool:
    """Whether an archive has grown too far for its parts, or an exam is too small for its share."""
    if fresh.contents > _GROWN * roles.contents:
        return True
    return fresh.exam * fresh.contents > _GROWN * roles.exam * roles.contents


def why_none(questions: Questions, files: int) -> dict[str, Any]:
    """What `run.json` says of tasks with `local` where no roles were chosen for so many files."""
    terms = {task.row_of: task.local for task in questions.of_images if task.local}
    return {
        name: {
            "differ": float(one.differ),
            "confidence": float(one.confidence),
            "answered_locally": 0,
            "why_not": why_no_roles(files),
        }
        for name, one in terms.items()
    }


def _stages(name: str, questions: Questions) -> list[Task]:
    return [task for task in questions.of_images if task.row_of == name and not task.audit]


def _key(
    stages: list[Task],
    roles: Roles,
    answerer: Answerer,
    *,
    features: str,
    pictures: tuple[ImageSettings, ...],
) -> str:
    """What a model is published under: all that decides what it learns, but for the answers.

    Features are taken of one of the `pictures` that are made for all tasks of the file.
    """
    first = stages[0]
    learnt: dict[str, Any] = {
        "asks": [[task.digest, asdict(task.route), asdict(task.routing)] for task in stages],
        "when": [repr(task.when) for task in stages],
        "always_ask": first.local.always_ask if first.local else (),
        "tier": first.local.sample_tier if first.local else None,
        "features": features,
        "pictures": sorted(json.dumps(asdict(one), sort_keys=True) for one in pictures),
        "roles": asdict(roles),
        "answerer": answerer.emulator if answerer.emulated else "Gemini",
    }
    return _digest(learnt)


def _exam(stages: list[Task], salt: str, answerer: Answerer) -> str:
    """What an exam asks: all that decides Gemini's answers to it, and nothing of the model."""
    asked: dict[str, Any] = {
        "asks": [[task.digest, asdict(replace(task.route, **_LOCAL_ONLY))] for task in stages],
        "when": [repr(task.when) for task in stages],
        "salt": salt,
        "answerer": answerer.emulator if answerer.emulated else "Gemini",
    }
    return _digest(asked)


def _digest(facts: Mapping[str, Any]) -> str:
    written = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def terms_of(local: LocalTerms, kept: LocalFiles, task: str, exam: str, features: str) -> Terms:
    """What an exam is asked for, given what it was asked for before.

    The first choice is held at the whole error. Of those that are made after its result was seen,
    only points of the curve can be, each at its part of the error, and another share becomes the
    point below it. Another embedder, or other labels that are always asked, are choices as well:
    the second such model has half of that, the third a third.
    """
    whole, before = float(1 - local.confidence), kept.stated(task, exam)
    model = {"features": features, "always_ask": sorted(local.always_ask)}
    differ, alpha = local.differ, whole
    if before and _choice(differ, alpha, model) != before[0]:
        models = [{name: one[name] for name in model} for one in before]
        others = [one for place, one in enumerate(models) if one not in models[:place]]
        number = others.index(model) if model in others else len(others)
        differ = max((one for one in POINTS if one <= differ), default=Decimal(0))
        alpha = whole / len(POINTS) / (number + 1)
    choice = _choice(differ, alpha, model)
    looks = kept.looks(task) + (choice not in before)
    return Terms(differ, local.confidence, alpha, looks, choice, known=choice in before)


def _choice(differ: Decimal, alpha: float, model: Mapping[str, Any]) -> dict[str, Any]:
    return {"differ": f"{differ.normalize():f}", "alpha": alpha, **model}


def _published(kept: LocalFiles, keys: dict[str, str]) -> Iterator[tuple[str, LocalModel]]:
    for name, key in keys.items():
        model = kept.model(key)
        if model is not None:
            yield name, LocalModel(name, kept.model_uri(key), digest_of(key, model))
