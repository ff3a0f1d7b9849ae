"""Crowds: many members of one key wait for a word, which reaches all of them and is held by nobody.

A content may have a million names, a group a million files. What meets under one key comes to a
worker as a list on most engines, whatever it does with it. So the members of a crowd spread over
256 keys by their names, and the word goes to each of these keys that has any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

# An element of `MeetCrowd`: whether it is the word or a member, and which.
Met = tuple[bool, Any]


def part_of(name: str) -> int:
    """The part of its crowd that a member is in: one of 256 bits, for parts that can be joined."""
    return 1 << hashlib.blake2b(name.encode(), digest_size=1).digest()[0]


def member_key(crowd: str, name: str) -> bytes:
    """Where a member waits: 16 bytes, for the local runner holds all of them."""
    return _key(crowd, part_of(name))


def word_keys(crowd: str, parts: int) -> Iterator[bytes]:
    """Where the members wait of a crowd that has some in these parts."""
    while parts:
        part = parts & -parts
        yield _key(crowd, part)
        parts ^= part


def _key(crowd: str, part: int) -> bytes:
    return hashlib.blake2b(f"{part:x} {crowd}".encode(), digest_size=16).digest()


class MeetCrowd(beam.PTransform):
    """From `(members, words)`, each below its key, to the keys with all that has met there."""

    def expand(
        self, inputs: tuple[beam.PCollection[Any], beam.PCollection[Any]]
    ) -> beam.PCollection[tuple[bytes, Iterable[Met]]]:
        """Adds the meeting to a pipeline."""
        members, words = inputs
        told = (
            members | "Members" >> beam.MapTuple(lambda key, member: (key, (False, member))),
            words | "Words" >> beam.MapTuple(lambda key, word: (key, (True, word))),
        )
        return told | "Both" >> beam.Flatten() | "Meet" >> beam.GroupByKey()


def apart(met: Iterable[Met]) -> tuple[list[Any], Iterator[Any]]:
    """The words, and the members one after the other; what has met is gone through twice."""
    words = [one for is_word, one in met if is_word]
    return words, (one for is_word, one in met if not is_word)
