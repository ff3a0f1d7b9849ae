"""`python -m tierwise VERB [flags]`, the same as `tierwise VERB [flags]`."""

import sys

from tierwise.beam_pipeline.__main__ import main

sys.exit(main())
