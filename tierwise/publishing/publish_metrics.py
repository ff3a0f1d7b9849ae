"""One `metrics.parquet` and the totals, put in place once all small files lie where they go.

Small files of earlier runs are deleted after that, and last of all what told which these are: the
table before this one, copied to `.publishing/`, and staging folders with their claims. So a reader
of the table finds every file that it names, and whatever is killed half-way is known to the next.
"""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tierwise.accounts.ending import REMEMBERED
from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.metrics import OptimizedTotals, warnings_of
from tierwise.publishing.parts import Part
from tierwise.publishing.written_before import (
    METRICS_FILE,
    PUBLISHING,
    SHRINK_STAGING,
    TOTALS_FILE,
)
from tierwise.records import STORE_REASONS
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles
from tierwise.storage.files import files_for, join

# Parts that are read at a time: a bucket answers each after a while.
_AT_ONCE = 16
# Of one format and kind of picture.
KindTotals = tuple[tuple[str, str], OptimizedTotals]


@dataclass(frozen=True, slots=True)
class MetricsPublication:
    """Where the metrics go, and where their parts lie. `facts` open `optimize.json`.

    `lease` is looked at before anything is put in place, if there is one.
    """

    output: str
    staging: str
    schema: pa.Schema
    facts: dict[str, Any]
    lease: Lease | None = None


def publish_metrics(
    publication: MetricsPublication,
    parts: Sequence[Part],
    totals: Sequence[KindTotals],
    left_out: Mapping[str, int],
    skipped: Sequence[SkippedFiles] = (),
) -> dict[str, Any]:
    """Put the table and the totals in place of an earlier run's; safe to repeat.

    Raises:
        InputError: a bucket or disk gave nothing at all; everything stays.
        LeaseLostError: another run has begun since.
    """
    if publication.lease:
        publication.lease.check()
    files = files_for(publication.output)
    failures = _failures(parts) if files.is_folder(publication.staging) else _Failures({}, "")
    images = sum(total.images for _, total in totals)
    if not images and (failures.away or left_out.get(REMEMBERED)):
        raise _nothing_read(failures.away)
    summary = {
        **publication.facts,
        **sum(skipped, NOTHING_SKIPPED).facts(),
        **left_out,
        "failures": failures.reasons,
        "formats": _summed(totals, 0),
        "kinds": _summed(totals, 1),
        "warnings": warnings_of(sum((total for _, total in totals), OptimizedTotals())),
    }
    if files.is_folder(publication.staging) or not parts:
        _keep_earlier(publication)
        _join_parts(publication, parts)
        text = json.dumps(summary, indent=2) + "\n"
        files.write(join(publication.output, TOTALS_FILE), text.encode())
    return summary


def end_publication(output: str) -> None:
    """Delete what told of earlier runs, once nothing of them is left; safe to repeat."""
    files = files_for(output)
    files.remove_folder(join(output, PUBLISHING))
    for name in files.folders(output):
        if name.startswith(SHRINK_STAGING):
            files.remove_folder(join(output, name))


@dataclass(frozen=True, slots=True)
class _Failures:
    """How many files have no small file for which reason, and what a store said of one."""

    reasons: Mapping[str, int]
    away: str


def _failures(parts: Sequence[Part]) -> _Failures:
    reasons, away = Counter[str](), ""
    for part in parts:
        with files_for(part.uri).open(part.uri) as source:
            table = pq.read_table(source, columns=["reason", "message"])
        for row in table.filter(pc.is_valid(table.column("reason"))).to_pylist():
            reasons[row["reason"]] += 1
            if row["reason"] in STORE_REASONS:
                away = away or row["message"]
    return _Failures(dict(sorted(reasons.items())), away)


def _nothing_read(away: str) -> InputError:
    example = f", such as {away.rstrip('.')}" if away else ""
    return InputError(
        f"--input: not one picture could be read{example}. What an earlier run has left in "
        "--output stays as it was. Run the same command again when the bucket or disk can be read."
    )


def _summed(totals: Sequence[KindTotals], part: int) -> dict[str, dict[str, int]]:
    """The totals by format, or by kind of picture."""
    sums: dict[str, OptimizedTotals] = {}
    for key, total in totals:
        sums[key[part]] = sums.get(key[part], OptimizedTotals()) + total
    return {name: asdict(sums[name]) for name in sorted(sums)}


def _keep_earlier(publication: MetricsPublication) -> None:
    """Copy the table that will be replaced; a second attempt finds it done."""
    files, output = files_for(publication.output), publication.output
    kept = join(output, PUBLISHING, f"{publication.facts['run_id']}.parquet")
    table = join(output, METRICS_FILE)
    if files.exists(table) and not files.exists(kept):
        with files.open(table) as source, files.create(kept) as sink:
            shutil.copyfileobj(source, sink, 1 << 20)


def _join_parts(publication: MetricsPublication, parts: Sequence[Part]) -> None:
    """Copy row group by row group: memory holds some parts, whatever the archive."""
    uri = join(publication.output, METRICS_FILE)
    files = files_for(uri)
    with (
        files.create(uri) as sink,
        pq.ParquetWriter(sink, publication.schema, compression="zstd") as table,
    ):
        uris = sorted(part.uri for part in parts)
        for first in range(0, len(uris), _AT_ONCE):
            for data in files.read_all(uris[first : first + _AT_ONCE]):
                table.write_table(pq.read_table(io.BytesIO(data), schema=publication.schema))
