"""Names that are gone and new ones of the same bytes, matched however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that

from tierwise.known_files import KnownFile
from tierwise.transforms.match_moved import MatchMoved


def file(uri: str, change: str, content: str = "sha256:aa") -> KnownFile:
    return KnownFile(uri, 1, content, change=change)


def matched(
    pipeline: Callable[[], beam.Pipeline], files: list[KnownFile], check: Callable[[Any], None]
) -> None:
    with pipeline() as root:
        assert_that(root | beam.Create(files) | MatchMoved(), check)


def test_as_many_move_as_there_are_of_both(pipeline: Callable[[], beam.Pipeline]) -> None:
    files = [
        *(file(name, "new") for name in ("c", "d", "e")),
        *(file(name, "gone") for name in ("a", "b")),
        file("x", "new", "sha256:bb"),
        file("y", "gone", "sha256:cc"),
        file("unread", "new", ""),
        file("unread before", "gone", ""),
    ]

    def check(found: list[KnownFile]) -> None:
        assert {(one.uri, one.change, one.moved_from) for one in found} == {
            ("c", "moved", "a"),
            ("d", "moved", "b"),
            ("e", "new", ""),
            ("x", "new", ""),
            ("y", "gone", ""),
            ("unread", "new", ""),
            ("unread before", "gone", ""),
        }
        assert len(found) == 7

    matched(pipeline, files, check)


def test_of_very_many_of_one_content_some_are_matched_and_none_is_lost(
    pipeline: Callable[[], beam.Pipeline],
) -> None:
    files = [file(f"new {n:03}", "new") for n in range(250)]
    files += [file(f"old {n:03}", "gone") for n in range(250)]

    def check(found: list[KnownFile]) -> None:
        assert Counter(one.change for one in found) == {"moved": 100, "new": 150, "gone": 150}
        assert len({one.moved_from for one in found if one.moved_from}) == 100

    matched(pipeline, files, check)
