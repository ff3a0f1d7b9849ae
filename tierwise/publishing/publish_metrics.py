"""Small files, one `metrics.parquet` and the totals, put in place once all of them are written.

Nothing of an earlier run stays behind, and nothing that no run wrote is touched: `metrics.parquet`
names what a run wrote, and while files are being moved, a copy of the new one in `.publishing/`
does. So a publication that is killed is put right by the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.metrics import OptimizedTotals, warnings_of
from tierwise.publishing.parts import Part
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles
from tierwise.storage.files import files_for, join
from tierwise.storage.relative_names import with_digest

METRICS_FILE = "metrics.parquet"
TOTALS_FILE = "optimize.json"
PUBLISHING = ".publishing"
# Below it lies what a run has not put in place yet.
SHRINK_STAGING = ".shrinking-"
_OUTPUT = "output"
_AT_ONCE, _BATCH = 32, 10_000
_T = TypeVar("_T")
_R = TypeVar("_R")
# Of one format and kind of picture.
KindTotals = tuple[tuple[str, str], OptimizedTotals]


@dataclass(frozen=True, slots=True)
class MetricsPublication:
    """Where the metrics go, and the folder of small `pictures` that wait to go along.

    `facts` open `optimize.json`.
    """

    output: str
    staging: str
    pictures: str
    schema: pa.Schema
    facts: dict[str, Any]


def publish_metrics(
    publication: MetricsPublication,
    parts: Sequence[Part],
    totals: Sequence[KindTotals],
    left_out: Mapping[str, int],
    skipped: Sequence[SkippedFiles] = (),
) -> dict[str, Any]:
    """Put everything in place of what an earlier run left there; safe to repeat."""
    files = files_for(publication.output)
    summary = {
        **publication.facts,
        **sum(skipped, NOTHING_SKIPPED).facts(),
        **left_out,
        "formats": _summed(totals, 0),
        "kinds": _summed(totals, 1),
        "warnings": warnings_of(sum((total for _, total in totals), OptimizedTotals())),
    }
    if files.is_folder(publication.staging) or not parts:
        _replace_pictures(publication, parts)
        text = json.dumps(summary, indent=2) + "\n"
        files.write(join(publication.output, TOTALS_FILE), text.encode())
        files.remove_folder(join(publication.output, PUBLISHING))
        files.remove_folder(publication.staging)
    return summary


def _summed(totals: Sequence[KindTotals], part: int) -> dict[str, dict[str, int]]:
    """The totals by format, or by kind of picture."""
    sums: dict[str, OptimizedTotals] = {}
    for key, total in totals:
        sums[key[part]] = sums.get(key[part], OptimizedTotals()) + total
    return {name: asdict(sums[name]) for name in sorted(sums)}


def _replace_pictures(publication: MetricsPublication, parts: Sequence[Part]) -> None:
    output, files = publication.output, files_for(publication.output)
    earlier = set(_written_earlier(output))
    names = _free_names(publication, parts, earlier)
    unfinished = join(output, PUBLISHING, f"{publication.facts['run_id']}.parquet")
    _join_parts(publication, parts, names, unfinished)
    _in_threads(
        lambda pair: files.move(join(publication.pictures, pair[0]), join(output, pair[1])),
        list(names.items()),
    )
    _in_threads(lambda name: files.discard(output, name), list(earlier.difference(names.values())))
    files.move(unfinished, join(output, METRICS_FILE))


def _written_earlier(output: str) -> Iterator[str]:
    """Names of small files that earlier runs wrote, also one that was killed while it published."""
    files = files_for(output)
    tables = [stat.uri for stat in files.walk(join(output, PUBLISHING))]
    if files.exists(join(output, TOTALS_FILE)) and files.exists(join(output, METRICS_FILE)):
        tables.append(join(output, METRICS_FILE))
    for uri in tables:
        try:
            yield from (name for name in _names(uri) if ".." not in name.split("/"))
        except (pa.ArrowException, OSError, KeyError):  # damaged, or not ours: it tells nothing
            continue


def _names(uri: str) -> Iterator[str]:
    with files_for(uri).open(uri) as source:
        for batch in pq.ParquetFile(source).iter_batches(columns=[_OUTPUT]):
            yield from filter(None, batch.column(_OUTPUT).to_pylist())


def _free_names(
    publication: MetricsPublication, parts: Sequence[Part], earlier: set[str]
) -> dict[str, str]:
    """Where each staged file goes: to its own name, unless somebody else's file lies there."""
    output, files = publication.output, files_for(publication.output)

    def free(staged: str) -> str:
        place = join(output, staged)
        if staged in earlier or not (files.exists(place) or files.is_folder(place)):
            return staged
        path = PurePosixPath(staged)
        return str(path.with_name(with_digest(path.stem, staged) + path.suffix))

    staged = [name for part in parts for name in _names(part.uri)]
    return dict(zip(staged, _in_threads(free, staged), strict=True))


def _in_threads(function: Callable[[_T], _R], items: Sequence[_T]) -> list[_R]:
    """Do the same to each, many at a time: a bucket answers each after a while."""
    results: list[_R] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(items), _BATCH):  # so that few are waited for in memory
            results += pool.map(function, items[start : start + _BATCH])
    return results


def _join_parts(
    publication: MetricsPublication, parts: Sequence[Part], names: Mapping[str, str], uri: str
) -> None:
    """Copy row group by row group: memory holds one part, whatever the archive."""
    files = files_for(uri)
    with (
        files.create(uri) as sink,
        pq.ParquetWriter(sink, publication.schema, compression="zstd") as table,
    ):
        column = publication.schema.get_field_index(_OUTPUT)
        for part in sorted(parts, key=lambda part: part.uri):
            with files.open(part.uri) as source:
                rows = pq.read_table(source, schema=publication.schema)
            given = [name and names[name] for name in rows.column(column).to_pylist()]
            named = pa.array(given, pa.string())
            table.write_table(rows.set_column(column, publication.schema.field(column), named))
