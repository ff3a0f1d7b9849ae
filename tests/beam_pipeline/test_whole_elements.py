"""What one step of a job writes, the next one reads whole, in threads too."""

from __future__ import annotations

import time
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise.beam_pipeline.runners.beam_options import beam_options


class Slow:
    """Takes longer to be written down than Beam waits before it hands on what is there."""

    def __reduce__(self) -> tuple[Any, ...]:
        time.sleep(1.5)
        return (Slow, ())


def test_an_element_that_is_slow_to_write_is_not_torn() -> None:
    """Waits for one and a half seconds, which is what it shows."""
    flags = ["--direct_running_mode=multi_threading", "--direct_num_workers=2"]
    with beam.Pipeline(options=beam_options(flags)) as root:
        pairs = root | beam.Create([3]) | beam.Map(lambda n: ("a key of some length", (n, Slow())))
        met = pairs | beam.GroupByKey() | beam.MapTuple(lambda key, some: (key, len(list(some))))
        assert_that(met, equal_to([("a key of some length", 1)]))
