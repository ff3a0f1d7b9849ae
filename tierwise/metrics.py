"""What shrinking did to one image, as a row of `metrics.parquet`, and totals over many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from tierwise.accounts.tables import manifest_cells, manifest_fields, reduction_percent
from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.picture_kinds import kind_of
from tierwise.records import ImageFile, MediaResolution
from tierwise.shown import counted
from tierwise.tiers import image_tokens


@dataclass(frozen=True, slots=True)
class Optimized:
    """One image of a file and what came of it: a picture that lies at `output`, or a failure.

    The picture's bytes are gone; `sent_bytes` says how many they were. `first` marks the first
    image of its file, which counts the file's bytes.
    """

    file: ImageFile
    page: int
    output: str = ""
    picture: Picture | None = None
    sent_bytes: int = 0
    failure: ImageError | None = None

    @property
    def kind(self) -> str:
        """What kind of picture it is; empty for a failure."""
        return kind_of(self.picture) if self.picture else ""

    @property
    def first(self) -> bool:
        """Whether this is the first image of its file."""
        return self.page == 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier run wrote for an image that failed now for a trouble of its store."""

    failure: Optimized
    row: dict[str, Any]

    @property
    def output(self) -> str:
        """Where the small file lies; empty where the image failed then, too."""
        return self.row["output"] or ""


@dataclass(frozen=True, slots=True)
class OptimizedTotals:
    """Sums over images of one format. Bytes are of files before and pictures after.

    `larger` counts images whose small file has more bytes than the file that they came from.
    Tokens are what the images cost a model before and after, by the model's own rule.
    """

    files: int = 0
    images: int = 0
    failures: int = 0
    resized: int = 0
    larger: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    tokens_before: int = 0
    tokens_after: int = 0

    def __add__(self, other: OptimizedTotals) -> OptimizedTotals:
        names = (field.name for field in fields(OptimizedTotals))
        return OptimizedTotals(*(getattr(self, name) + getattr(other, name) for name in names))


def optimized_totals(
    one: Optimized, *, model: str, media_resolution: MediaResolution, vertex: bool
) -> OptimizedTotals:
    """What one image adds to the totals; bytes of failures are left out on both sides."""
    picture, files = one.picture, int(one.first)
    if picture is None:
        return OptimizedTotals(files=files, failures=1)

    def tokens(width: int, height: int) -> int:
        if not width or not height:  # original bytes that could not be decoded
            return 0
        return image_tokens(model, media_resolution, width, height, vertex=vertex)

    return OptimizedTotals(
        files=files,
        images=1,
        resized=int(picture.resized),
        larger=int(one.sent_bytes > one.file.bytes),
        bytes_before=one.file.bytes if one.first else 0,
        bytes_after=one.sent_bytes,
        tokens_before=tokens(picture.original_width, picture.original_height),
        tokens_after=tokens(picture.width, picture.height),
    )


def warnings_of(total: OptimizedTotals) -> list[str]:
    """What a person should know of the sums over all formats before the small files are used."""
    if not total.larger:
        return []
    return [
        f"{total.larger:,} of {counted(total.images, 'small file')} became larger than what they "
        "were made of, which is coded more coarsely than the quality that was asked for, or in a "
        "denser format. Give a lower --quality, or a larger --max_side: what need not be resized "
        "can stay as it is."
    ]


def metrics_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Columns of `metrics.parquet`: every image has a row, failures too, with their reason."""
    return pa.schema(
        [
            ("uri", pa.string()),
            ("page", pa.int64()),
            ("content_hash", pa.string()),
            ("output", pa.string()),
            ("reason", pa.string()),
            ("message", pa.string()),
            ("format", pa.string()),
            ("bytes", pa.int64()),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("sent_format", pa.string()),
            ("sent_bytes", pa.int64()),
            ("sent_width", pa.int64()),
            ("sent_height", pa.int64()),
            ("reduction_percent", pa.float64()),
            ("resized", pa.bool_()),
            ("passed_through", pa.bool_()),
            ("fallback", pa.bool_()),
            ("truncated", pa.bool_()),
            ("preview", pa.bool_()),
            ("tones", pa.string()),
            ("turned_by", pa.string()),
            ("milliseconds", pa.float64()),
            ("sharpness", pa.float64()),
            ("text_texture", pa.float64()),
            ("flat", pa.float64()),
            ("dominant_colours", pa.list_(pa.string())),
            ("perceptual_hash", pa.string()),
            ("kind", pa.string()),
            *manifest_fields(columns),
        ]
    )


def metrics_row(one: Optimized) -> dict[str, Any]:
    """One row of `metrics.parquet`; the reduction compares a picture with its whole file."""
    row: dict[str, Any] = {
        "uri": one.file.uri,
        "page": one.page,
        "content_hash": one.file.content_hash or None,
        "bytes": one.file.bytes,
        **manifest_cells(one.file),
    }
    if one.failure is not None:
        return row | {"reason": str(one.failure.reason), "message": one.failure.message}
    return row | {"output": one.output} | _picture_cells(one)


def kept_row(failure: Optimized, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an earlier table as one of now, with what the manifest says now."""
    names = metrics_schema({}).names
    return {name: earlier.get(name) for name in names} | manifest_cells(failure.file)


def _picture_cells(one: Optimized) -> dict[str, Any]:
    picture = one.picture
    if picture is None:
        return {}
    features = picture.features
    cells: dict[str, Any] = {
        "format": picture.format,
        "width": picture.original_width,
        "height": picture.original_height,
        "sent_format": picture.mime_type.removeprefix("image/"),
        "sent_bytes": one.sent_bytes,
        "sent_width": picture.width,
        "sent_height": picture.height,
        "reduction_percent": reduction_percent(one.file.bytes, one.sent_bytes),
        "resized": picture.resized,
        "passed_through": picture.passed_through,
        "fallback": picture.fallback,
        "truncated": picture.truncated,
        "preview": picture.preview,
        "tones": picture.tones or None,
        "turned_by": picture.turned_by or None,
        "milliseconds": picture.milliseconds,
    }
    if features is not None:
        cells |= {
            "sharpness": features.sharpness,
            "text_texture": features.text_texture,
            "flat": features.flat,
            "dominant_colours": list(features.dominant_colours),
            "perceptual_hash": f"{features.perceptual_hash:016x}",
            "kind": one.kind,
        }
    return cells
