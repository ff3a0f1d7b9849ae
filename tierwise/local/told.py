"""What was promised of local answers, or why there are none, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# A share of differences that Gemini has with itself, of which nothing below this part is in reach.
_FLOOR = 0.5


def local_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about `local` in `run.json`, task by task; none without."""
    for task, found in run.get("local", {}).items():
        yield f"{task}: {' '.join(local_sentences(found))}"


def local_sentences(found: Mapping[str, Any]) -> Iterator[str]:
    """What is said of one task."""
    if found["why_not"]:
        yield f"nothing was answered locally: {found['why_not'].rstrip('.')}. All was asked."
    elif "allowed" not in found:
        yield "what learns and examines waits for a batch job; the rest comes after it."
    elif not found["contents_answered_locally"]:
        yield _nothing(found)
    else:
        yield from _promise(found)
    yield from _own_noise(found)


def _nothing(found: Mapping[str, Any]) -> str:
    """Why no score was above the cut.

    Whoever asked a single picture locally less is told the numbers that decide.
    """
    allowed = found["allowed"]
    if found["mistakes"] > allowed:
        return (
            f"nothing was answered locally: the exam allows {allowed:,} mistakes among the surest "
            f"answers of its {found['examined']:,} pictures, and no picture of the rest was surer "
            f"than the one that made {allowed + 1:,}. All was asked."
        )
    return "nothing was answered locally: no picture of the rest may be. All was asked."


def _promise(found: Mapping[str, Any]) -> Iterator[str]:
    local, contents = found["contents_answered_locally"], found["contents"]
    most, draws = found["differ_at_most"], 100 * found["confidence"]
    yield (
        f"{local:,} of {contents:,} distinct pictures were answered locally. In at least "
        f"{draws:g} of 100 draws of the exam, at most {most:,} of {contents:,} distinct pictures "
        f"({100 * found['of_local_at_most']:.1f} % of the {local:,} answered locally) differ from "
        f"what Gemini says of them one by one; about {found['differ_expected']:,} do."
    )
    if found["looks"] > 1:
        yield (
            f"This exam was looked at {found['looks']} times: each such statement holds by itself, "
            "not all of them together."
        )


def _own_noise(found: Mapping[str, Any]) -> Iterator[str]:
    noise = found.get("asks_itself")
    if not noise or not noise["images"]:
        return
    share = noise["differing"] / noise["images"]
    yield (
        f"Asked twice, Gemini differs from itself on {100 * share:.1f} % of {noise['images']:,} "
        f"pictures ({100 * noise['low']:.1f} to {100 * noise['high']:.1f} %)."
    )
    if found["differ"] < _FLOOR * share:
        yield (
            f"That is more than twice the {100 * found['differ']:g} % that may differ here, "
            "which no local model can keep to."
        )
