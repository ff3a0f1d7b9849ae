"""What a job of a size comes to on Dataflow, and what limits it: arithmetic alone.

Everything measured or priced is a row of `figures.py`; dollars are Decimal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from bench.scale import figures as known
from bench.scale.objects import objects_per_request
from tierwise.journal.journal_files import capped_digits, shard_digits

_HOUR = 3600
_PART_ROWS = 20_000
# Ranges of names that a long listing is cut into, and looks at the bucket to cut it: the fewest and
# the most that bench.storage.cutting saw over four million names.
_RANGES, _CUTTING = 256, 3200
# Under a cap so many shards of a process are under way (`Plan.shards_in_flight`).
_CAPPED_SHARDS = 8
# How many objects a worker reads, copies or deletes at a time.
_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Archive:
    """Images, what one costs to shrink (ms of CPU), and how many tasks ask each.

    With local answers a share is `asked`, and each costs a look besides (ms of CPU).
    """

    images: int
    shrink_ms: float = known.PHOTO_CPU.value
    tasks: int = 1
    asked: float = 1.0
    look_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How images are asked, and what the service allows: tokens per minute, 0 for no limit."""

    images_per_request: int = 8
    latency_s: float = 2.0
    tokens_per_image: float = known.PACKED_TOKENS.value
    usd_per_image: Decimal = known.PACKED_IMAGE.usd
    tokens_per_minute: float = 10_000_000
    cap: bool = False
    slot_mb: float = known.SLOT_MB.value


