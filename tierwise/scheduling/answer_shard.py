"""The files and groups of one shard, answered while its purse lasts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tierwise.answering.groups import AnsweredGroup
from tierwise.records import Answered
from tierwise.scheduling.waves import Waves

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Result]):
    """A file or group that waits for its turn, and what it may cost (nano-dollars).

    The cost is that of its first requests, as far as is known before it is opened.
    """

    name: str
    begin: Callable[[], Coroutine[Any, Any, Result]]
    worst: int


@dataclass(frozen=True, slots=True)
class AnsweredShard:
    """What became of the files and groups of a shard."""

    files: list[Answered]
    groups: list[AnsweredGroup]


async def answer_shard(
    files: Sequence[Waiting[Answered]],
    groups: Sequence[Waiting[AnsweredGroup]],
    waves: Waves,
    beside: int = 1,
) -> AnsweredShard:
    """Answer as many as fit, all files before the first group.

    The process has `beside` shards under way at a time, which have as many lives as one would.
    """
    plan = waves.plan
    requests = -(-plan.images_in_flight // (beside * plan.images_per_request))
    return AnsweredShard(
        files=await _answer(files, waves, requests * plan.images_per_request),
        groups=await _answer(groups, waves, -(-plan.groups_in_flight // beside)),
    )


async def _answer(waiting: Sequence[Waiting[Result]], waves: Waves, most: int) -> list[Result]:
    """Answer as many as fit, the first ones first; the others come out over budget, unopened.

    At most `most` live side by side. What some did not spend of their worst case pays for those
    after them. Where some are more wanted, nobody waits for one that could never have fitted.
    """
    rest, answered = list(waiting), list[Result]()
    if in_order := bool(waves.plan.order_by):
        whole = waves.purse.free
        rest.sort(key=lambda one: one.worst > whole)
    while rest:
        chosen = waves.purse.choose((one.worst for one in rest), most, in_order=in_order)
        if waves.exhausted or not chosen:
            waves.refuse_the_rest()
            chosen = list(range(min(most, len(rest))))
        answered += await waves.answer([_live(rest[position]) for position in chosen])
        done = set(chosen)
        rest = [one for position, one in enumerate(rest) if position not in done]
    return answered


async def _live(one: Waiting[Result]) -> Result:
    try:
        return await one.begin()
    except Exception as error:
        error.add_note(f"while answering {one.name}")
        raise
