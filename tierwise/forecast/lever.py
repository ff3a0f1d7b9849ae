"""The one well-tried change that saves most on an archive, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.forecast.alternatives import Alternative, Change
from tierwise.records import ServiceTier

# Other models answer differently, and another day is not a choice.
_LEVERS = (Change.TOGETHER, Change.PACK, Change.TIER, Change.RESOLUTION)
_ALONE = "1"
# More images than this in a request have rarely been tried.
_MOST_IN_PACK = 8
_WORTH_SAYING = 0.02


def biggest_lever(found: Sequence[Alternative]) -> str:
    """Which well-tried change of route saves most, how much, and why."""
    asked = next(way for way in found if way.change is Change.NONE and not way.to)
    levers = (way for way in found if is_lever(way))
    # Of tiers that cost the same, the one that answers today.
    best = min(levers, key=lambda way: (way.load.cost, way.to == ServiceTier.BATCH), default=asked)
    saved = 1 - best.load.cost / asked.load.cost if asked.load.cost else 0.0
    if saved < _WORTH_SAYING:
        return "No change of route saves anything worth while: it is asked as cheaply as it can be."
    usage = asked.load.usage
    text = usage.input_tokens - usage.image_tokens
    of_text = round(100 * text / usage.input_tokens)
    why = {
        Change.TOGETHER: "a picture is paid once for all that is asked of it. Calibrate it first.",
        Change.PACK: "in a pack each answer comes in JSON with its number, and that is dearer "
        "than the prompt that is shared."
        if best.to == _ALONE
        else f"prompts are {of_text} % of the input, and a request pays for its own once. "
        "Calibrate it first.",
        Change.TIER: "answers may take a day."
        if best.to == ServiceTier.BATCH
        else "answers may take minutes longer.",
        Change.RESOLUTION: f"pictures are {100 - of_text} % of the input. Calibrate it first.",
    }[best.change]
    named = {
        Change.TOGETHER: f"questions asked together{f' at {best.to}' if best.to else ''}",
        Change.PACK: f"{best.to} image{'' if best.to == _ALONE else 's'} per request",
        Change.TIER: f"the {best.to} tier",
        Change.RESOLUTION: f"media resolution {best.to}",
    }[best.change]
    # Contact sheets and large packs may save more, and nobody has verified their answers.
    same = best.change is Change.TIER
    first = "The biggest lever that changes no answer" if same else "The lever to try first"
    return f"{first}: {named} for every task saves {100 * saved:.0f} %: {why}"


def is_lever(way: Alternative) -> bool:
    """Whether a way is one change of route that is well tried."""
    if way.change is Change.PACK:
        return int(way.to) <= _MOST_IN_PACK
    return way.change in _LEVERS
