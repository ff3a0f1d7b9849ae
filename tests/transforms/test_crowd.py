"""However many wait for one word, no key has them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise.questions import as_written
from tierwise.records import Answered, ImageFile
from tierwise.tasks import load_tasks
from tierwise.transforms.combine_by_key import CombineHere, Reduce
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, part_of, word_keys
from tierwise.transforms.group_files import GroupFiles
from tierwise.transforms.name_answers import NameAnswers
from tierwise.transforms.share_duplicates import ShareDuplicates

NAMES = [f"2019/{number:05}.jpg" for number in range(4000)]
QUESTIONS = as_written(
    load_tasks(
        "model: gemini-3.1-flash-lite\n"
        'tasks: {a: {prompt: "Which?", labels: [x, y]},'
        ' b: {prompt: "Of it?", labels: [x, y], per: folder}}',
        path="tasks.yaml",
    )
)


def test_a_word_reaches_all_and_no_key_has_more_than_its_part(
    pipeline: Callable[[], beam.Pipeline],
) -> None:
    parts = reduce(or_, map(part_of, NAMES))

    def heard(_: bytes, met: Iterable[Met]) -> tuple[list[Any], int]:
        words, members = apart(met)
        return words, sum(1 for _ in members)

    def check(found: list[tuple[list[Any], int]]) -> None:
        assert all(words == ["word"] for words, _ in found)
        sizes = [size for _, size in found]
        assert sum(sizes) == len(NAMES)
        assert max(sizes) <= 4 * len(NAMES) / 256

    with pipeline() as root:
        members = root | "M" >> beam.Create([(member_key("crowd", name), name) for name in NAMES])
        words = root | "W" >> beam.Create([(key, "word") for key in word_keys("crowd", parts)])
        met = (members, words) | MeetCrowd()
        assert_that(met | beam.MapTuple(heard), check)


def test_one_name_has_one_part() -> None:
    assert list(word_keys("crowd", part_of("a.jpg"))) == [member_key("crowd", "a.jpg")]
    assert member_key("crowd", "a.jpg") != member_key("other", "a.jpg")


def test_a_content_with_thousands_of_names_is_asked_once_and_names_them_all(
    pipeline: Callable[[], beam.Pipeline], image_file: Callable[..., ImageFile], answer: Any
) -> None:
    files = [image_file(name) for name in NAMES]

    def answered(shard: Any) -> list[Answered]:
        return [
            Answered(keyed.share_key, keyed.file.uri, (answer("a"),), keyed.parts)
            for keyed in shard.files
        ]

    def check(rows: list[tuple[str, bool]]) -> None:
        assert Counter(name for name, _ in rows) == Counter(NAMES)
        assert [name for name, reused in rows if not reused] == [NAMES[0]]

    with pipeline() as root:
        named = root | beam.Create(files)
        asked = named | ShareDuplicates(QUESTIONS, 1) | beam.FlatMap(answered)
        pages = (named, asked) | NameAnswers(QUESTIONS)
        rows = pages | beam.FlatMap(lambda page: page.rows)
        assert_that(rows | beam.Map(lambda row: (row.file.uri, row.outcome.reused)), check)


def test_one_of_many_names_crosses_the_shuffle(pipeline: Callable[[], beam.Pipeline]) -> None:
    names = [("hot", name) for name in NAMES] + [(name, name) for name in NAMES]
    spread = sorted(names, key=lambda pair: pair[1])  # the hot key never rests for long
    with pipeline() as root:
        here = root | beam.Create(spread, reshuffle=False) | CombineHere(Reduce(min), 10)
        hot = here | beam.Filter(lambda pair: pair[0] == "hot")
        assert_that(hot, equal_to([("hot", NAMES[0])]))
        assert_that(
            here | beam.Filter(lambda pair: pair[0] != "hot"),
            equal_to([(name, name) for name in NAMES]),
            label="Others",
        )


def test_of_a_group_of_thousands_some_go_on_and_all_are_known(
    pipeline: Callable[[], beam.Pipeline], image_file: Callable[..., ImageFile]
) -> None:
    files = [image_file(name, f"{number:04x}") for number, name in enumerate(NAMES)]
    parts = reduce(or_, map(part_of, NAMES))
    with pipeline() as root:
        shards = root | beam.Create(files) | GroupFiles(QUESTIONS, 1)
        groups = shards | beam.FlatMap(lambda shard: shard.groups)
        found = groups | beam.Map(lambda group: (group.name, len(group.files), group.parts))
        assert_that(found, equal_to([("2019", 20, parts)]))
