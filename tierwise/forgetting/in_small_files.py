"""Tables that no run lists, of `optimize` and `measure`, and the small files that they name."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from tierwise.forgetting.going import Going
from tierwise.forgetting.in_tables import holding, parted
from tierwise.forgetting.in_texts import scrubbed, without_examples
from tierwise.json_text import read_json_text
from tierwise.publishing.written_before import (
    CLAIMS,
    PUBLISHING,
    SHRINK_STAGING,
    TOTALS_FILE,
    read_claims,
    small_files_of,
    write_claims,
)
from tierwise.storage.files import files_for, join


def loose_tables(output: str) -> list[str]:
    """Tables directly in an output, and those that an `optimize` was publishing when it died."""
    files = files_for(output)
    top = len(join(output, ""))
    found = [stat.uri for stat in files.walk(output) if "/" not in stat.uri[top:]]
    found += [stat.uri for stat in files.walk(join(output, PUBLISHING))]
    return [uri for uri in found if uri.endswith(".parquet")]


def forget_small_files(output: str, going: Going) -> tuple[int, int]:
    """Delete the small files, then the rows that name them; how many of both.

    Repeated, it goes on where it was, for rows go last.
    """
    files, rows, deleted = files_for(output), 0, 0
    for name in files.folders(output):
        if name.startswith(SHRINK_STAGING):  # of a run that was killed
            deleted += _forget_claims(output, join(output, name), going)
    _scrub_totals(output, going)
    for uri in holding(loose_tables(output), going):
        names = _small_files(uri, going)
        for name in names:
            files.discard(output, name)
        rows += _rewrite(uri, going)
        deleted += len(names)
    return rows, deleted


def _forget_claims(output: str, staging: str, going: Going) -> int:
    """Delete small files that a killed run left without a row; what else it left tells of others.

    Claims of other pictures stay: they tell the next run which small files are its own.
    """
    files, deleted = files_for(output), 0
    for stat in files.walk(join(staging, CLAIMS)):
        every = read_claims(stat.uri)
        gone = [
            one for one in every if one.uri in going.names or one.content_hash in going.contents
        ]
        for name in {name for claim in gone for name in small_files_of(output, claim.stem)}:
            files.discard(output, name)
            deleted += 1
        if gone:
            write_claims(staging, [claim for claim in every if claim not in gone], stat.uri)
    for name in files.folders(staging):
        if name != CLAIMS:
            files.remove_folder(join(staging, name))
    return deleted


def _small_files(uri: str, going: Going) -> list[str]:
    found: list[str] = []
    with files_for(uri).open(uri) as stream:
        file = pq.ParquetFile(stream)
        for group in range(file.num_row_groups):
            gone = parted(file.read_row_group(group), going)[1]
            if "output" in gone.schema.names:
                found += filter(None, gone.column("output").to_pylist())
    return [name for name in found if ".." not in name.split("/")]


def _rewrite(uri: str, going: Going) -> int:
    """Row group by row group: memory holds one, whatever the archive."""
    files, rows = files_for(uri), 0
    with files.open(uri) as stream:
        file = pq.ParquetFile(stream)
        with (
            files.create(uri) as sink,
            pq.ParquetWriter(sink, file.schema_arrow, compression="zstd") as table,
        ):
            for group in range(file.num_row_groups):
                kept, gone = parted(file.read_row_group(group), going)
                table.write_table(kept)
                rows += gone.num_rows
    return rows


def _scrub_totals(output: str, going: Going) -> None:
    uri = join(output, TOTALS_FILE)
    if files_for(uri).exists(uri):
        totals = read_json_text(files_for(uri).read(uri))
        clean = scrubbed(without_examples(totals, going.names), going.names | going.contents)
        if clean != totals:
            files_for(uri).write(uri, (json.dumps(clean, indent=2) + "\n").encode())
