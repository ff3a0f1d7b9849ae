"""`tierwise run` with a journal that writes nowhere: what a run would be without one."""

from __future__ import annotations

import sys
from unittest.mock import patch

from bench.asking.ways.arguments import arguments
from bench.asking.ways.ours import flags
from tierwise.beam_pipeline.__main__ import main as tierwise
from tierwise.journal.journal_files import JournalFiles

if __name__ == "__main__":
    with patch.object(JournalFiles, "write", lambda *_: None):
        sys.exit(tierwise(flags(arguments())))
