"""The bytes of a manifest, unpacked where gzip has packed them."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.errors import InputError
from tierwise.storage.files import files_for
from tierwise.storage.manifests.forms import is_packed

_GZIP = b"\x1f\x8b"
_BUFFER_BYTES = 1 << 20
# Columns are read in so many bytes at a time, however large a row group is.
_PARQUET_BUFFER = 4 << 20


@contextmanager
def opened(uri: str) -> Iterator[BinaryIO]:
    """The text of a manifest from its beginning."""
    with files_for(uri).open(uri) as stream, unpacked(uri, stream) as text:
        yield text


@contextmanager
def unpacked(uri: str, stream: BinaryIO) -> Iterator[BinaryIO]:
    """The text in a stream of a manifest's bytes.

    A store may have unpacked what it gives, so the first bytes say whether anything is packed.

    Raises:
        InputError: it is packed, and damaged.
    """
    if not (is_packed(uri) and _is_gzip(stream)):
        yield stream
        return
    try:
        with gzip.GzipFile(fileobj=stream) as text:
            yield io.BufferedReader(text, _BUFFER_BYTES)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{uri}: its gzip data are damaged: {error}") from error


@contextmanager
def opened_parquet(uri: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file; one that is packed as a whole is unpacked on this machine's disk.

    Raises:
        InputError: it is none, or damaged.
    """
    try:
        with files_for(uri).open(uri) as stream, _seekable(uri, stream) as plain:
            try:
                file = pq.ParquetFile(plain, pre_buffer=False, buffer_size=_PARQUET_BUFFER)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{uri}: not a Parquet file: {error}") from error
            yield file
    except (pa.ArrowException, OSError) as error:  # Arrow says OSError for damaged pages
        raise InputError(f"{uri}: damaged Parquet file: {error}") from error


@contextmanager
def _seekable(uri: str, stream: BinaryIO) -> Iterator[BinaryIO]:
    if not (is_packed(uri) and _is_gzip(stream)):
        yield stream
        return
    with tempfile.TemporaryFile() as plain:
        try:
            with gzip.GzipFile(fileobj=stream) as text:
                shutil.copyfileobj(text, plain, _BUFFER_BYTES)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"{uri}: its gzip data are damaged: {error}") from error
        plain.seek(0)
        yield plain


def _is_gzip(stream: BinaryIO) -> bool:
    first = stream.read(len(_GZIP))
    stream.seek(0)
    return first == _GZIP
