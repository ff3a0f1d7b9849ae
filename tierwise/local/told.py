"""What was promised of local answers, or why there are none, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

# A share of differences that Gemini has with itself, of which nothing below this part is in reach.
_FLOOR = 0.5
# Of a forecast's pictures, how many fewer or more there may be for it to be about the same ones.
_ALIKE = 0.2


def local_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about `local` in `run.json`, task by task; none without."""
    for task, found in run.get("local", {}).items():
        yield f"{task}: {' '.join(local_sentences(found))}"
    yield from saved_lines(run)


def saved_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """What local answers saved by the run's own forecast, if that was about the whole archive.

    Of a later run, which asks little, no forecast says what asking all would have cost.
    """
    stated, foretold = run.get("local", {}), run.get("forecast", {}).get("local", {})
    rest = foretold.get("rest", {})
    if not rest.get("pictures") or not stated:
        return
    saved = Decimal(0)
    for task, found in stated.items():
        if "learnt" not in found:
            return
        whole = found["contents"] - found["learnt"] - found["examined"]
        if abs(whole - rest["pictures"]) > _ALIKE * rest["pictures"]:
            return
        cost = Decimal(rest["tasks_usd"].get(task, 0))
        saved += cost * found["contents_answered_locally"] / rest["pictures"]
    extra = Decimal(foretold["extra_usd"])
    if not saved and not extra:
        return
    line = (
        f"By the forecast's figures, what was answered locally would have cost ${_usd(saved)}, and "
        f"the exam, one picture a request and some of them twice, cost ${_usd(extra)} more than "
        "the task's own requests would"
    )
    if saved > extra:
        yield f"{line}: ${_usd(saved - extra)} saved."
    else:
        yield f"{line}: `local` is not worth it here. Let more differ, or leave it out."


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
            f"This exam was looked at {found['looks']} times: what was chosen after the first look "
            "is held at a part of the error, and all such statements together hold in "
            f"{2 * draws - 100:g} of 100 draws."
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


def _usd(dollars: Decimal) -> str:
    """Dollars as short as they still say something.

    >>> _usd(Decimal("1234.5")), _usd(Decimal("0.012345"))
    ('1,234.50', '0.0123')
    """
    return f"{dollars:,.2f}" if dollars >= 1 else f"{dollars:.3g}"
