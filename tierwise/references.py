"""Images that are sent by their address in a bucket: Vertex AI reads them, nobody opens them here.

Limits as documented (cloud.google.com/vertex-ai/generative-ai/docs/multimodal/image-understanding):
PNG, JPEG, WebP, HEIC and HEIF, up to 30 MB each from Cloud Storage, 500 MB in a request.
"""

from __future__ import annotations

from dataclasses import dataclass

BUCKET_SCHEME = "gs://"
MOST_REFERENCED_BYTES = 30_000_000
MOST_BYTES_IN_REQUEST = 500_000_000

_BY_ENDING = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
}
_ACCEPTED = frozenset(_BY_ENDING.values())
# What a store says of bytes that nobody described; and a frequent slip.
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_MEANT = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that a request names instead of carrying it."""

    uri: str
    mime_type: str
    bytes: int

    @property
    def format(self) -> str:
        """As the tables name it, such as jpeg."""
        return self.mime_type.removeprefix("image/")


def reference_to(path: str, size: int, content_type: str) -> Reference | None:
    """The reference to a file of `size` bytes, or None where Gemini does not take one.

    The content type is what the bucket's listing says; where that says nothing, the name's ending
    decides.

    >>> reference_to("gs://b/a.JPG", 9, "").mime_type
    'image/jpeg'
    >>> [reference_to("gs://b/a.jpg", 9, "image/tiff"), reference_to("/b/a.jpg", 9, "image/jpeg")]
    [None, None]
    """
    stated = content_type.partition(";")[0].strip().lower()
    if stated in _SAYS_NOTHING:
        name = path.rpartition("/")[2]
        stated = _BY_ENDING.get(name.rpartition(".")[2].lower() if "." in name else "", "")
    mime_type = _MEANT.get(stated, stated)
    if (
        not path.startswith(BUCKET_SCHEME)
        or mime_type not in _ACCEPTED
        or not 0 < size <= MOST_REFERENCED_BYTES
    ):
        return None
    return Reference(path, mime_type, size)
