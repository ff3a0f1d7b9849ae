"""How fast a large manifest is read, and what the launcher holds meanwhile.

python -m bench.storage.manifests FOLDER [--rows=20000000] [--shards=8] [--forms=csv,parquet]
    [--make]

`plan` looks at it and forecasts; `read` is the graph's own reading, whose rows a DoFn drops. Every
name leads to one of a thousand tiny pictures, by links. With `--make` the manifest is only written.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from apache_beam.metrics import Metrics
from PIL import Image

from tierwise.beam_pipeline.run_pipeline import new_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named
from tierwise.transforms.list_names import NAMED, names_listed

_PICTURES = 1_000
_BLOCK = 500_000


def make(folder: Path, form: str, rows: int, shards: int) -> str:
    """Write the manifest, unless it is there; returns its pattern."""
    _draw(folder, rows)
    each = -(-rows // shards)
    for shard in range(shards):
        path = folder / f"rows-{rows}-{shard:04}.{form}"
        if not path.exists():
            _write(path, form, range(shard * each, min(rows, (shard + 1) * each)))
    return f"{folder}/rows-{rows}-*.{form}"


def _draw(folder: Path, rows: int) -> None:
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for number in range(_PICTURES):
        if not (path := pictures / f"{number:03}.png").exists():
            data = io.BytesIO()
            Image.new("RGB", (8, 8), (number % 256, number // 256, 0)).save(data, "PNG")
            path.write_bytes(data.getvalue())
    for number in range(-(-rows // _PICTURES)):
        if not (link := folder / f"{number:06}").exists():
            link.symlink_to("pictures")


def _write(path: Path, form: str, rows: range) -> None:
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    tables = map(_table, blocks)
    schema = _table(rows[:1]).schema
    if form == "parquet":
        with pq.ParquetWriter(path, schema) as parquet:
            for table in tables:
                parquet.write_table(table)
        return
    plain = pyarrow.csv.WriteOptions(quoting_style="none")
    with pyarrow.csv.CSVWriter(path, schema, write_options=plain) as text:
        for table in tables:
            text.write_table(table)


def _table(rows: range) -> pa.Table:
    labels = ("landscape", "city", "animal", "people", "abstract", "document")
    return pa.table(
        {
            "uri": [f"{n // _PICTURES:06}/{n % _PICTURES:03}.png" for n in rows],
            "old_category": [labels[n * 7919 % 6] for n in rows],
            "width": pa.array(rows, pa.int32()),
            "collection": [f"collection {n % 40}" for n in rows],
        }
    )


def plan(manifest: str) -> None:
    """A forecast, by the command itself."""
    tasks = Path(manifest).parent / "tasks.yaml"
    tasks.write_text(
        "model: gemini-3.1-flash-lite\n"
        "tasks:\n  category:\n    prompt: Which category fits {collection} best?\n"
        "    labels: [landscape, city, animal, people, abstract, document]\n"
    )
    words = [f"--input={manifest}", f"--tasks={tasks}", "--json=true"]
    _measured("plan", ["-m", "tierwise", "plan", *words], stdout=subprocess.DEVNULL)


def read(manifest: str, flags: list[str]) -> None:
    """The graph's reading, by this module in a process of its own."""
    _measured("read", ["-m", "bench.storage.manifests", "--read", manifest, *flags])


def _measured(what: str, words: list[str], stdout: int | None = None) -> None:
    began, before = time.monotonic(), os.times()
    subprocess.run([sys.executable, *words], check=True, stdout=stdout)
    seconds, after = time.monotonic() - began, os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{what}: {seconds:.1f} s, {cpu:.1f} s of CPU; largest process so far {peak:.0f} MB")


class _DropFn(beam.DoFn):
    def process(self, name: Named) -> Iterator[Named]:
        Metrics.counter("manifest", "rows").inc()
        if not name.uri:  # never
            yield name


def _read_here(manifest: str, flags: list[str]) -> None:
    began = time.monotonic()
    found = find_input(manifest)
    looked = time.monotonic()
    pipeline = new_pipeline(beam_options(flags))
    _ = names_listed(pipeline, found)[NAMED] | "Drop" >> beam.ParDo(_DropFn())
    result = pipeline.run()
    result.wait_until_finish()
    seconds = time.monotonic() - looked
    counters = result.metrics().query()["counters"]
    (rows,) = (one.committed for one in counters if one.key.metric.name == "rows")
    print(
        f"  about {found.about:,}; {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a "
        f"second; the look took {looked - began:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--forms", default="csv,parquet")
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--make", action="store_true")
    args, flags = parser.parse_known_args()
    if args.read:
        _read_here(args.folder, flags)
        return
    for form in args.forms.split(","):
        manifest = make(Path(args.folder), form, args.rows, args.shards)
        size = sum(path.stat().st_size for path in Path(args.folder).glob(Path(manifest).name))
        told = f"{args.rows:,} rows in {args.shards} files, {size / 1e6:,.0f} MB"
        print(f"{form}: {told}", flush=True)
        if not args.make:
            plan(manifest)
            read(manifest, flags)


if __name__ == "__main__":
    main()
