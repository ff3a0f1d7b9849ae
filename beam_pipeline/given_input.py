"""The input that flags name, for every verb in the same way."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.name_choice import choice_of
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.storage.listing import Input


def input_of(settings: Settings) -> Input:
    """What `--input` names, without what lies in the output, with the columns of `--labels`.

    Raises:
        InputError: nothing is there, or a manifest or the table of labels is malformed.
    """
    found = find_input(
        settings.input,
        excluded=settings.output or "",
        follow_links=settings.follow_links,
        choice=choice_of(settings.include, settings.exclude),
    )
    labels = vars(settings).get("labels")  # not every verb takes them
    return with_labels(found, labels) if labels else found