@dataclass(frozen=True, slots=True)
class Cluster:
    """Worker processes: on Dataflow one for each vCPU, with its threads and its memory."""

    processes: int
    threads: int = 12
    memory_gb: float = 4.0
    requests_in_flight: int = 32


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, counts, bytes and dollars of one job; see `docs/scale.md` for what each means."""

    rate: float
    bound_by: str
    listing_s: float
    asking_s: float
    publishing_s: float
    first_look_s: float
    cpu_share: float
    requests: int
    shards: int
    images_per_shard: float
    journal_objects: int
    journal_bytes: int
    shuffle_bytes: int
    parts: int
    class_a: int
    class_b: int
    writes_per_s: float
    reads_per_s: float
    worker_mb: float
    capped_mb: float
    usd: dict[str, Decimal]


def cpu_s_per_image(archive: Archive) -> float:
    """Seconds of CPU for one image, from its bytes to its row."""
    return (archive.shrink_ms + archive.look_ms + known.JOB_CPU.value * archive.tasks) / 1000


def network_rate(asking: Asking, cluster: Cluster) -> float:
    """Images per second of one process that nothing but replies keeps waiting."""
    return cluster.requests_in_flight * asking.images_per_request / asking.latency_s


def process_rate(archive: Archive, asking: Asking, cluster: Cluster) -> float:
    """Images per second of one process with a vCPU of its own."""
    replies = network_rate(asking, cluster) / (archive.tasks * archive.asked)
    return min(replies, 1 / cpu_s_per_image(archive))


def quota_rate(archive: Archive, asking: Asking) -> float:
    """Images per second that the service allows."""
    if not asking.tokens_per_minute:
        return math.inf
    tokens = asking.tokens_per_image * archive.tasks * archive.asked
    return asking.tokens_per_minute / 60 / tokens


def processes_for_quota(archive: Archive, asking: Asking, cluster: Cluster) -> int:
    """The fewest processes that use all that the service allows, within what a job may have."""
    needed = math.ceil(quota_rate(archive, asking) / process_rate(archive, asking, cluster))
    return max(1, min(needed, int(known.MOST_WORKERS.value)))


def estimate(archive: Archive, asking: Asking, cluster: Cluster) -> Estimate:
    """The whole job."""
    one = process_rate(archive, asking, cluster)
    quota = quota_rate(archive, asking)
    rate = min(quota, cluster.processes * one)
    answers = archive.images * archive.tasks
    asked = math.ceil(answers * archive.asked)
    requests = math.ceil(asked / asking.images_per_request)
    shards = 16 ** shard_digits(archive.images)
    images_per_shard = archive.images / shards
    objects = _journal_objects(requests, rate, asking, cluster, images_per_shard)
    parts = max(cluster.processes, math.ceil(answers / _PART_ROWS))
    pages = math.ceil(archive.images / known.PAGE.value)
    asking_s = archive.images / rate
    listing_s = (
        pages * known.PAGE_S.value / min(_RANGES, pages, cluster.processes * cluster.threads)
    )
    looks = shards * shard_digits(archive.images)
    class_a = pages + _CUTTING + looks + objects + 3 * parts
    class_b = archive.images + 3 * parts
    shuffle_bytes = round(
        archive.images * known.NAMES_SHUFFLED.value + answers * known.ANSWER_SHUFFLED.value
    )
    journal_bytes = round(answers * known.JOURNALED.value)
    hours = Decimal(listing_s + asking_s) / _HOUR * cluster.processes
    return Estimate(
        rate=rate,
        bound_by=_bound_by(archive, asking, cluster, rate),
        listing_s=listing_s,
        asking_s=asking_s,
        publishing_s=parts * (2 * known.WRITE_S.value + 3 * known.READ_S.value) / _TOGETHER,
        first_look_s=shards / known.PAGE.value * known.PAGE_S.value,
        cpu_share=rate * cpu_s_per_image(archive) / cluster.processes,
        requests=requests,
        shards=shards,
        images_per_shard=images_per_shard,
        journal_objects=objects,
        journal_bytes=journal_bytes,
        shuffle_bytes=shuffle_bytes,
        parts=parts,
        class_a=class_a,
        class_b=class_b,
        writes_per_s=objects / asking_s,
        reads_per_s=rate,
        worker_mb=_worker_mb(asking, cluster, images_per_shard),
        capped_mb=_worker_mb(
            replace(asking, cap=True), cluster, archive.images / 16 ** capped_digits(archive.images)
        ),
        usd={
            "Gemini": asking.usd_per_image * asked,
            "workers": hours * (known.VCPU.usd + known.MEMORY.usd * Decimal(cluster.memory_gb)),
            "shuffle": _gb(2 * shuffle_bytes) * known.SHUFFLED.usd,
            "storage operations": class_a * known.CLASS_A.usd + class_b * known.CLASS_B.usd,
            "journal for a month": _gb(journal_bytes) * known.STORED.usd,
        },
    )


def _journal_objects(
    requests: int, rate: float, asking: Asking, cluster: Cluster, images_per_shard: float
) -> int:
    under_way = cluster.requests_in_flight * asking.images_per_request
    share = objects_per_request(
        replies_per_s=rate / asking.images_per_request / cluster.processes,
        write_s=known.WRITE_S.value,
        shards_under_way=1 + under_way / images_per_shard,
        shards_per_request=1 + (asking.images_per_request - 1) / images_per_shard,
    )
    return math.ceil(requests * share)


def _bound_by(archive: Archive, asking: Asking, cluster: Cluster, rate: float) -> str:
    if rate >= quota_rate(archive, asking):
        return "quota"
    network = network_rate(asking, cluster) / archive.tasks
    return "replies" if network < 1 / cpu_s_per_image(archive) else "CPU"


def lives(asking: Asking, cluster: Cluster) -> int:
    """Images under way in a process, whatever its threads: a request more than there are slots.

    Under a cap they are shared out among some shards, in whole requests.
    """
    requests = cluster.requests_in_flight + 1
    if asking.cap:
        requests = _CAPPED_SHARDS * math.ceil(requests / _CAPPED_SHARDS)
    return requests * asking.images_per_request


def _under_way_mb(asking: Asking, cluster: Cluster, images_per_shard: float) -> float:
    """What threads and images under way take in one process, beside its imports.

    A thread holds a shard of names and the files of its tables that grow; under a cap some shards
    are held, with what became of their images.
    """
    shards = _CAPPED_SHARDS if asking.cap else cluster.threads
    of_name = known.NAME_MB.value + (known.OUTCOME_MB.value if asking.cap else 0)
    return (
        (cluster.threads - 1) * known.THREAD_MB.value
        + lives(asking, cluster) * asking.slot_mb
        + shards * images_per_shard * of_name
    )


def _worker_mb(asking: Asking, cluster: Cluster, images_per_shard: float) -> float:
    """Of one process: its imports, its threads, the images under way."""
    return known.WORKER_MB.value + _under_way_mb(asking, cluster, images_per_shard)


def local_mb(images: int, asking: Asking, cluster: Cluster) -> float:
    """Of a run on the local runner, launcher, worker and shrinkers in all.

    The runner holds all shuffles.
    """
    digits = capped_digits(images) if asking.cap else shard_digits(images)
    per_shard = images / 16**digits
    shuffled = known.NAMES_SHUFFLED.value + known.ANSWER_SHUFFLED.value
    held = images * shuffled / 1e6
    return known.LOCAL_MB.value + held + _under_way_mb(asking, cluster, per_shard)


def _gb(size: float) -> Decimal:
    return Decimal(size) / 10**9
