"""Which of our transforms a collection comes from, found in the graph."""

from __future__ import annotations

from typing import Any, TypeVar

import apache_beam as beam

Ours = TypeVar("Ours", bound=beam.PTransform)


def upstream(collection: beam.PCollection[Any], kind: type[Ours]) -> Ours | None:
    """The nearest transform of a kind that a collection comes from, whatever lies between."""
    waiting, seen = [collection], set[int]()
    while waiting:
        producer = waiting.pop(0).producer
        while producer is not None and id(producer) not in seen:
            seen.add(id(producer))
            if isinstance(producer.transform, kind):
                return producer.transform
            waiting += [one for one in producer.inputs if isinstance(one, beam.pvalue.PCollection)]
            producer = producer.parent
    return None
