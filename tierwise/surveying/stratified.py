"""A sample of an archive that holds something of every kind: formats, sizes and shapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain, islice, zip_longest

from tierwise.errors import ImageError, StoreError
from tierwise.images.headers.header import Header
from tierwise.images.headers.headers import read_header
from tierwise.images.limits import Limits
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.patience import read_patiently
from tierwise.surveying.picture_heads import LOOK_PATIENCE_S

# Names drawn for each that is wanted, so that rare kinds come up.
_DRAWN = 20
# Metadata before the picture data seldom take more.
_HEAD_BYTES = 256 * 1024
_MEGAPIXELS = (0.5, 2, 8)
_SHAPES = (0.5, 0.8, 1.25, 2)

Stratum = tuple[str, int, int]


def stratified(names: Sequence[Named], count: int, limits: Limits) -> list[Named]:
    """At most `count` names, as many kinds among them as there are, the same ones each time.

    Headers of twenty times as many names are read. Those that cannot be read are left out.

    Raises:
        StoreError: none can be, for a bucket or disk does not give them.
    """
    drawn = sorted(names, key=lambda named: sha256(named.uri.encode()).digest())
    strata: dict[Stratum, list[Named]] = defaultdict(list)
    away = None
    for named in drawn[: count * _DRAWN]:
        try:
            strata[_stratum(named, limits)].append(named)
        except StoreError as error:
            away = error
        except ImageError:
            continue
    if away and not strata:
        raise away
    in_turn = zip_longest(*(strata[key] for key in sorted(strata)))
    return list(islice(_present(chain.from_iterable(in_turn)), count))


def _present(names: Iterator[Named | None]) -> Iterator[Named]:
    return (named for named in names if named is not None)


def _stratum(named: Named, limits: Limits) -> Stratum:
    header = read_patiently(lambda: _header(named, limits), named.path, named.uri, LOOK_PATIENCE_S)
    width, height = header.upright_size
    return (
        header.format,
        sum(width * height > 1e6 * limit for limit in _MEGAPIXELS),
        sum(width > height * limit for limit in _SHAPES),
    )


def _header(named: Named, limits: Limits) -> Header:
    with files_for(named.path).open(named.path, _HEAD_BYTES, waits=False) as stream:
        return read_header(stream.read(_HEAD_BYTES), name=named.uri, limits=limits)
