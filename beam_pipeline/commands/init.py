"""`tierwise init`: a first tasks file from a look at the pictures, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from shlex import quote
from typing import Any

from rich.console import Console

from tierwise.beam_pipeline.asked import questions_to_ask, tasks_in
from tierwise.beam_pipeline.flags.command_line import Settings, read_command_line
from tierwise.beam_pipeline.inquiry import inquiry_of
from tierwise.beam_pipeline.terminal.forecast_tables import no_images, short
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.errors import InputError
from tierwise.first_tasks.draft import draft
from tierwise.first_tasks.told import seen_lines
from tierwise.forecast.forecast import forecast_row
from tierwise.prices.price_day import price_day
from tierwise.storage.files import files_for
from tierwise.surveying.first_look import FirstLook, first_look
from tierwise.surveying.forecasting import forecast_of, survey_of

# So many are asked first, where there are several times as many.
_FIRST = 50
_CENT = Decimal("0.01")
_LEAST_CAP = Decimal("0.10")


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Write the file, and say what was seen and what to do next."""
    del beam_flags  # the command line refuses them for this verb
    if files_for(settings.tasks).exists(settings.tasks):
        raise _taken(settings.tasks)
    first = _First(settings.input, settings.tasks, first_look(settings.input))
    foreseen = _foreseen(first)
    _write(settings.tasks, draft(first.seen.look, foreseen.lines))
    console = Console(highlight=False)
    for line in (*foreseen.lines, *foreseen.warnings, *_next(first, foreseen)):
        say(console, line)
    return 0


@dataclass(frozen=True, slots=True)
class _First:
    """What is asked about, the tasks file to write, and what was seen."""

    uri: str
    tasks: str
    seen: FirstLook

    @property
    def flags(self) -> list[str]:
        """What all commands about it begin with."""
        flags = [f"--input={self.uri}", f"--tasks={self.tasks}"]
        return [*flags, f"--labels={self.seen.table}"] if self.seen.table else flags


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What was seen in lines, and the forecast as JSON."""

    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    row: dict[str, Any]


def _foreseen(first: _First) -> _Foreseen:
    """Look into some of the pictures, and forecast what the tasks cost.

    Raises:
        InputError: the archive cannot be asked about as it is.
    """
    tasks = tasks_in(draft(first.seen.look, ()), path=first.tasks)
    settings = read_command_line(["plan", *first.flags]).settings
    on = price_day(datetime.now(UTC))
    questions, _ = questions_to_ask(settings, tasks, on)
    inquiry = inquiry_of(settings, questions, project="", on=on)
    survey = survey_of(inquiry.found, questions, None, inquiry.reading)
    lines = seen_lines(first.uri, first.seen.look, survey, first.seen.table)
    row = forecast_row(forecast_of(questions, inquiry.service, survey, on, unknowns=()))
    return _Foreseen(tuple(lines), tuple(no_images(survey, first.uri)), row)


def _write(uri: str, text: str) -> None:
    try:
        files_for(uri).write_new(uri, text.encode())
    except FileExistsError as error:
        raise _taken(uri) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--tasks={uri}: cannot be written: {reason}.") from error


def _taken(uri: str) -> InputError:
    return InputError(
        f"--tasks={uri}: is there already, and is not written over. Give another name with --tasks."
    )


def _next(first: _First, foreseen: _Foreseen) -> Iterator[str]:
    """The commands to give next, with what each costs."""
    names = ", ".join(foreseen.row["tasks"])
    yield f"Tasks: {first.tasks}: {names}. Open it, and change what does not fit."
    yield ""
    yield "Next:"
    flags = " ".join(map(quote, first.flags))
    cost, high = (Decimal(foreseen.row[name]) for name in ("cost_usd", "high_usd"))
    files = foreseen.row["files"]
    run = f"  tierwise run {flags} --output=out/"
    real = f"{run} --gemini=developer"
    yield f"  tierwise plan {flags}"
    yield "      what it will cost, in detail; costs nothing"
    yield run
    yield "      an emulator answers, so that you see tables and page; costs nothing"
    if files > 4 * _FIRST:
        part = Decimal(_FIRST) / files
        yield f"{real} --first={_FIRST} --max_cost_usd={_cap(part * high)}"
        yield f"      Gemini answers about {_FIRST} files at random: some ${short(part * cost)}"
    yield f"{real} --max_cost_usd={_cap(high)}"
    yield (
        f"      Gemini answers about all of them: some ${short(cost)}, in nine of ten cases at "
        f"most ${short(high)}; never more than the cap"
    )
    yield "A key of the Gemini Developer API goes into the environment variable GEMINI_API_KEY."


def _cap(high: Decimal) -> Decimal:
    """Twice what it may well cost, for requests that are under way count at their worst."""
    return max(_LEAST_CAP, (2 * high).quantize(_CENT, ROUND_UP))
