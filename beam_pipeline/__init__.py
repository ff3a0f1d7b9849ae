"""The job and its commands: `tierwise.beam_pipeline`, wherever it is imported from.

In a clone, `python -m beam_pipeline VERB` finds this folder at the top of the repository; it is the
same package all the same, so that no module is there twice.
"""

from __future__ import annotations

if __name__ == "beam_pipeline":
    from tierwise.one_name import only_below_tierwise

    only_below_tierwise(__name__)
