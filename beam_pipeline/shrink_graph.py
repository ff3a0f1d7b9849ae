"""The job of `tierwise optimize` on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from tierwise.accounts.ending import REMEMBERED
from tierwise.answering.optimize_file import Shrinking
from tierwise.images.limits import Limits
from tierwise.journal.run_records import Lease
from tierwise.metrics import (
    Kept,
    Optimized,
    OptimizedTotals,
    metrics_row,
    metrics_schema,
    optimized_totals,
)
from tierwise.publishing.parts import TableRow
from tierwise.publishing.publish_metrics import (
    KindTotals,
    MetricsPublication,
    end_publication,
    publish_metrics,
)
from tierwise.publishing.written_before import SHRINK_STAGING, tables_before
from tierwise.records import ImageFile, ImageSettings, MediaResolution
from tierwise.storage.files import join
from tierwise.storage.listing import Input
from tierwise.storage.overlap import check_apart
from tierwise.transforms.close_run import CloseRun
from tierwise.transforms.hash_images import REPEATED_NAMES
from tierwise.transforms.keep_small_files import KeepSmallFiles
from tierwise.transforms.list_images import ListImages
from tierwise.transforms.list_names import SKIPPED
from tierwise.transforms.place_files import BEFORE, ClaimPlaces, PlaceFiles
from tierwise.transforms.remove_stale import RemoveStale
from tierwise.transforms.shrink_images import ShrinkPlaced
from tierwise.transforms.sum_by_key import SumByKey
from tierwise.transforms.write_parts import WriteParts

_TABLE = "metrics"


@dataclass(frozen=True, slots=True)
class ShrinkJob:
    """What to shrink, and the model whose tokens are compared, at the prices of the day `on`.

    `facts` open `optimize.json`. `shrinkers` are processes, as in `Plan`. `again` says that files
    may lie in the output, which the `lease` is of.
    """

    found: Input
    output: str
    settings: ImageSettings
    limits: Limits
    run_id: str
    model: str
    media_resolution: MediaResolution
    facts: dict[str, Any]
    on: date
    shrinkers: int = 0
    again: bool = True
    lease: Lease | None = None


def define_shrink_pipeline(root: beam.Pipeline, job: ShrinkJob) -> beam.PCollection[dict[str, Any]]:
    """Adds the job to a pipeline; one element comes out, the content of `optimize.json`."""
    schema = metrics_schema(job.found.columns)
    staging = join(job.output, SHRINK_STAGING + job.run_id)
    publication = MetricsPublication(job.output, staging, schema, job.facts, job.lease)
    shrinking = Shrinking(job.output, job.settings, job.limits, join(staging, "unfinished"))

    def totals(one: Optimized) -> KindTotals:
        found = (one.picture.format, one.kind) if one.picture else ("failed", "failed")
        return found, optimized_totals(
            one, model=job.model, media_resolution=job.media_resolution, vertex=False
        )

    tables = tables_before(job.output) if job.again else ()
    listing = ListImages(job.found, patience_s=job.limits.patience_s, tables=tables)
    listed = root | "ListImages" >> listing
    checked = listed["files"] | "CheckApart" >> beam.Map(_apart, output=job.output)
    placed = checked | "PlaceFiles" >> PlaceFiles(job.found, job.output if job.again else "")
    claimed = placed["placed"] | "ClaimPlaces" >> ClaimPlaces(staging)
    optimized = claimed | "OptimizeImages" >> ShrinkPlaced(shrinking, job.shrinkers)
    left_out = {name: listed[name] for name in (SKIPPED, REPEATED_NAMES)}
    rows = optimized
    if tables:
        keeping = KeepSmallFiles(job.output, tables)
        rows, left_out[REMEMBERED] = optimized | "KeepSmallFiles" >> keeping
    # What a bucket or disk does not give now has the small files and the rows of the last run.
    parts = rows | "WriteTables" >> WriteParts(staging, {_TABLE: schema}, _tabulate)
    shrunk = rows | "Shrunk" >> beam.Filter(lambda one: isinstance(one, Optimized))
    sums = shrunk | "Totals" >> beam.Map(totals) | "SumTotals" >> SumByKey(OptimizedTotals())
    close = CloseRun(publication, publish_metrics)
    published = (parts, sums, left_out) | "PublishMetrics" >> close
    if not job.again:
        return published | "End" >> beam.Map(_end, 0, output=job.output)
    removed = (placed[BEFORE], rows, published) | "RemoveStale" >> RemoveStale(job.output)
    return published | "End" >> beam.Map(_end, AsSingleton(removed), output=job.output)


def _end(summary: dict[str, Any], removed: int, output: str) -> dict[str, Any]:
    """The summary, once what was `removed` of earlier runs is gone."""
    del removed
    end_publication(output)
    return summary


def _apart(file: ImageFile, output: str) -> ImageFile:
    """The file, unless it would be overwritten."""
    check_apart(file, output)
    return file


def _tabulate(one: Optimized | Kept) -> TableRow:
    return _TABLE, one.row if isinstance(one, Kept) else metrics_row(one)
