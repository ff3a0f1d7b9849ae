"""Labels that a calibration cannot use: what is wrong with them, and how many each task loses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

# Reasons beside those of failures, in `left_out` of a calibration file.
UNKNOWN_LABEL = "unknown_label"
INNER_LABEL = "inner_label"
CONFLICTING_LABELS = "conflicting_labels"
MISSING = "missing"
EXAMPLE = "example"
NOT_REACHED = "not_reached"
GATE_UNKNOWN = "gate_unknown"

_EXAMPLES = 3
_MOST_KINDS = 8


@dataclass(slots=True)
class LabelProblems:
    """Images that are left out, by what is wrong with them."""

    _examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _reasons: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _usable: set[tuple[str, str]] = field(default_factory=set)
    _spared: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, problem: str, example: str, *, reason: str, tasks: Collection[str]) -> None:
        """Count an image that these tasks lose for a reason, and remember some as examples."""
        self._examples[problem].append(example)
        for task in tasks:
            self._reasons[task][example] = reason

    def spare(self, task: str, reason: str) -> None:
        """Count an image that a task is not judged at though it has a usable label."""
        self._spared[task][reason] += 1

    def forgive(self, name: str, tasks: Collection[str]) -> None:
        """Other rows give this image usable labels for these tasks, so that it is not lost."""
        self._usable |= {(task, name) for task in tasks}

    def left_out(self, task: str) -> Counter[str]:
        """How many labelled images a task lost, by reason."""
        reasons = self._reasons[task].items()
        lost = (reason for name, reason in reasons if (task, name) not in self._usable)
        return Counter(lost) + self._spared[task]

    def told(self) -> list[str]:
        """A sentence for each kind of problem, with its count and examples; the most frequent."""
        kinds = sorted(self._examples.items(), key=lambda kind: -len(kind[1]))
        said = [
            f"{len(examples)} left out: {problem} ({', '.join(examples[:_EXAMPLES])}"
            f"{' ...' if len(examples) > _EXAMPLES else ''})"
            for problem, examples in kinds[:_MOST_KINDS]
        ]
        if rest := sum(len(examples) for _, examples in kinds[_MOST_KINDS:]):
            said.append(f"{rest} more left out for other reasons of this sort")
        return said
