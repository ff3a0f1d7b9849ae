"""Buckets on this machine: the storage emulator from PyPI, held to what Cloud Storage promises.

By itself it ignores preconditions and generations, never pages, and keeps `a`, `a/` and `a//` in
one place. Here it also counts what it is asked, and refuses on request. Run as a program it serves
in a process of its own, `python -m tests.bucket PORT [LATENCY_MS]`; each line of its input is
answered with the requests since the last one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google_crc32c
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage

from tierwise.emulator.object_store import USER_AGENT

PAGE = 1000


class RefusedError(Exception):
    """A reply other than success, in the form of Google's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Bucket:
    """A running server: what it holds, what it was asked, and what it is to refuse."""

    url: str = ""
    latency_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[Callable[[str, str], RefusedError | None]] = field(default_factory=list)
    storage: Any = None

    def clear(self, *buckets: str) -> None:
        """Have these buckets and no others, empty."""
        self.storage.wipe()
        self.storage.names = {name: [] for name in buckets}
        for name in buckets:
            # Otherwise what is deleted would be kept for a week.
            kept = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
            self.storage.create_bucket(name, {"name": name} | kept)
        self.counts.clear()

    def put(self, uri: str, data: bytes, **meta: Any) -> None:
        """Put an object there without a request; `meta` changes what a listing says of it."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        found = {
            "name": name,
            "bucket": bucket,
            "size": str(len(data)),
            "generation": str(time.time_ns()),
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "md5Hash": _base64(digest),
            "crc32c": _crc32c(data),
        } | meta
        found = {key: value for key, value in found.items() if value is not None}
        self.storage.create_file(bucket, name, data, found)

    def check(self, bucket: str, kind: str, path: str) -> None:
        if bucket not in self.storage.names:
            raise RefusedError(404, "The specified bucket does not exist.")
        for refuse in self.refusals:
            if refused := refuse(kind, path):
                raise refused

    def names(self, bucket: str) -> list[str]:
        return list(self.storage.names[bucket])

    def delete(self, uri: str) -> None:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        self.storage.delete_file(bucket, name)

    @contextmanager
    def refusing(
        self,
        status: int,
        message: str = "no",
        *,
        kinds: str = "",
        only: str = "",
        after: int = 0,
        times: int | None = None,
    ) -> Iterator[None]:
        """Refuse requests of these kinds (all by default), so many times, after so many of them.

        `only` those whose path has this in it. Status 0 closes the connection without a word.
        """
        left = [10**9 if times is None else times]
        before = [after]

        def refuse(kind: str, path: str) -> RefusedError | None:
            if (kinds and kind not in kinds.split()) or only not in path or not left[0]:
                return None
            if before[0]:
                before[0] -= 1
                return None
            left[0] -= 1
            return RefusedError(status, message)

        self.refusals.append(refuse)
        try:
            yield
        finally:
            self.refusals.remove(refuse)


class _Storage(Storage):  # type: ignore[misc]
    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.request = threading.local()
        super().__init__(use_memory_fs=True)
        self.lock = threading.RLock()

    def _write_config_to_file(self) -> None:
        """Nothing outlives the process; the emulator would write everything at every change."""

    def _object_path(self, bucket_name: str, file_name: str) -> str:
        return f"{bucket_name}/{hashlib.sha256(file_name.encode()).hexdigest()}"

    def create_file(self, bucket_name: str, file_name: str, *args: Any, **more: Any) -> None:
        with self.lock:
            self._check("ifGenerationMatch", bucket_name, file_name)
            if bucket_name in self.names and not self._has(bucket_name, file_name):
                insort(self.names[bucket_name], file_name)
            super().create_file(bucket_name, file_name, *args, **more)

    def delete_file(self, bucket_name: str, file_name: str) -> None:
        with self.lock:
            self._check("ifGenerationMatch", bucket_name, file_name)
            super().delete_file(bucket_name, file_name)
            self.names[bucket_name].remove(file_name)

    def get_file_obj(self, bucket_name: str, file_name: str) -> Any:
        with self.lock:
            reads = getattr(self.request, "method", "") == "GET"
            source = "ifGenerationMatch" if reads else "ifSourceGenerationMatch"
            found = super().get_file_obj(bucket_name, file_name)
            self._check(source, bucket_name, file_name)
            wanted = self._query("generation")
            if wanted and wanted != found["generation"]:
                raise RefusedError(404, f"No such object: {bucket_name}/{file_name}#{wanted}")
            return found

    def _has(self, bucket: str, name: str) -> bool:
        return name in self.objects.get(bucket, {})

    def _query(self, key: str) -> str:
        values: list[str] = getattr(self.request, "query", {}).get(key, [""])
        return values[0]

    def _check(self, condition: str, bucket: str, name: str) -> None:
        wanted = self._query(condition)
        found = self.objects.get(bucket, {}).get(name, {}).get("generation", "0")
        if wanted and wanted != found:
            raise RefusedError(412, "A pre-condition you specified did not hold.")


class _Handler(RequestHandler):  # type: ignore[misc]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    bucket: Bucket

    def setup(self) -> None:
        super().setup()
        self.bucket.counts["connections"] += 1

    def do_GET(self) -> None:  # noqa: N802 - http.server's name, as below
        self._serve(super().do_GET)

    def do_POST(self) -> None:  # noqa: N802
        self._serve(super().do_POST)

    def do_DELETE(self) -> None:  # noqa: N802
        self._serve(super().do_DELETE)

    def do_PUT(self) -> None:  # noqa: N802
        self._serve(super().do_PUT)

    def _serve(self, serve: Callable[[], None]) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        kind = _kind(self.command, parts.path, query)
        # What Gemini reads itself is no request of the job's.
        gemini = self.headers.get("User-Agent", "") == USER_AGENT
        with self.storage.lock:
            self.bucket.counts[f"{kind} by gemini" if gemini else kind] += 1
        time.sleep(self.bucket.latency_s)
        self.storage.request.method, self.storage.request.query = self.command, query
        try:
            bucket = parts.path.partition("/b/")[2].partition("/")[0]
            self.bucket.check(bucket, kind, parts.path)
            if kind == "list":
                self._reply(200, self._listed(bucket, query))
            else:
                serve()
        except RefusedError as error:
            self.close_connection = True  # what was sent with the request is not read
            if not error.status:
                return
            body = {"error": {"code": error.status, "message": error.message, "errors": []}}
            self._reply(error.status, body)

    def _reply(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _listed(self, bucket: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        names: list[str] = self.storage.names[bucket]
        wanted = {key: values[0] for key, values in query.items()}
        prefix, end = wanted.get("prefix", ""), wanted.get("endOffset", "")
        delimiter, after = wanted.get("delimiter", ""), wanted.get("pageToken", "")
        most = min(PAGE, int(wanted.get("maxResults", PAGE)))
        items: list[Any] = []
        folders: list[str] = []
        at = max(
            bisect_left(names, text) for text in (prefix, wanted.get("startOffset", ""), after)
        )
        with self.storage.lock:
            for name in names[at : at + 50 * PAGE]:
                if not name.startswith(prefix) or (end and name >= end):
                    break
                if name <= after or (folders and name.startswith(folders[-1])):
                    continue
                if len(items) + len(folders) == most:
                    last = items[-1]["name"] if items else ""
                    last = max(last, folders[-1] + "\U0010ffff" if folders else "")
                    return {"items": items, "prefixes": folders, "nextPageToken": last}
                head, cut, _ = (
                    name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
                )
                if cut:
                    folders.append(prefix + head + cut)
                else:
                    items.append(self.storage.objects[bucket][name])
        return {"items": items, "prefixes": folders}


def _kind(method: str, path: str, query: Mapping[str, list[str]]) -> str:
    if method == "GET":
        if path.endswith("/o"):
            return "list"
        return "read" if "alt" in query and query["alt"] == ["media"] else "stat"
    if method == "DELETE":
        return "delete"
    return "copy" if "/rewriteTo/" in path or "/copyTo/" in path else "write"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _crc32c(data: bytes) -> str:
    return _base64(google_crc32c.Checksum(data).digest())


class _Server(ThreadingHTTPServer):
    # Clients open many connections at once; of more than wait in line, some would be lost.
    request_queue_size = 256


@contextmanager
def serving(port: int = 0, latency_s: float = 0.0) -> Iterator[Bucket]:
    """A server of this process, until the body ends."""
    bucket = Bucket(latency_s=latency_s, storage=_Storage())

    class Handler(_Handler):
        pass

    Handler.bucket = bucket

    def handler(*args: Any) -> Handler:
        return Handler(bucket.storage, *args)

    server = _Server(("127.0.0.1", port), handler)
    server.daemon_threads = True
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with serving(int(sys.argv[1]), float((sys.argv[2:] or ["0"])[0]) / 1000) as served:
        served.clear("archive", "results")
        print(served.url, flush=True)
        for _ in sys.stdin:
            print(json.dumps(served.counts), flush=True)
            served.counts.clear()
