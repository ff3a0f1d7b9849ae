"""Every name gets the answers of its content; one of them pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tierwise.questions import as_written
from tierwise.records import Answered, Failure, NamedOutcome, NamedPage
from tierwise.tasks import load_tasks
from tierwise.transforms.crowd import part_of
from tierwise.transforms.name_answers import NameAnswers, name_answers
from tierwise.transforms.share_duplicates import share_key

TASKS = as_written(
    load_tasks(
        'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Which?", labels: [x, y]}}',
        path="t.yaml",
    )
)


def test_names_meet_the_answers_of_their_content(
    pipeline: Callable[[], beam.Pipeline], image_file: Any, answer: Any
) -> None:
    files = [image_file("a.jpg", "aa"), image_file("b.jpg", "aa"), image_file("c.jpg", "cc")]
    answered = [
        Answered(share_key(file, TASKS), file.uri, (answer("a", cost=cost),), parts)
        for file, cost, parts in (
            (files[0], 5, part_of("a.jpg") | part_of("b.jpg")),
            (files[2], 7, 0),
        )
    ]

    def shown(named: NamedOutcome) -> tuple[str, int, bool]:
        outcome: Any = named.outcome
        return named.file.uri, outcome.spent.cost, outcome.reused

    with pipeline() as root:
        inputs = (root | "F" >> beam.Create(files), root | "A" >> beam.Create(answered))
        pages = inputs | NameAnswers(TASKS)
        rows = pages | beam.FlatMap(lambda page: page.rows) | beam.Map(shown)
        expected = [("a.jpg", 5, False), ("b.jpg", 0, True), ("c.jpg", 7, False)]
        assert_that(rows, equal_to(expected))


def test_no_name_is_held(image_file: Any, answer: Any) -> None:
    """A content may have millions of names."""
    passed: list[str] = []

    def files() -> Iterator[Any]:
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            passed.append(name)
            yield image_file(name)

    rows = name_answers([Answered("k", "a.jpg", (answer("a"),))], files())
    assert not passed
    assert next(rows).file.uri == "a.jpg"
    assert passed == ["a.jpg"]


@pytest.mark.parametrize("times", [0, 2])
def test_answers_that_are_lost_or_doubled_are_a_bug(
    times: int, image_file: Any, answer: Any
) -> None:
    answered = [Answered("k", "a.jpg", (answer(),))] * times
    with pytest.raises(RuntimeError, match=f"{image_file().uri}: {times} sets of answers"):
        list(name_answers(answered, iter([image_file()])))


def message_of(page: NamedPage) -> str:
    [failed] = page.outcomes
    assert isinstance(failed, Failure)
    return failed.message


def test_the_failure_of_a_twin_speaks_of_the_twin(image_file: Any, failure: Any) -> None:
    failed = replace(failure(), message="/archive/a.jpg: the file is empty.")
    answered = [Answered("k", "a.jpg", (failed,))]
    pages = name_answers(answered, [image_file("a.jpg"), image_file("b.jpg")])
    messages = {page.file.uri: message_of(page) for page in pages}
    assert messages == {
        "a.jpg": "/archive/a.jpg: the file is empty.",
        "b.jpg": "/archive/b.jpg: the file is empty.",
    }
