"""The table `counts`, and what `run.json` says of it: shares of labels that people's labels allow.

The interval of each label holds by itself, at 95 %; of twenty labels one may lie outside its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tierwise.accounts.tables import manifest_name
from tierwise.counts.tally import CountKey, CountRow, CountTotals
from tierwise.statistics.corrected_shares import CorrectedShare, Side, corrected_share

# What `run.json` and the page list; the table has all.
_MOST_LABELS = 100
# Values of a column that counts are told apart by: those with the most pictures.
_MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """The sums of all tasks and labels among pictures with one value, empty for the archive."""

    value: str
    rows: tuple[CountRow, ...]

    @property
    def pictures(self) -> int:
        """The most of any task that people have labelled some of, 0 where they have of none."""
        return max(
            (total.answered for key, total in self.rows if not key.label and total.labelled),
            default=0,
        )


def most_pictured(*some: Sequence[ValueCounts]) -> tuple[ValueCounts, ...]:
    """Of values those that are told: that of the archive, and those with the most pictures."""
    every = (one for values in some for one in values if one.pictures or not one.value)
    order = sorted(every, key=lambda one: (one.value != "", -one.pictures, one.value))
    return tuple(order[: 1 + _MOST_VALUES])


@dataclass(frozen=True, slots=True)
class LabelCount:
    """One label among some pictures: what the answers say, and what is so."""

    value: str
    task: str
    label: str
    share: CorrectedShare
    answered: int
    labelled: int
    pictures: int

    def row(self, column: str) -> dict[str, Any]:
        """A row of `counts`."""
        return {
            **({counted_name(column): self.value or None} if column else {}),
            "task": self.task,
            "label": self.label,
            "share": self.share.share,
            "low": self.share.low,
            "high": self.share.high,
            "method": str(self.share.method),
            "labelled": self.labelled,
            "answered": self.answered,
            "pictures": self.pictures,
        }


def counts_schema(column: str = "") -> pa.Schema:
    """Columns of `counts`; `column` is the manifest's that they are told apart by, if any."""
    return pa.schema(
        [
            *([(counted_name(column), pa.string())] if column else []),
            ("task", pa.string()),
            ("label", pa.string()),
            ("share", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("method", pa.string()),
            ("labelled", pa.int64()),
            ("answered", pa.int64()),
            ("pictures", pa.int64()),
        ]
    )


def counted_name(column: str) -> str:
    """The manifest's column in `counts`: as in the other tables, unless that hides one of these.

    >>> counted_name("fonds"), counted_name("pictures")
    ('fonds', 'manifest_pictures')
    """
    name = manifest_name(column)
    return f"manifest_{name}" if name.lower() in counts_schema().names else name


def label_counts(rows: Iterable[CountRow], labels: Mapping[str, Sequence[str]]) -> list[LabelCount]:
    """Each label of each task with labelled pictures: of the archive first, then by value.

    Args:
        rows: sums over the archive.
        labels: those of each task that is counted, in its order.
    """
    totals = dict(rows)
    groups = sorted(
        (key for key, total in totals.items() if not key.label and total.labelled),
        key=lambda key: (key.value != "", -totals[key].answered, key.value),
    )
    values = list(dict.fromkeys(key.value for key in groups))[: 1 + _MOST_VALUES]
    return [
        one
        for value in values
        for task in labels
        if (key := CountKey(task, value, "")) in totals and totals[key].labelled
        for one in _of_group(key, totals, labels[task])
    ]


def _of_group(
    key: CountKey, totals: Mapping[CountKey, CountTotals], labels: Sequence[str]
) -> Iterator[LabelCount]:
    every = totals[key]
    for label in labels:
        found = totals.get(CountKey(key.task, key.value, label), CountTotals())
        answered = Side(found.answered, found.labelled, found.found)
        others = Side(
            every.answered - found.answered,
            every.labelled - found.labelled,
            found.having - found.found,
        )
        if every.unpaired:  # why these lack an answer may have to do with their labels
            answered, others = Side(0, 0, 0), answered + others
        share = corrected_share(answered, others)
        numbers = (found.answered, every.labelled, every.answered)
        yield LabelCount(key.value, key.task, label, share, *numbers)


def counts_facts(
    rows: Sequence[CountRow], counts: Sequence[LabelCount], column: str
) -> dict[str, Any]:
    """The part of `run.json`: by task, its labels with the most pictures, and what is amiss.

    `unlabelled` are pictures that the draw has come to and nobody has labelled, `unclear` those
    whose labels in the manifest could not be taken, `unpaired` those of the labelled that people
    answered before a model was asked: where there are any, labels speak alone.
    """
    totals = dict(rows)
    facts: dict[str, Any] = {}
    for task in dict.fromkeys(one.task for one in counts):
        every = totals[CountKey(task, "", "")]
        here = [one for one in counts if one.task == task]
        facts[task] = {
            "pictures": every.answered,
            "labelled": every.labelled,
            "unlabelled": every.due,
            "unclear": every.unclear,
            "unpaired": every.unpaired,
            "labels": _listed(one for one in here if not one.value),
        }
        if column:
            values = dict.fromkeys(one.value for one in here if one.value)
            facts[task]["by"] = {
                "column": column,
                "values": {
                    value: _listed(one for one in here if one.value == value) for value in values
                },
            }
    return facts


def _listed(counts: Iterable[LabelCount]) -> list[dict[str, Any]]:
    kept = sorted(counts, key=lambda one: -one.share.share)[:_MOST_LABELS]
    return [{name: cell for name, cell in one.row("").items() if name != "task"} for one in kept]
