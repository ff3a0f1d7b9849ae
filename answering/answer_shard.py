"""The files of one shard, answered while its purse lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answering.answer_file import answer_file
from answering.questions_asked import QuestionsAsked
from answering.waves import Waves
from tierwise.records import Answered, ImageFile


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file, the key under which its twins find its answers, and what it may cost (nano-dollars).

    The cost is that of its first requests, as far as is known before it is opened.
    """

    file: ImageFile
    share_key: str
    worst: int


async def answer_shard(
    files: Sequence[Waiting],
    asked: QuestionsAsked,
    waves: Waves,
) -> list[Answered]:
    """Answer as many as fit, the first ones first; the others come out over budget, unopened.

    What some files did not spend of their worst case pays for those after them.
    """
    rest, answered = list(files), list[Answered]()
    while rest:
        most = waves.plan.images_in_flight
        chosen = waves.purse.choose((one.worst for one in rest), most)
        if waves.exhausted or not chosen:
            waves.refuse_the_rest()
            chosen = list(range(min(most, len(rest))))
        lives = [_live(rest[position], asked, waves) for position in chosen]
        answered += await waves.answer(lives)
        done = set(chosen)
        rest = [one for position, one in enumerate(rest) if position not in done]
    return answered


async def _live(one: Waiting, asked: QuestionsAsked, waves: Waves) -> Answered:
    try:
        return await answer_file(one.file, one.share_key, waves, asked)
    except Exception as error:
        error.add_note(f"while answering {one.file.uri}")
        raise
