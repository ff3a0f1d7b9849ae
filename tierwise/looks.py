"""Which questions look at a picture together, so that it is paid once for all of them.

Google bills a picture with every request that carries it, and at every media resolution it is most
of the input. Questions share a request for a picture where they have the same model, service tier,
contact sheet and examples, come at the same stage (`_place`), take some pictures by the same route,
and each allows the other (`together` of the tasks file). Whether they do is decided picture by
picture, where their routes are known (`tierwise.answering.look`); here is said who may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from tierwise.answers.answer_type import packed_output_tokens
from tierwise.answers.joint import FORMS, Joint
from tierwise.models import find_model
from tierwise.records import Route
from tierwise.routing import reachable
from tierwise.tasks.task import Task
from tierwise.tiers import image_tokens, text_tokens

# A picture of a usual shape, to weigh it against texts.
_USUAL_PICTURE = (4000, 3000)
# Tokens of all questions of a request: with pictures, which have a bound of their own, they stay
# below 200,000, above which some models cost double.
_MOST_WORDS = 20_000


def with_looks(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks, each with those that it looks together with, and those of the naive way."""
    depths = _depths(tasks)
    sharing = [task for task in tasks if _may_share(task)]
    places: dict[object, list[Task]] = {}
    for task in sorted(sharing, key=lambda task: (task.name, depths[task.name])):
        places.setdefault(_place(task, depths[task.name]), []).append(task)
    looks = {
        task.name: tuple(one.name for one in look)
        for alike in places.values()
        for look in _looks(alike)
        for task in look
    }
    naive = [t for t in tasks if t.reads == "image" and not (t.per or t.answer.draws())]
    firsts: dict[str, tuple[str, ...]] = {}
    for model in dict.fromkeys(task.route.model for task in naive):
        named = {t.row_of for t in naive if t.route.model == model and _is_first(t)}
        firsts |= dict.fromkeys(named, tuple(sorted(named)))
    return tuple(
        replace(
            task,
            look=looks.get(task.name, ()),
            first_questions=firsts.get(task.written_as, ()) if task in naive else (),
        )
        for task in tasks
    )


def joint_of(tasks: Sequence[Task]) -> Joint:
    """The answers of a request that asks these."""
    return _joint(tuple((task.called, task.answer) for task in tasks))


def joint_output_limit(tasks: Sequence[Task], images: int) -> int:
    """`maxOutputTokens` of a request that asks these, in any form; thoughts not counted."""
    joint = joint_of(tasks)
    around = max(map(joint.extra_tokens, FORMS))
    one = sum(task.max_output_tokens for task in tasks) + around
    return packed_output_tokens(one, images)


def pack_size(routes: Sequence[Route]) -> int:
    """How many images a request carries at most that serves all these routes."""
    return min(route.images_per_request for route in routes)


def unpacked(route: Route) -> Route:
    """The same route, one image per request, by which to compare what may be shared."""
    return replace(route, images_per_request=1)


@lru_cache(maxsize=256)
def _joint(parts: tuple[tuple[str, object], ...]) -> Joint:
    return Joint(parts)  # type: ignore[arg-type]


def _may_share(task: Task) -> bool:
    by_itself = task.per or task.audit or task.after_refusal or task.asked_apart
    return task.reads == "image" and not by_itself


def _is_first(task: Task) -> bool:
    """Whether a plain script would ask it with the first look at a picture."""
    return task.audit is None and not task.depends_on


def _place(task: Task, depth: int) -> object:
    """What questions have in common that may share a request, as far as is known beforehand."""
    route = task.route
    # Second asks of several tasks come after their first ones, whatever put each in doubt.
    stage: object = depth if task.after_first else (task.when, depth)
    shown = tuple((one.label, one.contents) for one in task.examples_shown)
    kind = route.model, route.service_tier, route.images_per_sheet, shown
    return kind, bool(task.after_first), stage


def _looks(alike: Sequence[Task]) -> Iterator[list[Task]]:
    """Those of one place in looks, in the order of their names: larger packs join if that saves.

    Who says with whom comes first, so that others do not take the place.
    """
    looks: list[list[Task]] = []
    order = sorted(alike, key=lambda task: (-task.route.images_per_request, task.name))
    for task in sorted(order, key=lambda task: task.together is None):
        found = next((look for look in looks if _fits(task, look)), None)
        if found is None:
            looks.append([task])
        else:
            found.append(task)
    return (sorted(look, key=lambda task: task.called) for look in looks if len(look) > 1)


def _fits(task: Task, look: Sequence[Task]) -> bool:
    """Whether all allow each other, their reply fits, and one look costs less than two."""
    if not all(_allow(task, one) for one in look):
        return False
    if not any(_may_meet(task, one) for one in look):
        return False
    alike = [one for one in look if unpacked(one.route) == unpacked(task.route)]
    images = pack_size([one.route for one in (*alike, task)])
    limit = find_model(task.route.model).max_output_tokens
    if joint_output_limit([*look, task], images) > limit:
        return False
    if sum(map(_words, (*look, task))) > _MOST_WORDS:
        return False
    if any(one.together and task.together for one in look):  # both say so
        return True
    dearer = sum(_text_per_image(one, images) - _text_per_image(one) for one in alike)
    return _picture_tokens(task.route) > dearer


def _may_meet(one: Task, other: Task) -> bool:
    """Whether there may be a picture for which both take the same route."""
    routes = (reachable(unpacked(task.route), task.routing) for task in (one, other))
    return not frozenset.isdisjoint(*routes)


def _allow(one: Task, other: Task) -> bool:
    allowed = (one.together, other.row_of), (other.together, one.row_of)
    return all(names is None or name in names for names, name in allowed)


def _text_per_image(task: Task, images: int | None = None) -> float:
    """Tokens of its words for each image of a pack, of its own size when None."""
    return _words(task) / (images or task.route.images_per_request)


def _words(task: Task) -> int:
    """About how many tokens its question has."""
    answer = task.answer
    told = max(
        sum(map(text_tokens, answer.options())), text_tokens(answer.listed(answer.forms()[0]))
    )
    return text_tokens(task.prompt) + told


def _picture_tokens(route: Route) -> float:
    return image_tokens(route.model, route.media_resolution, *_USUAL_PICTURE) / (
        route.images_per_sheet
    )


def _depths(tasks: Sequence[Task]) -> dict[str, int]:
    """For each task the number of answers that come before it, one after the other."""
    depths: dict[str, int] = {}
    for task in tasks:  # in an order in which each comes after what it needs
        step = 0 if task.after_refusal else 1  # only where the one before was declined
        depths[task.name] = max((step + depths[name] for name in task.depends_on), default=0)
    return depths
