"""Where words go: tables to standard output, unless that is kept for a program; progress beside it.

What images, file names, people and models wrote is shown and never interpreted. Colours only
repeat what the words say; NO_COLOR is obeyed by rich.
"""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console
from rich.text import Text

from tierwise.beam_pipeline.function_call import function_call
from tierwise.beam_pipeline.terminal.plain_text import plain

_KEPT_COLUMNS = 100


def screen(*, json_wanted: bool) -> Console:
    """For a command's results: standard output, or standard error when JSON goes there.

    A function shows none, but returns them.
    """
    if function_call():
        return kept_console(io.StringIO())
    return Console(highlight=False, stderr=json_wanted)


def kept_console(text: io.StringIO) -> Console:
    """For words that are kept; rich would show them in the cell of a notebook besides."""
    return Console(file=text, width=_KEPT_COLUMNS, highlight=False, force_jupyter=False)


def print_document(document: Any) -> None:
    """Print one JSON document to standard output, for a program; nothing else may go there.

    What is called as a function keeps it for whoever has called.
    """
    if call := function_call():
        call.documents.append(document)
    else:
        print(json.dumps(document, indent=2))


def say(console: Console, line: str) -> None:
    """Print a line; the terminal wraps it, so that it can be copied whole."""
    console.print(Text(plain(line)), soft_wrap=True)


def warn(console: Console, warning: str) -> None:
    """Print a line that begins with `warning:`."""
    console.print(Text(plain(f"warning: {warning}"), style="yellow"), soft_wrap=True)
