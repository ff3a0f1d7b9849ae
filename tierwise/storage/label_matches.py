"""Whether a table of labels is about any image of an input, or about others alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from tierwise.errors import InputError
from tierwise.shown import counted
from tierwise.storage.joined_names import join_key
from tierwise.storage.listing import Input, InputKind, Named, fixed_part, starts_in
from tierwise.storage.sampled_names import sampled_names
from tierwise.storage.seen_from import place_of
from tierwise.storage.shown_names import shown_name

_MOST_NAMES = 100_000


def doubt_about(found: Input, labels: Input, uris: Sequence[str]) -> str:
    """What to warn of where no row of a table was seen to be about an image, empty where one was.

    An archive of which no image has a label yet is as good as any, and cameras call files alike
    each year. So a table is refused only where all of it was looked at and nothing of it can ever
    be about these images: one of them is on a disk, the other in buckets.

    Args:
        found: the images.
        labels: the table about them.
        uris: the names in the table's rows; those of some, where it is large.

    Raises:
        InputError: the table is about another kind of store.
    """
    folder = starts_in(labels)
    rows = [join_key(Named(uri, place_of(folder, uri))) for uri in uris]
    root = _root(found)
    if root and any(row.startswith(root) for row in rows):
        return ""
    names = list(islice(_names(found), _MOST_NAMES))
    if not root and not set(rows).isdisjoint(names):
        return ""
    row, name = _side_by_side(rows, names)
    looked_at = labels.about is None and (bool(root) or _are_all(names, found))
    told = (
        f"--labels={labels.uri}: none of {counted(len(rows), 'row')} is about an image of "
        f"{found.uri}: the table names {_readable(row)}, and there is {_readable(name)}."
    )
    if looked_at and set(map(_in_bucket, rows)).isdisjoint(map(_in_bucket, names)):
        raise InputError(
            f"{told} Write the names in the table as those of the input, or give the input that "
            "the table is about; without labels, leave the flag out."
        )
    return told if looked_at else f"{told} Not all of them were looked at."


def _root(found: Input) -> bytes:
    """How the keys of all names of an input begin, empty where that is not known."""
    if found.follow_links or found.kind not in (InputKind.FOLDER, InputKind.PATTERN):
        return b""
    folder = found.uri if found.kind is InputKind.FOLDER else fixed_part(found.uri)
    return join_key(Named("", f"{folder or '.'}/")).rstrip(b"/") + b"/"


def _names(found: Input) -> Iterator[bytes]:
    return (join_key(name) for name in sampled_names(found) if isinstance(name, Named))


def _are_all(names: Sequence[bytes], found: Input) -> bool:
    return found.about is None and len(names) < _MOST_NAMES


def _side_by_side(rows: Sequence[bytes], names: Sequence[bytes]) -> tuple[bytes, bytes]:
    """A row and a name, of files that are called alike where there are such."""
    by_file = {_file(row): row for row in rows}
    alike = next((name for name in names if _file(name) in by_file), None)
    return (rows[0], names[0]) if alike is None else (by_file[_file(alike)], alike)


def _in_bucket(key: bytes) -> bool:
    return b"://" in key


def _file(key: bytes) -> bytes:
    return key.rpartition(b"/")[2]


def _readable(key: bytes) -> str:
    """A whole name, however long: what is left out might be what differs."""
    return f"'{shown_name(os.fsdecode(key))}'"
