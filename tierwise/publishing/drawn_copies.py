"""Small copies of pictures that were drawn, for the page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress

from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.small_copy import LONGEST_SIDE, QUALITY
from tierwise.records import ImageSettings
from tierwise.storage.files import files_for, join


def drawn_copies(
    output: str, named: Mapping[tuple[str, str], str], wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Data URIs of the files that are wanted and can be read; `named` are below the output."""
    settings = ImageSettings(LONGEST_SIDE, QUALITY)
    found = {}
    for key in wanted:
        with suppress(OSError, ImageError):  # deleted, or moved away: the page goes without
            uri = join(output, named[key])
            data = files_for(uri).read(uri)
            small = optimize(data, name=uri, page=1, settings=settings, limits=Limits())
            coded = base64.b64encode(small.data).decode()
            found[key] = f"data:{small.mime_type};base64,{coded}"
    return found
