"""Which files Gemini takes by reference."""

from __future__ import annotations

import pytest

from tierwise.references import MOST_REFERENCED_BYTES, reference_to


@pytest.mark.parametrize(
    ("path", "size", "content_type", "mime_type"),
    [
        ("gs://b/a.jpg", 9, "", "image/jpeg"),
        ("gs://b/a.JPEG", 9, "application/octet-stream", "image/jpeg"),
        ("gs://b/a.heic", 9, "binary/octet-stream", "image/heic"),
        ("gs://b/folder.png/a", 9, "image/webp", "image/webp"),
        ("gs://b/a.png", 9, "image/jpg; charset=binary", "image/jpeg"),
        ("gs://b/a.jpg", 9, "image/tiff", None),
        ("gs://b/a.jpg", 9, "text/plain", None),
        ("gs://b/a.tif", 9, "", None),
        ("gs://b/a.pdf", 9, "", None),
        ("gs://b/a.gif", 9, "image/gif", None),
        ("gs://b/folder.png/a", 9, "", None),
        ("gs://b/jpg", 9, "", None),
        ("/disk/a.jpg", 9, "image/jpeg", None),
        ("gs://b/a.jpg", 0, "image/jpeg", None),
        ("gs://b/a.jpg", MOST_REFERENCED_BYTES, "", "image/jpeg"),
        ("gs://b/a.jpg", MOST_REFERENCED_BYTES + 1, "", None),
    ],
)
def test_the_content_type_decides_then_the_ending(
    path: str, size: int, content_type: str, mime_type: str | None
) -> None:
    found = reference_to(path, size, content_type)
    assert (found and found.mime_type) == mime_type
