"""What people should know of a choice beside the choice itself, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.calibration.choice import Choice
from tierwise.calibration.figures import LabelFigures
from tierwise.calibration.found_doubt import by_confidence
from tierwise.calibration.protection import Protect
from tierwise.shown import counted
from tierwise.statistics.non_inferiority import least_units
from tierwise.statistics.spending import error_of_look

_MOST_LABELS = 5
# Costs this close differ by the length of some answers.
_SAME_COST = 1.01


def dearer(task: str, choice: Choice) -> str:
    """That the calibration makes a task dearer than its tasks file has it; empty where it does not.

    That comes of a route in the tasks file that was not shown to be good enough.
    """
    if choice.own not in {one.name for one in choice.routes}:
        return ""
    own, chosen = choice.route(choice.own), choice.route(choice.chosen)
    before, now = own.figures.usd_per_1000_images, chosen.figures.usd_per_1000_images
    if own.accepted or float(now) <= float(before) * _SAME_COST:
        return ""
    return (
        f"{task}: with this calibration it costs more than the tasks file alone: ${now:.4f} per "
        f"1000 images at {chosen.name}, not ${before:.4f} at {own.name}, which was not shown to be "
        "good enough."
    )


def remarks(choice: Choice) -> Iterator[str]:
    """All others, the weightiest first."""
    yield from _at_chance(choice)
    yield from _falling(choice)
    yield from _unprotected(choice)
    yield from _at_levels(choice)
    yield from _confidence(choice)
    yield from _units(choice)
    yield from _not_tested(choice)
    if not choice.could_show and len(choice.routes) > 1:
        margin = min(choice.margin, *choice.levels.values(), 1)
        least = least_units(margin, error_of_look(1 - choice.confidence, choice.look))
        yield (
            f"So few labels can show nothing by a margin of {margin:g}, whatever the "
            f"answers: it takes {least} at least. This does not count as a look at them."
        )
    elif choice.look > 1:
        error = error_of_look(1 - choice.confidence, choice.look)
        yield (
            f"This is look {choice.look} at these labels. All looks share the error of "
            f"{1 - choice.confidence:.2g}; this one may spend {error:.2g} of it."
        )


def _at_chance(choice: Choice) -> Iterator[str]:
    """A reference that knows no more than which label is frequent."""
    reference = choice.route(choice.reference)
    images = {one.label: one.images for one in reference.figures.labels}
    if sum(images.values()) != choice.images or not images:
        return  # several labels, or none to count
    frequent = max(images, key=lambda label: images[label])
    share = images[frequent] / choice.images
    if reference.figures.low <= share:
        yield (
            f"{choice.reference} was not shown to be right more often than one that always says "
            f"{frequent} ({reference.figures.score:.3f} against {share:.3f}). So not being worse "
            "than it says little: look at the prompt and the labels first."
        )


def _falling(choice: Choice) -> Iterator[str]:
    """Labels that the chosen route finds less often than the reference, by more than the margin."""
    if choice.chosen == choice.reference:
        return
    there = {one.label: one for one in choice.route(choice.reference).figures.labels}
    fallen = [
        (there[one.label], one)
        for one in choice.route(choice.chosen).figures.labels
        if one.images and there[one.label].recall - one.recall > choice.margin
    ]
    if fallen:
        told = ", ".join(f"{one.label} {_found(one)}, not {_found(had)}" for had, one in fallen[:5])
        more = f" and {len(fallen) - _MOST_LABELS} more" if len(fallen) > _MOST_LABELS else ""
        yield (
            f"At {choice.chosen} fewer are found of: {told}{more}. What is shown holds for all "
            "images on average; --protect=each-label holds each label to the margin."
        )


def _found(one: LabelFigures) -> str:
    return f"{one.right} of {one.images}"


def _unprotected(choice: Choice) -> Iterator[str]:
    if choice.protect is not Protect.EACH_LABEL:
        return
    labels = choice.route(choice.reference).figures.labels
    if none := [one.label for one in labels if not one.images]:
        yield f"Not protected, for no labelled image has it: {', '.join(none)}."
    least = least_units(choice.margin, error_of_look(1 - choice.confidence, choice.look))
    rare = [f"{one.label} ({one.images})" for one in labels if 0 < one.images < least]
    if rare:
        yield (
            "No route can be shown to be good enough on each label, for that takes "
            f"{least} labelled images of each at least: {', '.join(rare)}."
        )
        return
    for one in choice.routes:
        if one.weakest and not one.accepted and not one.blocked_by:
            yield f"{one.name}: the least is shown of {one.weakest}."


def _at_levels(choice: Choice) -> Iterator[str]:
    """What keeps a route from being taken that is good enough in all."""
    for one in choice.routes:
        if one.weakest in choice.levels and not one.accepted and not one.blocked_by:
            margin = choice.levels[one.weakest]
            yield f"{one.name}: the least is shown of {one.weakest!r}, by its margin of {margin:g}."


def _confidence(choice: Choice) -> Iterator[str]:
    tried = [one for one in choice.routes if by_confidence(one.name)]
    if tried and not by_confidence(choice.chosen):
        good = sum(one.accepted for one in tried)
        waiting = sum(bool(one.blocked_by) for one in tried)
        yield (
            f"No threshold of the model's own confidence is used: of {len(tried)}, {good} were "
            f"shown to be good enough and do not cost least, {len(tried) - good - waiting} were "
            f"not, and {waiting} were not tested."
        )


def _units(choice: Choice) -> Iterator[str]:
    """Where images count together."""
    for one in choice.telling:
        compared = one.comparison
        if compared and 0 < compared.units < compared.images:
            each = compared.images / compared.units
            yield (
                f"{one.name} is judged by {counted(compared.units, 'unit')} of {each:.1f} images "
                "on average that fail together, each of which counts once."
            )


def _not_tested(choice: Choice) -> Iterator[str]:
    blocking = dict.fromkeys(one.blocked_by for one in choice.telling if one.blocked_by)
    for name in blocking:
        behind = [one.name for one in choice.telling if one.blocked_by == name]
        are = "was" if len(behind) == 1 else "were"
        yield (
            f"{', '.join(behind)} {are} not tested, for {name} stands before and was not shown to "
            "be good enough. Another --order is another look at these labels."
        )
