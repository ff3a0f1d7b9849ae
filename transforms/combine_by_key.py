"""CombineByKey: combined where elements stand, then once more where those of a key meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints import Tuple
from apache_beam.utils.windowed_value import WindowedValue

_MOST_KEYS = 1000
_NONE = object()


class CombineByKey(beam.PTransform):
    """From `(key, value)` to `(key, combined)`, each accumulator of bounded size.

    A key with very many values is a few accumulators by the time it crosses the shuffle. Beam's
    `CombinePerKey` does the same with a hundred thousand keys at a time, whatever they weigh; here
    a bundle holds `most_keys`, those that it has met last.
    """

    def __init__(self, combine: beam.CombineFn, most_keys: int = _MOST_KEYS) -> None:
        super().__init__()
        self._combine = combine
        self._most_keys = most_keys

    def expand(self, pairs: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """Adds the sums to a pipeline."""
        combine = self._combine

        def combined(key: Any, some: Iterable[Any]) -> tuple[Any, Any]:
            return key, combine.extract_output(combine.merge_accumulators(some))

        return (
            pairs
            | "Here" >> CombineHere(combine, self._most_keys)
            | "Meet" >> beam.GroupByKey()
            | "Combine" >> beam.MapTuple(combined).with_output_types(_pairs_like(pairs))
        )


class CombineHere(beam.PTransform):
    """From `(key, value)` to `(key, accumulator)`, some of a key where there were very many."""

    def __init__(self, combine: beam.CombineFn, most_keys: int = _MOST_KEYS) -> None:
        super().__init__()
        self._combine = combine
        self._most_keys = most_keys

    def expand(self, pairs: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """Adds the step to a pipeline."""
        here = beam.ParDo(_CombineHereFn(self._combine, self._most_keys))
        return pairs | "Combine" >> here.with_output_types(_pairs_like(pairs))


def _pairs_like(pairs: beam.PCollection[Any]) -> Any:
    """The type of pairs with the same keys, which says how keys are coded."""
    key = getattr(pairs.element_type, "tuple_types", (Any,))[0]
    return Tuple[key, Any]


class _CombineHereFn(beam.DoFn):
    def __init__(self, combine: beam.CombineFn, most_keys: int) -> None:
        self._combine = combine
        self._most_keys = most_keys
        self._held: dict[Any, Any] = {}

    def start_bundle(self) -> None:
        self._held = {}

    def process(self, pair: tuple[Any, Any]) -> Iterator[tuple[Any, Any]]:
        key, value = pair
        found = self._held.pop(key, _NONE)  # so that the key that was met last stands last
        if found is _NONE:
            found = self._combine.create_accumulator()
            if len(self._held) >= self._most_keys:
                oldest = next(iter(self._held))
                yield oldest, self._held.pop(oldest)
        self._held[key] = self._combine.add_input(found, value)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        held, self._held = self._held, {}
        for pair in held.items():
            yield WindowedValue(pair, everything.max_timestamp(), [everything])


class Reduce(beam.CombineFn):
    """What comes of two, and so of any number; `both` may take them in any order."""

    def __init__(self, both: Any) -> None:
        self._both = both

    def create_accumulator(self) -> Any:
        """Beam's hook."""
        return None

    def add_input(self, found: Any, value: Any) -> Any:
        """Beam's hook."""
        return value if found is None else self._both(found, value)

    def merge_accumulators(self, some: Iterable[Any]) -> Any:
        """Beam's hook."""
        merged = None
        for one in some:
            merged = self.add_input(merged, one)
        return merged

    def extract_output(self, found: Any) -> Any:
        """Beam's hook."""
        return found
