"""`--labels` is two flags: ours names a table, and Beam's, `--labels=team=photos`, marks a job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tierwise.storage.manifests.forms import is_manifest

_FLAG = "--labels"
# https://cloud.google.com/dataflow/docs/guides/labels; launchers of templates write JSON too.
_OF_JOB = re.compile(r"\{|[a-z][a-z0-9_-]{0,62}=")


def without_job_labels(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line without the labels of a job, and these.

    >>> without_job_labels(["--labels=old.csv", "--labels", "team=photos", "--json"])
    (['--labels=old.csv', '--json'], ['--labels=team=photos'])
    >>> without_job_labels(["--labels=day=1/old.csv"])
    (['--labels=day=1/old.csv'], [])
    """
    ours, of_job, left = list[str](), list[str](), list(words)
    while left:
        word = left.pop(0)
        flag, sign, value = word.partition("=")
        if flag == _FLAG and not sign and left and _is_of_job(left[0]):
            of_job.append(f"{_FLAG}={left.pop(0)}")
        elif flag == _FLAG and _is_of_job(value):
            of_job.append(word)
        else:
            ours.append(word)
    return ours, of_job


def _is_of_job(value: str) -> bool:
    return _OF_JOB.match(value) is not None and not is_manifest(value)
