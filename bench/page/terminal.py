"""A terminal as HTML, for a picture of what a command prints."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 100
_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #0c0c0c; }}
pre {{ margin: 0; padding: 20px 24px; color: #d9d9d9; width: max-content;
  font: 14px/1.3 "DejaVu Sans Mono", monospace; }}
{stylesheet}
</style><pre>{code}</pre>"""


def printed(words: Sequence[str], folder: str) -> str:
    """What `tierwise` prints at a terminal that stands in a folder, with its colours."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", "tierwise", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=True, timeout=600
    )
    return done.stdout.decode()


def as_page(lines: Sequence[str]) -> str:
    """Lines with colours as a page of HTML; long ones go on below, as a terminal shows them."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    for line in lines:
        console.print(Text.from_ansi(line), overflow="fold", no_wrap=False)
    return console.export_html(theme=MONOKAI, code_format=_PAGE)
