"""`python -m tierwise VERB [flags]`, the same as `tierwise VERB [flags]`."""

from tierwise.beam_pipeline.__main__ import command

command()
