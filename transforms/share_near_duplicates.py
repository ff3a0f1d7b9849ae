"""ShareNearDuplicates: pictures that look alike get the answers of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from tierwise.answering.look import look, show_the_same
from tierwise.answering.plan import Plan
from tierwise.near_duplicates import bands, firsts_alike, is_audited
from tierwise.records import ImageFile
from tierwise.transforms.share_duplicates import share_key

NEAR_DUPLICATES = "near_duplicates"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near pictures must be: `distance` in bits of 64; `audit` is the share asked after all."""

    distance: int
    audit: float


# What the questions say beside the picture, and its hash in 16 hexadecimal digits: as numbers some
# would be too large for Beam.
AlikeKind = tuple[str, str]
# A key of `share_key`, and one of the names below it: where to look.
Member = tuple[str, ImageFile]


class ShareNearDuplicates(beam.PTransform):
    """From files to the same files, those that follow another with its content in `leader`.

    Hashes only say which pictures may be the same; each follower is then held against its leader
    on many pixels, and asked itself where they differ. A share of the followers is left to be
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
        keyed = files | "KeyByContent" >> beam.Map(lambda f: (share_key(f, plan.questions), f))
        classes = (
            keyed
            | "OneOfEach" >> beam.CombinePerKey(_first_name)
            | "Look" >> beam.FlatMapTuple(lambda key, file: seen(key, file, plan))
            | "SameHash" >> beam.GroupByKey()
        )
        firsts = (
            classes
            | "Bands" >> beam.FlatMapTuple(lambda kind, members: in_bands(kind, members, distance))
            | "SameBand" >> beam.GroupByKey()
            | "Compare" >> beam.FlatMapTuple(lambda part, hashes: near_ones(part, hashes, distance))
            | "First" >> beam.CombinePerKey(min)
        )
        leaders = (
            {"members": classes, "first": firsts}
            | "JoinFirst" >> beam.CoGroupByKey()
            | "AskFirst" >> beam.FlatMapTuple(asking_first)
            | "AtFirst" >> beam.GroupByKey()
            | "Follow" >> beam.FlatMapTuple(following)
            | "SpreadPairs" >> beam.Reshuffle()  # one leader may have most of an archive
            | "LookCloser" >> beam.FlatMapTuple(lambda key, pair: confirmed(key, pair, plan))
        )
        return (
            {"files": keyed, "leader": leaders}
            | "JoinLeader" >> beam.CoGroupByKey()
            | "Mark" >> beam.FlatMapTuple(lambda key, group: marked(key, group, audit))
        )


def _first_name(files: Iterable[ImageFile]) -> ImageFile:
    return min(files, key=lambda file: file.uri)


def seen(key: str, file: ImageFile, plan: Plan) -> Iterator[tuple[AlikeKind, Member]]:
    """A picture's hash beside what the questions say of it, and its key and one name."""
    found = look(file, plan.limits, plan.questions.frames)
    if found is not None:
        said = key.removeprefix(file.content_hash)
        yield (said, _written(found)), (key, replace(file, columns={}))


def in_bands(
    kind: AlikeKind, members: Iterable[Member], distance: int
) -> Iterator[tuple[tuple[str, str], str]]:
    """A hash below each of its parts; many pictures of one hash are one."""
    del members
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
) -> Iterator[tuple[AlikeKind, tuple[str, list[Member]]]]:
    """The pictures of one hash, sent to the hash that they might follow, and to their own."""
    [members], [first] = list(group["members"]), list(group["first"])
    said, own = kind
    yield (said, first), (own, sorted(members, key=lambda member: member[0]))
    if first != own:
        yield kind, (own, [])  # to say there that this hash leads nobody


def following(
    kind: AlikeKind, arrived: Iterable[tuple[str, list[Member]]]
) -> Iterator[tuple[str, tuple[ImageFile, ImageFile]]]:
    """The key of each that may follow, with its file and that of its leader.

    A hash leads when it is the smallest among those near it. Pictures whose smallest neighbour
    follows another do not follow it: they are asked themselves.
    """
    by_hash = {own: members for own, members in arrived if members or own == kind[1]}
    lead = by_hash[kind[1]]
    for members in by_hash.values():
        if members:
            _, leader = (lead or members)[0]
            yield from ((key, (file, leader)) for key, file in members if _differ(file, leader))


def _differ(file: ImageFile, leader: ImageFile) -> bool:
    return file.content_hash != leader.content_hash


def confirmed(key: str, pair: tuple[ImageFile, ImageFile], plan: Plan) -> Iterator[tuple[str, str]]:
    """The key of a follower and the content of its leader, if both show the same."""
    follower, leader = pair
    if show_the_same(follower, leader, plan.limits, plan.questions.frames):
        yield key, leader.content_hash


def marked(key: str, group: Mapping[str, Iterable[Any]], audit: float) -> Iterator[ImageFile]:
    """Files with their leader, if any."""
    del key
    leader = next(iter(group["leader"]), "")
    for file in group["files"]:
        if leader and is_audited(file.content_hash, audit):
            yield replace(file, audits=leader)
        else:
            yield replace(file, leader=leader)


def _written(picture_hash: int) -> str:
    return f"{picture_hash:016x}"
