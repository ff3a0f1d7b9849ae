"""What answers turned out to be when they were held against labels: the table, and `run.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tierwise.evaluation import WHOLE, Against, PairRow
from tierwise.pair_lists import LabelOf, OtherPairs, PairList, PairsOf, label_of, listed
from tierwise.statistics.intervals import share_interval
from tierwise.taxonomy.levels import shares
from tierwise.taxonomy.taxonomy import Taxonomy

_MOST_PAIRS = 100
_AGAINST = (
    Against.LABEL,
    Against.OLD_LABEL,
    Against.UNKNOWN_LABEL,
    Against.INNER_LABEL,
    Against.EXAMPLE,
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What all answers were held against; `images` counts those of each label that is listed."""

    rows: tuple[PairRow, ...] = ()
    others: Mapping[PairsOf, OtherPairs] = field(default_factory=dict)
    images: Mapping[LabelOf, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[PairRow]) -> Findings:
        """Of pairs that are in memory, each there once."""
        lists, images = listed(rows)
        return cls.of_lists(lists, dict(images))

    @classmethod
    def of_lists(
        cls, lists: Iterable[tuple[PairsOf, PairList]], images: Mapping[LabelOf, int]
    ) -> Findings:
        """Of lists that were made elsewhere."""
        rows: list[PairRow] = []
        others: dict[PairsOf, OtherPairs] = {}
        for name, some in lists:
            some.cut()
            rows += some.rows
            if some.others.pairs:
                others[name] = some.others
        return cls(tuple(sorted(rows, key=lambda row: row[0])), others, images)

    def others_of(self, task: str) -> dict[Against, OtherPairs]:
        """Of a task, by what its answers were held against, what is not listed."""
        return {Against(name): some for (of, name), some in self.others.items() if of == task}


def evaluation_schema() -> pa.Schema:
    """Columns of `evaluation`: one row per task, label and answer."""
    return pa.schema(
        [
            ("task", pa.string()),
            ("against", pa.string()),
            ("label", pa.string()),
            ("answer", pa.string()),
            ("images", pa.int64()),
            ("share", pa.float64()),
            ("examples", pa.list_(pa.string())),
        ]
    )


def evaluation_rows(found: Findings) -> list[dict[str, Any]]:
    """The rows of `evaluation`; `share` is of all images with this label."""
    return [
        {
            "task": key.task,
            "against": str(key.against),
            "label": key.label or None,
            "answer": key.answer or None,
            "images": totals.images,
            "share": totals.images / found.images[label_of(key)],
            "examples": list(totals.examples),
        }
        for key, totals in found.rows
        if totals.images
    ]


def evaluation(
    found: Findings, judged: Collection[str], trees: Mapping[str, Taxonomy] = {}
) -> dict[str, Any]:
    """The part of `run.json` for each judged task.

    With labels, `score` is the mean over images that have one, from 0 to 1, an answer that is not
    there counting as wrong; it is the accuracy where one label is asked, and then has the interval
    of Clopper and Pearson at 95 %. In one of the `trees`, by task, `levels` are shares of the
    images that are listed, by how near the answer comes (`tierwise.taxonomy.levels`). Pairs are the
    hundred most frequent of all. `others` are those that the table does not list, where it does not
    list all.
    """
    rows = [row for row in found.rows if row[1].images]
    return {
        task: {
            **_score([row for row in rows if row[0].task == task], found.others_of(task)),
            **(_levels(rows, task, trees[task]) if task in trees else {}),
            **{
                against.value: _pairs(rows, task, against)
                for against in _AGAINST
                if any(key.task == task and key.against is against for key, _ in rows)
            },
            **_others(found.others_of(task)),
        }
        for task in judged
    }


def _score(rows: Sequence[PairRow], others: Mapping[Against, OtherPairs]) -> dict[str, Any]:
    labelled = [row for row in rows if row[0].against is Against.LABEL]
    unlisted = others.get(Against.LABEL, OtherPairs())
    images = unlisted.images + sum(totals.images for _, totals in labelled)
    if not images:
        return {}
    points = unlisted.score + sum(totals.score for _, totals in labelled)
    found: dict[str, Any] = {"images": images, "score": points / WHOLE / images}
    if any(key.label for key, _ in labelled):
        interval = share_interval(points // WHOLE, images)
        found |= {"low": interval.low, "high": interval.high}
    return found


def _levels(rows: Iterable[PairRow], task: str, tree: Taxonomy) -> dict[str, Any]:
    pairs = (
        (key.label, key.answer if key.answer in tree else None, totals.images)
        for key, totals in rows
        if (key.task, key.against) == (task, Against.LABEL) and key.label in tree
    )
    found = dict(shares(tree, pairs))
    return {"levels": found} if found else {}


def _others(others: Mapping[Against, OtherPairs]) -> dict[str, Any]:
    told = {
        str(against): {"pairs": some.pairs, "images": some.images, "changed": some.changed}
        for against, some in others.items()
        if against in _AGAINST
    }
    return {"others": told} if told else {}


def _pairs(rows: Iterable[PairRow], task: str, against: Against) -> list[dict[str, Any]]:
    found = [row for row in rows if (row[0].task, row[0].against) == (task, against)]
    ordered = sorted(found, key=lambda row: (-row[1].images, row[0]))
    return [
        {"label": key.label, "answer": key.answer, "images": totals.images}
        for key, totals in ordered[:_MOST_PAIRS]
        if key.label
    ]
