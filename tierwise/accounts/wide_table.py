"""The table `wide`: a row for each picture, a column for each task, which every program can read.

Answers of several tasks have several types, so that no one column could hold them. Here each has
its own; structs, which some readers do not know, are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tierwise.accounts.tables import arrow_type, image_cells, image_fields, scalar_type
from tierwise.records import Answer, NamedPage


@dataclass(frozen=True, slots=True)
class WideTable:
    """What `wide` has for each task, and for a manifest's columns.

    `types` are those of the answers by task, `answers` and `reasons` the columns of each task.
    `names` are the manifest's columns under the names they have here, `kinds` what they hold.
    """

    types: Mapping[str, pa.DataType]
    answers: Mapping[str, str]
    reasons: Mapping[str, str]
    kinds: Mapping[str, str]
    names: Mapping[str, str]

    def schema(self) -> pa.Schema:
        """Its columns: what is known of the picture, then task by task."""
        fields = image_fields()
        fields += [(self.names[column], scalar_type(kind)) for column, kind in self.kinds.items()]
        for task, kind in self.types.items():
            fields += [(self.answers[task], kind), (self.reasons[task], pa.string())]
        return pa.schema(fields)

    def row(self, page: NamedPage) -> dict[str, Any]:
        """One page of one name; a task that was not asked of it is null, and so is its reason."""
        cells = image_cells(page.file, page.outcomes[0])
        cells |= {name: page.file.columns.get(column) for column, name in self.names.items()}
        for outcome in page.outcomes:
            if outcome.task not in self.types:
                continue
            if isinstance(outcome, Answer):
                cells[self.answers[outcome.task]] = _flat(outcome.value)
            else:
                cells[self.reasons[outcome.task]] = str(outcome.reason)
        return cells


def wide_table(answers: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, str]) -> WideTable:
    """The table of these tasks, given the JSON schemas of their answers and a manifest's columns.

    >>> text = {"type": "string"}
    >>> columns = {"customer": "string", "Kind": "string", "page": "string"}
    >>> list(wide_table({"kind": text}, columns).names.values())
    ['customer', 'truth_kind', 'manifest_page']
    """
    taken = {name for name, _ in image_fields()}
    columns = {task: _free(task, "answer_", taken) for task in answers}
    reasons = {task: _free(f"{task}_reason", "answer_", taken) for task in answers}
    tasks = {task.lower(): task for task in answers}
    truths = {name: tasks[name.lower()] for name in kinds if name.lower() in tasks}
    names = {name: _free(f"truth_{task}", "manifest_", taken) for name, task in truths.items()}
    names |= {name: _free(name, "manifest_", taken) for name in kinds if name not in truths}
    types = {task: _flat_type(arrow_type(schema)) for task, schema in answers.items()}
    return WideTable(types, columns, reasons, kinds, {name: names[name] for name in kinds})


def _free(name: str, prefix: str, taken: set[str]) -> str:
    """The name, with a prefix where another column has it; case is ignored, as databases do."""
    while name.lower() in taken:
        name = prefix + name
    taken.add(name.lower())
    return name


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_struct(kind) else kind


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
