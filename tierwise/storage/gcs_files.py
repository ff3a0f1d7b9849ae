"""Objects of Google Cloud Storage as files: `gs://bucket/name`.

A name is taken as it is written. Folders are what names have in common up to a slash; an empty
object whose name ends with a slash only stands for one, and is not listed. An object appears whole
when its upload ends, and is durable then.
"""

from __future__ import annotations

import errno
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Blob, Client
from google.cloud.storage.fileio import BlobReader
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter

from tierwise.storage.gcs_errors import as_os_errors
from tierwise.storage.gcs_names import SCHEME, content_type_of, split_folder, split_name, stat_of
from tierwise.storage.name_ranges import EVERY, Cut, FirstNames, NameRange, beginning_with, cut
from tierwise.storage.stat import Stat

# Connections that are kept open: more than any process has threads that read or write.
_CONNECTIONS = 128
# Requests at a time of one operation that needs many, such as deleting a folder.
_TOGETHER = 16
_LISTED = "items(name,size,md5Hash,generation,contentType),nextPageToken"
# Larger files than this are kept on this machine's disk until they are uploaded.
_IN_MEMORY = 8 << 20


class GcsFiles:
    """Implements `Files` of `files.py`; one client and one pool of connections for a process."""

    def __init__(self, page: int = 1000, ranges: int = 256) -> None:
        """`page` is what one request lists; `ranges` into how many a long listing is cut, about."""
        self._page = page
        self._ranges = ranges
        self._lock = threading.Lock()
        self._connected: Client | None = None

    def walk(self, folder: str, within: NameRange = EVERY) -> Iterator[Stat]:
        """The objects below a folder; a request lists a thousand."""
        bucket, prefix = split_folder(folder)
        with as_os_errors(folder):
            for blob in self._blobs(bucket, prefix, within):
                if blob.size or not blob.name.endswith("/"):
                    yield stat_of(blob)

    def cut(self, folder: str, prefix: str = "") -> Cut:
        """Ranges of the names below a folder that begin with a prefix, and about how many."""
        bucket, below = split_folder(folder)

        def look(names: NameRange, most: int) -> FirstNames:
            found = [blob.name for blob in self._blobs(bucket, below, names, most=most)]
            return FirstNames(found, len(found) == most)

        whole = beginning_with(below + prefix)
        with as_os_errors(folder), ThreadPoolExecutor(_TOGETHER) as pool:
            return cut(look, whole, ranges=self._ranges, page=self._page, together=pool.map)

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below one, a thousand to a request."""
        bucket, above = split_folder(folder)
        with as_os_errors(folder):
            pages = self._client.list_blobs(
                bucket, prefix=above, delimiter="/", fields="prefixes,nextPageToken"
            ).pages
            found = sorted({name for page in pages for name in page.prefixes})
        return [name[len(above) : -1] for name in found]

    def stat(self, uri: str, *, waits: bool = True) -> Stat:
        """What a listing would tell of one object."""
        return stat_of(self._found(uri, DEFAULT_RETRY if waits else None))

    def exists(self, uri: str) -> bool:
        """Whether there is an object of this name."""
        try:
            return bool(split_name(uri)[1] and self._found(uri))
        except FileNotFoundError:
            return False

    def is_folder(self, uri: str) -> bool:
        """Whether objects lie below this name."""
        bucket, prefix = split_folder(uri)
        with as_os_errors(uri):
            return next(iter(self._blobs(bucket, prefix, most=1)), None) is not None

    def location(self, uri: str) -> str:
        """The region or multi-region of the bucket; seeing it needs a permission of its own."""
        bucket, _ = split_name(uri)
        try:
            with as_os_errors(uri):
                found: str = self._client.get_bucket(bucket).location or ""
        except OSError:
            return ""
        return found.lower()

    def read(self, uri: str, version: str = "", *, waits: bool = True) -> bytes:
        """The whole object, checked against its checksum."""
        generation = int(version) if version else None
        with as_os_errors(uri):
            data: bytes = self._blob(uri).download_as_bytes(
                if_generation_match=generation,
                checksum="crc32c",
                retry=DEFAULT_RETRY if waits else None,
            )
        return data

    def read_all(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Several at a time."""
        with ThreadPoolExecutor(_TOGETHER) as pool:
            yield from pool.map(self.read, uris)

    def open(self, uri: str, ahead: int = 8 << 20, *, waits: bool = True) -> BinaryIO:
        """A stream, all of it of the generation that is there now."""
        retry = DEFAULT_RETRY if waits else None
        reader: Any = _Reader(self._found(uri, retry), chunk_size=ahead, retry=retry)
        return reader  # type: ignore[no-any-return]

    def content_hash(self, uri: str) -> str:
        """What the listing knows of the bytes, without reading them."""
        return self.stat(uri).content_hash

    def write(self, uri: str, data: bytes, *, durable: bool = False, aside: str = "") -> None:
        """One request; a reader sees the old object or the new one."""
        del durable, aside  # what was taken is durable, and nothing else is there
        with as_os_errors(uri):
            self._blob(uri).upload_from_string(
                data, content_type=content_type_of(uri), checksum="crc32c", retry=DEFAULT_RETRY
            )

    def try_to_write(self, folder: str) -> None:
        """Write and delete an object."""
        probe = f"{folder.rstrip('/')}/.probe-{uuid.uuid4().hex}"
        self.write(probe, b"")
        self.delete(probe)

    def write_new(self, uri: str, data: bytes) -> None:
        """Written on condition that there is no object of this name, which the service checks."""
        with as_os_errors(uri):
            try:
                self._blob(uri).upload_from_string(
                    data,
                    content_type=content_type_of(uri),
                    checksum="crc32c",
                    if_generation_match=0,
                    retry=DEFAULT_RETRY,
                )
            except PreconditionFailed as error:
                # A request whose reply was lost, and that was repeated, meets its own object.
                if self.read(uri) != data:
                    raise FileExistsError(errno.EEXIST, "another was first", uri) from error

    @contextmanager
    def create(self, uri: str) -> Iterator[BinaryIO]:
        """A stream into a file on this machine, uploaded when the body ends without an error."""
        blob = self._blob(uri)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            yield file  # type: ignore[misc]
            with as_os_errors(uri):
                blob.upload_from_file(
                    file, rewind=True, content_type=content_type_of(uri), retry=DEFAULT_RETRY
                )

    def silent_s(self, uri: str) -> float:
        """Compared with an object that is written now: the service says when each was."""
        probe = f"{uri.rpartition('/')[0]}/.probe-{uuid.uuid4().hex}"
        self.write(probe, b"")
        try:
            now, then = self._found(probe).updated, self._found(uri).updated
            return float((now - then).total_seconds())
        finally:
            self.delete(probe)

    def delete(self, uri: str, version: str = "") -> None:
        """Delete one object; another generation than `version` is left alone."""
        generation = int(version) if version else None
        with as_os_errors(uri), suppress(PreconditionFailed):
            try:
                self._blob(uri).delete(if_generation_match=generation, retry=DEFAULT_RETRY)
            except NotFound as error:
                if "bucket does not exist" in str(error):
                    raise

    def move(self, source: str, target: str, version: str = "") -> None:
        """Copy within the service, then delete: once it is deleted, nobody copies it any more."""
        with suppress(FileNotFoundError):
            self._copy(source, target, version)
            self.delete(source)

    def copy(self, source: str, target: str) -> None:
        """Within the service."""
        self._copy(source, target)

    def discard(self, folder: str, name: str) -> None:
        """Delete an object; its folders are gone with the last one in them."""
        self.delete(f"{folder.rstrip('/')}/{name}")

    def remove_folder(self, folder: str) -> None:
        """Delete every object below a folder, and those that stand for folders.

        First those that lie directly in it: what says that a folder is whole must not outlive it.
        """
        bucket, prefix = split_folder(folder)
        with as_os_errors(folder):
            names = [blob.name for blob in self._blobs(bucket, prefix)]
        for deep in (False, True):
            some = [name for name in names if ("/" in name[len(prefix) :]) == deep]
            _together(lambda name: self.delete(f"{SCHEME}{bucket}/{name}"), some)

    def remove_unfinished(self, folder: str, older_than_s: float = 0.0) -> None:
        """There is nothing: an object appears whole or not at all."""

    @property
    def _client(self) -> Client:
        with self._lock:
            if self._connected is None:
                # No project: none is needed to read and write objects, and not everybody has one.
                self._connected = Client(project=None)
                pool = HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS)
                for scheme in ("https://", "http://"):
                    self._connected._http.mount(scheme, pool)  # its only way
            return self._connected

    def _blob(self, uri: str) -> Blob:
        bucket, name = split_name(uri)
        if not name:
            raise OSError(errno.EINVAL, "this names a bucket, and no object in it", uri)
        with as_os_errors(uri):
            return _Object(name, bucket=self._client.bucket(bucket))

    def _found(self, uri: str, retry: Any = DEFAULT_RETRY) -> Blob:
        blob = self._blob(uri)
        with as_os_errors(uri):
            blob.reload(retry=retry)
        return blob

    def _blobs(
        self, bucket: str, prefix: str, within: NameRange = EVERY, most: int | None = None
    ) -> Iterable[Blob]:
        return self._client.list_blobs(  # type: ignore[no-any-return]
            bucket,
            prefix=prefix or None,
            start_offset=within.start or None,
            end_offset=within.end or None,
            max_results=most,
            fields=_LISTED,
        )

    def _copy(self, source: str, target: str, version: str = "") -> None:
        generation = int(version) if version else None
        with as_os_errors(source):
            copy, token = self._blob(target), None
            while True:
                token, _, _ = copy.rewrite(
                    self._blob(source),
                    token=token,
                    if_source_generation_match=generation,
                    retry=DEFAULT_RETRY,
                )
                if token is None:
                    return


class _Object(Blob):  # type: ignore[misc]
    """Read by its own name, quoted; never by the link that its metadata bring.

    The client follows such a link as it is written, and not every store quotes the name in it: at
    a `#` or `?` it would end, and another object or none be read.
    """

    @property
    def media_link(self) -> None:
        return None


class _Reader(BlobReader):  # type: ignore[misc]
    """Raises what a disk would raise."""

    def __init__(self, blob: Blob, **how: Any) -> None:
        self._uri = f"{SCHEME}{blob.bucket.name}/{blob.name}"
        super().__init__(blob, **how)

    def read(self, size: int = -1) -> bytes:
        with as_os_errors(self._uri):
            data: bytes = super().read(size)
        return data


def _together(function: Callable[[str], None], uris: Iterable[str]) -> None:
    with ThreadPoolExecutor(_TOGETHER) as pool:
        for _ in pool.map(function, uris):
            pass
