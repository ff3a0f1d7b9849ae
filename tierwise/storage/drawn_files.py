"""Pictures that a model drew, kept beside the tables.

    pictures/task=<task>/<algorithm>-<content hash>-<request id>.<png, jpg or webp>
    pictures/task=<task>/emulated-<which>-<algorithm>-...       drawn by an emulator

A name says of which content and by which request a picture was drawn. So whoever draws the same
again finds it, and nobody draws it twice, whenever a run was killed; and nothing replaces it. The
file is durable before the journal tells of it.
"""

from __future__ import annotations

import hashlib
import io
import re
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from tierwise.answerer import Answerer
from tierwise.drawn import KEPT_FORMATS, MOST_BYTES, MOST_PIXELS, MOST_SIDE, PICTURES, Drawn
from tierwise.images.headers.signatures import signature
from tierwise.storage.files import files_for, join

INPUT = ".input"
_ENDINGS = {"png": "png", "jpeg": "jpg", "webp": "webp"}
_QUALITY = 92
# So strict that no photograph is called so: what was drawn of forgotten pictures is deleted.
_OURS = re.compile(
    r"/task=[^/]+/(emulated-[0-9a-f]{8}-)?(md5|sha256)-[0-9a-f]{32,64}-[0-9a-f]{16,}[^/]*\Z"
)


class PictureKey(NamedTuple):
    """What a picture is called by: the task, the content it was drawn of, and what was asked."""

    task: str
    content_hash: str
    request_id: str


@dataclass(frozen=True, slots=True)
class DrawnFiles:
    """Those of one output, drawn by one answerer."""

    output: str
    answerer: Answerer

    def keep(self, key: PictureKey, base64: str, *, file_format: str = "") -> Drawn:
        """Keep a picture that came, durably; one that is there already stays as it is.

        `file_format` is what it is made where it is another.

        Raises:
            OSError: it cannot be written.
        """
        if len(base64) > MOST_BYTES * 4 // 3:
            return Drawn(problem=f"it has more than {MOST_BYTES:,} bytes")
        try:
            data = b64decode(base64, validate=True)
        except ValueError:
            return Drawn(problem="it is no base64")
        found = _checked(data)
        if found.problem:
            return found
        if file_format and file_format != found.format:
            data = _as(file_format, data)
            found = _checked(data)
        name = self._name(key, found.format)
        uri = join(self.output, name)
        try:
            files_for(uri).write_new(uri, data)
        except FileExistsError:
            return self.find(key) or found
        return Drawn(name, found.width, found.height, found.bytes, found.format)

    def keep_input(self, key: PictureKey, data: bytes, file_format: str, number: str = "") -> None:
        """Keep a picture that is sent, beside the one that is drawn by it; several have numbers."""
        stem, ending = self._stem(key), _ENDINGS[file_format]
        uri = join(self.output, f"{stem}{INPUT}{number}.{ending}")
        with suppress(FileExistsError):
            files_for(uri).write_new(uri, data)

    def find(self, key: PictureKey) -> Drawn | None:
        """A picture that was drawn before, perhaps by a run that was killed right after."""
        for file_format in KEPT_FORMATS:
            name = self._name(key, file_format)
            uri = join(self.output, name)
            with suppress(FileNotFoundError):
                found = _checked(files_for(uri).read(uri))
                if not found.problem:
                    return Drawn(name, found.width, found.height, found.bytes, found.format)
        return None

    def _name(self, key: PictureKey, file_format: str) -> str:
        return f"{self._stem(key)}.{_ENDINGS[file_format]}"

    def _stem(self, key: PictureKey) -> str:
        content, by = key.content_hash.replace(":", "-"), drawn_by(self.answerer)
        return f"{PICTURES}/task={key.task}/{by}{content}-{key.request_id}"


def drawn_by(answerer: Answerer) -> str:
    """What names of pictures begin with: what an emulator drew is called so, and which.

    >>> from tierwise.answerer import ServiceKind
    >>> drawn_by(Answerer(ServiceKind.VERTEX))
    ''
    """
    if not answerer.emulated:
        return ""
    return f"emulated-{hashlib.sha256(answerer.emulator.encode()).hexdigest()[:8]}-"


def all_drawn(output: str) -> list[str]:
    """The addresses of all files below the folder of pictures."""
    folder = join(output, PICTURES)
    return [stat.uri for stat in files_for(folder).walk(folder) if _OURS.search(stat.uri)]


def _checked(data: bytes) -> Drawn:
    """What these bytes are, by their signature, wholly decoded; or why they are no picture."""
    kind = signature(data) or "nothing that is known"
    if kind not in KEPT_FORMATS:
        return Drawn(problem=f"its bytes are {kind}, not {', '.join(KEPT_FORMATS)}")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            width, height = image.size
            if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
                return Drawn(problem=f"it has {width} x {height} px")
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return Drawn(problem=f"it cannot be decoded: {error}")
    return Drawn("", width, height, len(data), kind)


def _as(file_format: str, data: bytes) -> bytes:
    """The same picture in another format, over white where that knows no transparency."""
    with Image.open(io.BytesIO(data)) as image:
        plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if file_format == "jpeg" and plain.mode == "RGBA":
        white = Image.new("RGBA", plain.size, "white")
        plain = Image.alpha_composite(white, plain).convert("RGB")
    into = io.BytesIO()
    plain.save(into, file_format, quality=_QUALITY)
    return into.getvalue()
