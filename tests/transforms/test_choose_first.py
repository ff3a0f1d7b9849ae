"""A pilot's files are the same in every run, exactly so many contents, with all their names."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tierwise.forecast.pilot import Population, content_of, rank_of
from tierwise.records import ImageFile
from tierwise.transforms.choose_first import ChooseFirst

Files = list[ImageFile]


@pytest.fixture
def files(image_file: Callable[..., ImageFile]) -> Files:
    """Thirty contents, two of which have three names, and one file that cannot be read."""
    made = [image_file(f"{number}.jpg", f"{number:02x}") for number in range(30)]
    made += [image_file(f"twin-{n}-{c}.jpg", f"{c:02x}") for n in range(2) for c in (3, 4)]
    return [*made, image_file("broken.jpg", content_hash="", problem="no")]


def first_of(files: Files, count: int) -> set[str]:
    contents = sorted({content_of(file) for file in files}, key=rank_of)[:count]
    return {file.uri for file in files if content_of(file) in contents}


@pytest.mark.parametrize("count", [1, 7, 31, 500])
def test_exactly_so_many_contents_come_with_all_their_names(
    pipeline: Callable[[], beam.Pipeline], files: Files, count: int
) -> None:
    wanted = first_of(files, count)
    chosen = {content_of(file) for file in files if file.uri in wanted}
    random.Random(count).shuffle(files)
    with pipeline() as root:
        found = root | beam.Create(files) | ChooseFirst(count)
        assert_that(found.files | beam.Map(lambda file: file.uri), equal_to(list(wanted)), "files")
        counted = Population(31, len(files), len(chosen), len(wanted))
        assert_that(found.population, equal_to([counted]), "population")
    assert len(chosen) == min(count, 31)


def test_more_contain_fewer(files: Files) -> None:
    sizes = [first_of(files, count) for count in range(1, 32)]
    assert all(few <= more for few, more in pairwise(sizes))
    assert sizes[-1] == {file.uri for file in files}


def test_nothing_is_chosen_from_nothing(pipeline: Callable[[], beam.Pipeline]) -> None:
    with pipeline() as root:
        found = root | beam.Create([]).with_output_types(ImageFile) | ChooseFirst(5)
        assert_that(found.files, equal_to([]), "files")
        assert_that(found.population, equal_to([Population()]), "population")


def test_followers_come_with_their_leader(image_file: Callable[..., ImageFile]) -> None:
    leader, follower = image_file("a.jpg", "aa"), image_file("b.jpg", "bb", leader="sha256:aa")
    assert content_of(leader) == content_of(follower)
