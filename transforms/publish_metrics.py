"""One `metrics.parquet` and the totals, once every small file is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import files_for, join
from tierwise.metrics import OptimizedTotals
from transforms.write_tables import Part

METRICS_FILE = "metrics.parquet"
TOTALS_FILE = "optimize.json"
FormatTotals = tuple[str, OptimizedTotals]


@dataclass(frozen=True, slots=True)
class MetricsPublication:
    """Where the metrics go; `facts` open `optimize.json`."""

    output: str
    staging: str
    schema: pa.Schema
    facts: dict[str, Any]


def publish_metrics(
    publication: MetricsPublication,
    parts: Sequence[Part],
    totals: Sequence[FormatTotals],
    skipped: int,
) -> dict[str, Any]:
    """Join the parts to one table and write the totals; safe to repeat."""
    files = files_for(publication.output)
    summary = {
        **publication.facts,
        "skipped_files": skipped,
        "formats": {name: asdict(total) for name, total in sorted(totals)},
    }
    if files.is_folder(publication.staging) or not parts:
        _join_parts(publication, parts)
        text = json.dumps(summary, indent=2) + "\n"
        files.write(join(publication.output, TOTALS_FILE), text.encode())
        files.remove_folder(publication.staging)
    return summary


def _join_parts(publication: MetricsPublication, parts: Sequence[Part]) -> None:
    """Copy row group by row group: memory holds one part, whatever the archive."""
    files = files_for(publication.output)
    with (
        files.create(join(publication.output, METRICS_FILE)) as sink,
        pq.ParquetWriter(sink, publication.schema, compression="zstd") as table,
    ):
        for part in sorted(parts, key=lambda part: part.uri):
            with files.open(part.uri) as source:
                table.write_table(pq.read_table(source))
