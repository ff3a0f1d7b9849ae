"""Nobody is left alone with a failure."""

from __future__ import annotations

import re

import pytest

from tierwise.accounts.remedies import REMEDIES
from tierwise.beam_pipeline.flags.of_verb import flags_of
from tierwise.records import Reason
from tierwise.tasks.keys import TaskKeys


def test_every_reason_has_a_remedy_of_few_words() -> None:
    assert set(REMEDIES) == set(Reason)
    assert all(20 < len(remedy) < 160 for remedy in REMEDIES.values())
    assert all(remedy.endswith(".") for remedy in REMEDIES.values())


@pytest.mark.parametrize("remedy", REMEDIES.values(), ids=list(REMEDIES))
def test_a_remedy_names_only_flags_and_keys_that_there_are(remedy: str) -> None:
    flags = {f"--{flag.name}" for flag in flags_of("run")}
    assert set(re.findall(r"--\w+", remedy)) <= flags
    keys = set(re.findall(r"(?<!-)\b[a-z]+_[a-z_]+", remedy)) - {flag[2:] for flag in flags}
    assert keys <= set(TaskKeys.model_fields)
