"""The simulator of `bench/scale` obeys its own laws, and docs/scale.md says what it prints."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scale import figures as known
from bench.scale import spot
from bench.scale.__main__ import ALONE, PACKED, PHOTOS, THUMBNAILS, lines
from bench.scale.model import Archive, Asking, Cluster, estimate, processes_for_quota, quota_rate
from bench.scale.objects import objects_per_request

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")


def written(replies_per_s: float, write_s: float, replies: int = 20_000) -> float:
    """Objects per reply of a writer that is simulated reply by reply, one shard alone."""
    chance = random.Random(1)
    now = free_at = 0.0
    objects = waiting = 0
    for _ in range(replies):
        now += chance.expovariate(replies_per_s)
        while waiting and free_at <= now:  # what waited went into one object
            waiting = 0
            objects += 1
            free_at += write_s
        if free_at <= now:
            objects += 1
            free_at = now + write_s
        else:
            waiting += 1
    return objects / replies


@pytest.mark.parametrize("replies_per_s", [1.0, 10.0, 50.0, 400.0])
def test_the_formula_is_the_simulated_writer(replies_per_s: float) -> None:
    formula = objects_per_request(
        replies_per_s=replies_per_s, write_s=0.06, shards_under_way=1, shards_per_request=1
    )
    assert formula == pytest.approx(written(replies_per_s, 0.06), rel=0.03)


@given(
    replies=st.floats(0, 1000),
    write_s=st.floats(0, 1),
    under_way=st.floats(1, 100),
    per_request=st.floats(1, 8),
)
def test_no_more_objects_than_what_is_written(
    replies: float, write_s: float, under_way: float, per_request: float
) -> None:
    share = objects_per_request(
        replies_per_s=replies,
        write_s=write_s,
        shards_under_way=under_way,
        shards_per_request=per_request,
    )
    assert 0 < share <= per_request * 1.001


@given(
    images=st.integers(1, 2_000_000_000),
    processes=st.integers(1, 5000),
    pack=st.integers(1, 16),
    shrink_ms=st.floats(0.1, 200),
    tokens=st.floats(10_000, 1e9),
)
def test_no_job_beats_its_quota_or_its_processors(
    images: int, processes: int, pack: int, shrink_ms: float, tokens: float
) -> None:
    archive = Archive(images, shrink_ms)
    asking = Asking(images_per_request=pack, tokens_per_minute=tokens)
    found = estimate(archive, asking, Cluster(processes))
    assert found.rate <= quota_rate(archive, asking) * (1 + 1e-9)
    assert 0 < found.cpu_share <= 1 + 1e-9
    assert found.requests * pack >= images
    assert found.shards * found.images_per_shard == pytest.approx(images)
    assert found.class_a >= found.journal_objects
    assert all(isinstance(usd, Decimal) and usd > 0 for usd in found.usd.values())


def test_more_workers_than_the_quota_feeds_are_only_dearer() -> None:
    archive = replace(PHOTOS, images=10**8)
    enough = processes_for_quota(archive, PACKED, Cluster(1))
    job, larger = (estimate(archive, PACKED, Cluster(count)) for count in (enough, 3 * enough))
    assert job.bound_by == larger.bound_by == "quota"
    assert larger.asking_s == job.asking_s
    assert larger.usd["workers"] > 2 * job.usd["workers"]
    assert estimate(archive, PACKED, Cluster(enough - 1)).bound_by == "CPU"


def test_small_pictures_asked_alone_look_idle() -> None:
    """So idle that autoscaling does not add workers, when replies take four seconds."""
    slow = replace(ALONE, latency_s=4.0, tokens_per_minute=0)
    found = estimate(replace(THUMBNAILS, images=10**6), slow, Cluster(10))
    assert found.bound_by == "replies"
    assert found.cpu_share < known.IDLE.value


def test_the_page_says_what_the_simulator_prints() -> None:
    """`python -m bench.scale` makes the tables anew."""
    printed = "\n".join(lines()).strip()
    for part in printed.split("\n\n"):
        assert part in PAGE


def test_preempted_workers_lose_little_of_a_cap_and_pass_no_purse() -> None:
    whole = spot.run(256, 0.5, per_hour=0.0, rule="open")
    came = spot.run(256, 0.5, per_hour=20.0, rule="open")
    before = spot.run(256, 0.5, per_hour=20.0, rule="slots")
    assert came.preempted > 0.25
    assert came.passed == 0
    assert whole.told - came.told <= 0.05
    assert whole.told - before.told > 2 * (whole.told - came.told)
