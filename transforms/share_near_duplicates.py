"""ShareNearDuplicates: pictures that look alike get the answers of one of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from tierwise.answering.look import look, show_the_same
from tierwise.answering.plan import Plan
from tierwise.near_duplicates import bands, firsts_alike, is_audited
from tierwise.records import ImageFile, Record
from tierwise.transforms.combine_by_key import CombineByKey, Reduce
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, part_of, word_keys
from tierwise.transforms.shard import Keyed
from tierwise.transforms.share_duplicates import FirstName, parts_of, share_key
from tierwise.transforms.sum_by_key import SumByKey

NEAR_DUPLICATES = "near_duplicates"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near pictures must be: `distance` in bits of 64; `audit` is the share asked after all."""

    distance: int
    audit: float


# What the questions say beside the picture, and its hash in 16 hexadecimal digits: as numbers some
# would be too large for Beam.
AlikeKind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Alike(Record):
    """Pictures of one hash: the first of them by its key, how many, and where the others wait."""

    first: Keyed
    pictures: int
    parts: int

    def __add__(self, other: Alike) -> Alike:
        first = min(self.first, other.first, key=lambda one: one.share_key)
        return Alike(first, self.pictures + other.pictures, self.parts | other.parts)


class ShareNearDuplicates(beam.PTransform):
    """From files to the same files, those that follow another with its content in `leader`.

    Hashes only say which pictures may be the same; each follower is then held against its leader
    on many pixels, and asked itself where they differ. What people have spoken of neither leads nor
    follows. A share of the followers is left to be
    asked, with the content that they would have followed in `audits`. Each content is decoded once
    more for this, each that may follow and its leader once more again. Only pictures of which the
    questions say the same, beside the picture, are compared.
    """

    def __init__(self, plan: Plan, likeness: Likeness) -> None:
        super().__init__()
        self._plan = plan
        self._likeness = likeness

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[ImageFile]:
        """Adds the comparison to a pipeline."""
        plan, distance, audit = self._plan, self._likeness.distance, self._likeness.audit

        def keyed(file: ImageFile) -> tuple[str, Keyed]:
            key = share_key(file, plan.questions)
            return key, Keyed(key, file)

        by_content = files | "KeyByContent" >> beam.Map(keyed)
        looked = (
            by_content
            | "OneOfEach" >> CombineByKey(Reduce(FirstName()))
            | "Look" >> beam.FlatMapTuple(lambda _, one: seen(one, plan))
        )
        kinds = looked | "KeyByHash" >> beam.MapTuple(alone) | "SameHash" >> SumByKey()
        firsts = (
            kinds
            | "Bands" >> beam.FlatMapTuple(lambda kind, _: in_bands(kind, distance))
            | "SameBand" >> beam.GroupByKey()
            | "Compare" >> beam.FlatMapTuple(lambda part, hashes: near_ones(part, hashes, distance))
            | "First" >> CombineByKey(Reduce(min))
        )
        leaders = (
            {"alike": kinds, "first": firsts}
            | "JoinFirst" >> beam.CoGroupByKey()  # one of each
            | "AskFirst" >> beam.FlatMapTuple(asking_first)
            | "AtFirst" >> beam.GroupByKey()
            | "Lead" >> beam.FlatMapTuple(leading)
        )
        waiting = looked | "Wait" >> beam.MapTuple(waiting_at)
        followed = (
            ((waiting, leaders) | "JoinAlike" >> MeetCrowd())
            | "Follow" >> beam.FlatMapTuple(following)
            | "SpreadPairs" >> beam.Reshuffle()  # one leader may have most of an archive
            | "LookCloser" >> beam.FlatMapTuple(lambda one, file: confirmed(one, file, plan))
        )
        names = by_content | "KeyByName" >> beam.MapTuple(
            lambda key, one: (member_key(key, one.file.uri), one.file)
        )
        return ((names, followed) | "JoinLeader" >> MeetCrowd()) | "Mark" >> beam.FlatMapTuple(
            lambda _, met: marked(met, audit)
        )


