"""The lanes that pictures can be drawn on, as rows and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from rich.console import Console

from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.drawing_models import EXCEPTION
from tierwise.forecast.lanes import Lane, Over
from tierwise.tasks import Task

# Said once, for no lane has it.
NO_FLEX = "Flex is no lane: no price is known for pictures drawn there."


def lanes_row(found: Sequence[Lane], ended: Sequence[Over]) -> dict[str, Any]:
    """As JSON; dollars are decimal strings."""
    if not found:
        return {}
    return {
        "lanes": [
            {
                "task": lane.task,
                "size": lane.size,
                "model": lane.model,
                "service_tier": str(lane.tier),
                "usd_each": f"{usd(lane.each):f}",
                "cannot": list(lane.cannot),
                "ends": lane.ends,
                "ends_soon": lane.ends_soon,
                "as_asked": lane.as_asked,
            }
            for lane in found
        ],
        "lanes_over": [
            {"model": one.model, "since": str(one.since), "then": list(one.then)} for one in ended
        ],
    }


def print_lanes(found: Sequence[Lane], ended: Sequence[Over], console: Console) -> None:
    """Print a table for each task that draws to standard output; nothing where none does."""
    columns = (
        Column("size", attrgetter("size"), number=False),
        Column("model", attrgetter("model"), number=False),
        Column("tier", lambda lane: str(lane.tier), number=False),
        Column("USD a\npicture", lambda lane: f"{usd(lane.each):.4f}"),
    )
    for task, of_task in groupby(found, key=attrgetter("task")):
        title = f"{task}: lanes by the price of a picture with its prompt, size by size"
        table = fitted_table(
            title, columns, list(of_task), console.width, bold=attrgetter("as_asked")
        )
        console.print(table)
    if found:
        say(console, NO_FLEX)
        for model, told in sorted({(lane.model, _told(lane)) for lane in found}):
            if told:
                say(console, f"{model}: {told}.")
        for one in ended:
            then = f"; then: {', '.join(one.then)}" if one.then else ""
            say(console, f"{one.model} ended on {one.since}{then}.")


def _told(lane: Lane) -> str:
    return "; ".join(filter(None, (*lane.cannot, lane.ends)))


def drawing_lines(tasks: Sequence[Task], price_of: Callable[[Task], int]) -> Iterator[str]:
    """What a plan says of tasks that draw: exceptions with their reason, and what has no bound.

    `price_of` gives the nano-dollars of the picture that a task draws, without its prompt.
    """
    drawing = [task for task in tasks if task.answer.draws()]
    for task in drawing:
        answer = task.answer
        if answer.drawn_size() == EXCEPTION:
            some = "some pictures of" if task.sizes else "pictures of"
            yield f"{task.name}: {some} {EXCEPTION}, because: {answer.exception()}."
        if task.sizes and task.sizes.rules:
            yield (
                f"{task.name}: counted at {answer.drawn_size()}, the largest that its rule may ask "
                "for."
            )
    for task in drawing:
        tokens = task.answer.drawn_tokens(task.route.model)
        yield (
            f"{task.name}: the worst case counts one picture ({tokens:,} tokens) and "
            f"{task.max_output_tokens} tokens of words per request. Nobody publishes how many "
            f"pictures a model draws at most: each one more costs ${usd(price_of(task)):.4f} again "
            "beyond the worst case, settled by what Google reports."
        )
