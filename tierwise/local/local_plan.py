"""What a run must know to answer locally; travels pickled, like the plan that it is part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwise.local.roles import Roles
from tierwise.local.seen import LocalModel
from tierwise.local.statement import Terms


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """How local models are taught and examined.

    `groups` are tasks that are answered locally together or not at all. `keys` say by task what a
    model is published under, `exams` what its exam asks, whatever is learnt, `terms` what is wanted
    of that, and `published` are the models that earlier runs have taught. `embedder` is the path of
    one of the user's own, empty for that of the extra, and `digest` says which features it gives.
    """

    roles: Roles
    groups: tuple[tuple[str, ...], ...]
    keys: Mapping[str, str]
    exams: Mapping[str, str]
    terms: Mapping[str, Terms]
    embedder: str = ""
    digest: str = ""
    published: Mapping[str, LocalModel] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """All that may be answered locally."""
        return tuple(name for group in self.groups for name in group)

    @property
    def models(self) -> dict[str, str]:
        """By task, the digests of models whose local answers an earlier run gave on these terms.

        By others this run's exam may allow fewer.
        """
        known = {name for name, terms in self.terms.items() if terms.known}
        return {name: one.digest for name, one in self.published.items() if name in known}

    @property
    def teaches(self) -> bool:
        """Whether some task has no model yet."""
        return any(name not in self.published for name in self.tasks)
