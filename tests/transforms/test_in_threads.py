"""Several elements at a time, and all of them come out once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tierwise.transforms.in_threads import InThreadsFn

# Fails when elements wait for each other in vain: so many must be under way at once.
_MEETING = threading.Barrier(4)


def _meet(number: int) -> int:
    _MEETING.wait(30)
    return number * number


def _squared(number: int) -> int:
    if number == 13:
        raise ValueError("13 is refused")
    return number * number


@pytest.mark.parametrize("at_a_time", [1, 7, 1000])
def test_every_element_comes_out_once(at_a_time: int) -> None:
    numbers = [n for n in range(200) if n != 13]
    found = numbers | beam.ParDo(InThreadsFn(_squared, at_a_time))
    assert Counter(found) == Counter(n * n for n in numbers)


def test_elements_are_worked_on_together(pipeline: Callable[[], beam.Pipeline]) -> None:
    with pipeline() as root:
        found = root | beam.Create([[1, 2, 3, 4]]) | beam.FlatMap(list) | beam.Reshuffle()
        assert_that(found | beam.ParDo(InThreadsFn(_meet)), equal_to([1, 4, 9, 16]))


def test_what_goes_wrong_in_a_thread_stops_the_run() -> None:
    with pytest.raises(Exception, match="13 is refused"):
        range(20) | beam.ParDo(InThreadsFn(_squared))
