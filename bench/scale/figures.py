"""What the simulator rests on: figures measured here, prices and limits that others publish.

A figure is a row with its source and the day it was measured or looked up; an old row is never
edited, a newer one is put beside it. Measured ones are of two cores that other work shared (load 8
to 16): counts and bytes do not depend on that, CPU seconds a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, its unit, where it is from, and the day (ISO 8601)."""

    value: float
    unit: str
    source: str
    day: str


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one `unit`. Estimates: list prices, no discounts, no free tiers."""

    usd: Decimal
    unit: str
    source: str
    day: str


_STORAGE = "Google's Cloud Storage pricing examples page, Standard storage in a US region"
_DATAFLOW = (
    "Dataflow price list, batch, us-central1, as quoted by others; the page's table was not read"
)
_RATES = "Cloud Storage: request rate and access distribution guidelines"
_TODAY = "2026-11-27"

# -- measured

NAMES_SHUFFLED = Figure(283 + 284 + 184, "bytes per name", "bench.scale.records", _TODAY)
ANSWER_SHUFFLED = Figure(231, "bytes per answer", "bench.scale.records", _TODAY)
JOURNALED = Figure(753, "bytes per answer", "bench.scale.check", _TODAY)
JOB_CPU = Figure(
    3.8, "ms per image: all but its pixels", "bench.whole_job, small and many", "2026-11-30"
)
THUMBNAIL_CPU = Figure(
    2.0, "ms per image of 512 px, kept small as well", "bench/images/README.md", "2026-11-30"
)
PHOTO_CPU = Figure(
    38.6, "ms per image of 12 MP to 768 px, likewise", "bench/images/README.md", "2026-11-30"
)
WORKER_MB = Figure(340, "MB of a process that has begun", "bench.scale.check, 500 images", _TODAY)
NAME_MB = Figure(
    1.2e-3, "MB per name that a shard holds", "a Keyed of 284 bytes, as objects", _TODAY
)
OUTCOME_MB = Figure(2.0e-3, "MB per outcome that a capped shard holds", "estimate", _TODAY)
THREAD_CPU = Figure(
    0.4, "s of CPU that a thread with a harness of its own takes", "bench.scale.check", "2026-12-01"
)
THREAD_MB = Figure(
    9.0,
    "MB per thread that brings shards: 507 - 406 MB by 11 more",
    "bench.scale.lives over pictures of 40 kB, each thread a harness of its own",
    "2026-12-01",
)
LOCAL_MB = Figure(
    340,
    "MB of a local run, shrinkers included, before its shuffles",
    "bench.scale.lives",
    "2026-12-01",
)
SLOT_MB = Figure(
    0.35, "MB per image under way", "a coded picture of 250 kB, and its request", _TODAY
)

# -- published, or estimated where it says so

PACKED_TOKENS = Figure(276, "tokens per image, 8 to a request", "examples/, emulated", _TODAY)
ALONE_TOKENS = Figure(297, "tokens per image asked alone", "examples/, emulated", _TODAY)

PAGE = Figure(1000, "names per page of a listing", "Cloud Storage JSON API: objects.list", _TODAY)
PAGE_S = Figure(
    0.15, "s per page of a listing", "estimate: from a region to its own bucket", _TODAY
)
WRITE_S = Figure(0.06, "s to write an object of some kB", "estimate", _TODAY)
READ_S = Figure(0.05, "s to read an object of some kB, or its end", "estimate", _TODAY)
WRITES = Figure(1000, "writes per second that a cold bucket takes at once", _RATES, _TODAY)
READS = Figure(5000, "reads per second that a cold bucket takes at once", _RATES, _TODAY)
IDLE = Figure(
    0.05,
    "share of CPU below which workers are not added",
    "Dataflow: Horizontal Autoscaling",
    _TODAY,
)
MOST_WORKERS = Figure(
    4000, "machines per batch job with Dataflow Shuffle", "Dataflow: quotas and limits", _TODAY
)

PACKED_IMAGE = Price(Decimal("0.0000803"), "image, 8 to a request", "examples/, emulated", _TODAY)
ALONE_IMAGE = Price(Decimal("0.0000902"), "image asked alone", "examples/, emulated", _TODAY)
CLASS_A = Price(Decimal("0.000005"), "write or page of a listing", _STORAGE, _TODAY)
CLASS_B = Price(Decimal("0.0000004"), "read", _STORAGE, _TODAY)
STORED = Price(Decimal("0.020"), "GB and month", _STORAGE, _TODAY)
VCPU = Price(Decimal("0.056"), "vCPU and hour", _DATAFLOW, _TODAY)
MEMORY = Price(Decimal("0.003557"), "GB and hour", _DATAFLOW, _TODAY)
SHUFFLED = Price(Decimal("0.011"), "GB that the shuffle service takes or gives", _DATAFLOW, _TODAY)