def seen(one: Keyed, plan: Plan) -> Iterator[tuple[AlikeKind, Keyed]]:
    """A picture below its hash and what the questions say of it."""
    if one.file.content_hash in plan.journal.people():
        return  # what people have said holds for the same bytes alone
    found = look(one.file, plan.limits, plan.questions.frames)
    if found is not None:
        said = one.share_key.removeprefix(one.file.content_hash)
        yield (said, _written(found)), replace(one, file=replace(one.file, columns={}))


def alone(kind: AlikeKind, one: Keyed) -> tuple[AlikeKind, Alike]:
    """One picture of its hash, to be added up."""
    return kind, Alike(one, 1, part_of(one.share_key))


def waiting_at(kind: AlikeKind, one: Keyed) -> tuple[bytes, Keyed]:
    """A picture where it hears whom it might follow."""
    return member_key(_crowd(kind), one.share_key), one


def in_bands(kind: AlikeKind, distance: int) -> Iterator[tuple[tuple[str, str], str]]:
    """A hash below each of its parts."""
    said, found = kind
    for number, bits in bands(int(found, 16), distance):
        yield (said, f"{number}:{bits:x}"), found


def near_ones(
    part: tuple[str, str], hashes: Iterable[str], distance: int
) -> Iterator[tuple[AlikeKind, str]]:
    """For hashes that share a part, the smallest that is near each."""
    for one, first in firsts_alike({int(found, 16) for found in hashes}, distance):
        yield (part[0], _written(one)), _written(first)


def asking_first(
    kind: AlikeKind, group: Mapping[str, Iterable[Any]]
) -> Iterator[tuple[AlikeKind, tuple[str, Alike | None]]]:
    """The pictures of one hash, sent to the hash that they might follow, and to their own."""
    [alike], [first] = list(group["alike"]), list(group["first"])
    said, own = kind
    yield (said, first), (own, alike)
    if first != own:
        yield kind, (own, None)  # to say there that this hash leads nobody


def leading(
    kind: AlikeKind, arrived: Iterable[tuple[str, Alike | None]]
) -> Iterator[tuple[bytes, ImageFile]]:
    """Whom the pictures of each hash might follow, told where they wait.

    A hash leads when it is the smallest among those near it. Pictures whose smallest neighbour
    follows another do not follow it, but may follow one of their own.
    """
    said, first = kind
    lead = next((alike for own, alike in arrived if own == first and alike), None)
    for own, alike in arrived:
        if alike and not (lead in (None, alike) and alike.pictures == 1):
            leader = (lead or alike).first.file
            for key in word_keys(_crowd((said, own)), alike.parts):
                yield key, leader


def following(key: bytes, met: Iterable[Met]) -> Iterator[tuple[Keyed, ImageFile]]:
    """Each that may follow, with the file of its leader."""
    del key
    leaders, waiting = apart(met)
    for leader in leaders:  # one or none
        for one in waiting:
            if one.file.content_hash != leader.content_hash:
                yield one, leader


def confirmed(one: Keyed, leader: ImageFile, plan: Plan) -> Iterator[tuple[bytes, str]]:
    """The content of a leader, where all names of a follower wait for it, if both show the same."""
    if show_the_same(one.file, leader, plan.limits, plan.questions.frames):
        for key in word_keys(one.share_key, parts_of(one)):
            yield key, leader.content_hash


def marked(met: Iterable[Met], audit: float) -> Iterator[ImageFile]:
    """Files with their leader, if any."""
    leaders, files = apart(met)
    leader = next(iter(leaders), "")
    for file in files:
        if leader and is_audited(file.content_hash, audit):
            yield replace(file, audits=leader)
        else:
            yield replace(file, leader=leader)


def _crowd(kind: AlikeKind) -> str:
    return json.dumps(kind)


def _written(picture_hash: int) -> str:
    return f"{picture_hash:016x}"
