"""Jobs of a million, a hundred million and a billion images: `python -m bench.scale`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from bench.scale import figures as known
from bench.scale.model import (
    Archive,
    Asking,
    Cluster,
    Estimate,
    cpu_s_per_image,
    estimate,
    processes_for_quota,
)

SIZES = (1_000_000, 100_000_000, 1_000_000_000)
PHOTOS = Archive(0)
THUMBNAILS = Archive(0, shrink_ms=known.THUMBNAIL_CPU.value)
PACKED = Asking()
ALONE = Asking(1, 1.0, known.ALONE_TOKENS.value, known.ALONE_IMAGE.usd)
SCENARIOS = {
    "photos of 12 MP, 8 to a request, 10 million tokens a minute": (PHOTOS, PACKED),
    "the same with 200 million tokens a minute": (
        PHOTOS,
        replace(PACKED, tokens_per_minute=200_000_000),
    ),
    "thumbnails, each asked alone, 10 million tokens a minute": (THUMBNAILS, ALONE),
}


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(90), duration(7200), duration(200_000)
    ('90 s', '2.0 h', '2.3 days')
    """
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def short(number: float) -> str:
    """A count with three digits that matter.

    >>> short(1234567), short(950), short(2.5e9)
    ('1.23 million', '950', '2.5 billion')
    """
    for size, name in ((1e9, " billion"), (1e6, " million")):
        if number >= size:
            return f"{float(f'{number / size:.3g}'):g}{name}"
    return f"{float(f'{number:.3g}'):,.0f}"


def usd(dollars: Decimal) -> str:
    """Dollars, whole ones from ten on."""
    return f"${dollars:,.0f}" if dollars >= 10 else f"${dollars:.2f}"


ROWS: dict[str, Callable[[Estimate], str]] = {
    "images per second": lambda e: f"{e.rate:,.0f}",
    "bound by": lambda e: e.bound_by,
    "listing": lambda e: duration(e.listing_s),
    "asking": lambda e: duration(e.asking_s),
    "publishing, by one worker": lambda e: duration(e.publishing_s),
    "first look at a journal, per process": lambda e: duration(e.first_look_s),
    "CPU that autoscaling sees": lambda e: f"{e.cpu_share:.0%}",
    "memory of a worker process": lambda e: f"{e.worker_mb:,.0f} MB",
    "the same under a cap": lambda e: f"{e.capped_mb:,.0f} MB",
    "requests to Gemini": lambda e: short(e.requests),
    "bytes through shuffles": lambda e: f"{e.shuffle_bytes / 1e9:,.0f} GB",
    "shards": lambda e: f"{e.shards:,} of {e.images_per_shard:,.0f} images",
    "journal": lambda e: f"{short(e.journal_objects)} objects, {e.journal_bytes / 1e9:,.0f} GB",
    "writes to the journal": lambda e: f"{e.writes_per_s:,.0f} a second",
    "Parquet files": lambda e: f"{e.parts:,}",
    "class A operations": lambda e: short(e.class_a),
    "class B operations": lambda e: short(e.class_b),
}


def table(archive: Archive, asking: Asking) -> Iterator[str]:
    """A table in Markdown, a column for each size."""
    jobs = []
    for images in SIZES:
        of_size = replace(archive, images=images)
        cluster = Cluster(processes_for_quota(of_size, asking, Cluster(1)))
        jobs.append((cluster, estimate(of_size, asking, cluster)))
    yield "| | " + " | ".join(f"{short(images)} images" for images in SIZES) + " |"
    yield "|---" * (len(SIZES) + 1) + "|"
    yield (
        "| worker processes | " + " | ".join(f"{cluster.processes:,}" for cluster, _ in jobs) + " |"
    )
    for name, cell in ROWS.items():
        yield f"| {name} | " + " | ".join(cell(found) for _, found in jobs) + " |"
    for name in jobs[0][1].usd:
        yield f"| {name}, USD | " + " | ".join(usd(found.usd[name]) for _, found in jobs) + " |"


def lines() -> Iterator[str]:
    """All scenarios, in Markdown."""
    for title, (archive, asking) in SCENARIOS.items():
        milliseconds = cpu_s_per_image(archive) * 1000
        yield f"**{title[0].upper()}{title[1:]}** ({milliseconds:.1f} ms of CPU per image)"
        yield ""
        yield from table(archive, asking)
        yield ""


if __name__ == "__main__":
    print("\n".join(lines()))
