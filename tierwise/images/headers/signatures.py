"""Which format the first bytes of a file tell; names lie more often than bytes."""

from __future__ import annotations

from pathlib import PurePosixPath

from tierwise.errors import ImageError
from tierwise.records import Reason

SUPPORTED = frozenset(
    {"jpeg", "mpo", "png", "webp", "gif", "tiff", "bmp", "jp2", "heic", "avif", "pdf", "psd"}
    # Raw photographs; most others look like TIFF.
    | {"cr3", "crw", "mrw", "orf", "raf", "rw2", "x3f"}
)

# Types that Gemini takes as they are: ai.google.dev/gemini-api/docs/image-understanding.
MIME_TYPES = {
    "jpeg": "image/jpeg",
    "mpo": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
}

_PREFIXES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"%PDF-", "pdf"),
    (b"8BPS", "psd"),
    # Known, named in messages, never decoded.
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"%!PS", "postscript"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"<svg", "svg"),
    (b"<?xml", "xml"),
    (b"<!DOCTYPE html", "html"),
    (b"<html", "html"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\x00\x00\x02\x00", "cur"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL ", "jxl"),
    (b"DDS ", "dds"),
    (b"BLP1", "blp"),
    (b"BLP2", "blp"),
    (b"SIMPLE  =", "fits"),
    (b"#?RADIANCE", "hdr"),
    (b"v/1\x01", "exr"),
    (b"qoif", "qoi"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"ID3", "mp3"),
    (b"GRIB", "grib"),
    (b"\x01\xda", "sgi"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"IIU\x00", "rw2"),
    (b"II\x1a\x00\x00\x00HEAPCCDR", "crw"),
    (b"\x00MRM", "mrw"),
    (b"FOVb", "x3f"),
    (b"FUJIFILM", "raf"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_OTHER_BRANDS = {b"crx ": "cr3", b"qt  ": "mov"}
_EXTENSIONS = {
    "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "mpo": "jpeg", "png": "png",
    "apng": "png", "webp": "webp", "gif": "gif", "tif": "tiff", "tiff": "tiff", "bmp": "bmp",
    "dib": "bmp", "jp2": "jp2", "j2k": "jp2", "jpx": "jp2", "jpf": "jp2", "j2c": "jp2",
    "jpc": "jp2", "heic": "heic", "heif": "heic", "hif": "heic", "avif": "avif", "avifs": "avif",
    "pdf": "pdf", "psd": "psd", "cr3": "cr3", "crw": "crw", "mrw": "mrw", "orf": "orf",
    "raf": "raf", "rw2": "rw2", "x3f": "x3f",
}  # fmt: skip


def signature(data: bytes) -> str | None:
    """Name the format in lower case, known but undecodable ones included; None when unknown."""
    start = bytes(data[:64])
    if start[4:8] == b"ftyp":
        return _iso_media(data)
    if start[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi", b"WAVE": "wav"}.get(start[8:12])
    if start[:2] == b"BM" and _is_bitmap(start):
        return "bmp"
    for prefix, name in _PREFIXES:
        if start.startswith(prefix):
            return name
    # Readers of PDF look for the mark in the first kilobyte.
    if b"%PDF-" in data[:1024]:
        return "pdf"
    return None


def _is_bitmap(start: bytes) -> bool:
    return int.from_bytes(start[14:18], "little") in {12, 16, 40, 52, 56, 64, 108, 124}


def _iso_media(data: bytes) -> str:
    end = min(max(int.from_bytes(data[:4], "big"), 12), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    # The major brand decides; `mif1` says only "some image", then the first compatible one does.
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "avif"
        if brand in _HEIC_BRANDS:
            return "heic"
        if brand in _OTHER_BRANDS:
            return _OTHER_BRANDS[brand]
    return "heic" if brands[0] in {b"mif1", b"msf1"} else "mp4"


def supported_format(data: bytes, name: str) -> str:
    """Name the format of a file that one of our decoders takes.

    Raises:
        ImageError: `unreadable` when the file is empty; `unsupported_format` when the signature is
            none that a decoder here takes, or is not known, whatever the name says.
    """
    if not data:
        raise ImageError(Reason.UNREADABLE, f"{name}: the file is empty (0 bytes).")
    found = signature(data)
    if found in SUPPORTED:
        return found
    taken = ", ".join(sorted(SUPPORTED))
    if found is not None:
        raise ImageError(
            Reason.UNSUPPORTED_FORMAT,
            f"{name}: the signature is {found}{_claim(name)}; taken are {taken}. "
            "Convert the file first.",
        )
    # No byte is quoted: what is not a picture may be a secret that a manifest names.
    raise ImageError(
        Reason.UNSUPPORTED_FORMAT,
        f"{name}: no known signature{_claim(name)}; taken are {taken}.",
    )


def claimed_format(name: str) -> str | None:
    """Name the format that the extension claims, None when it claims none that is taken."""
    return _EXTENSIONS.get(PurePosixPath(name).suffix.lower().lstrip("."))


def signature_named(found: str, name: str) -> str:
    """Name a format for a message, with what the extension claims where that differs."""
    claimed = claimed_format(name)
    if claimed in {found, None} or (claimed, found) == ("jpeg", "mpo"):
        return found.upper()
    return f"{found.upper()} by its signature{_claim(name)},"


def _claim(name: str) -> str:
    extension = PurePosixPath(name).suffix
    return f", the extension says {extension}" if extension else ", the name has no extension"
