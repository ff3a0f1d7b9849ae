"""Whether deflated data are what was written: their own checksum tells, which decoders skip."""

from __future__ import annotations

import zlib

_INPUT, _OUTPUT = 1 << 16, 1 << 22  # bytes at once


def damage_of_deflated(data: bytes, enough: int | None = None) -> str:
    """What is wrong with deflated data; ``""`` if nothing is.

    Where `enough` bytes are known to suffice, data that hold them may end before their checksum.
    """
    stream, unpacked = zlib.decompressobj(), 0
    try:
        for at in range(0, len(data), _INPUT):
            unpacked += len(stream.decompress(data[at : at + _INPUT], _OUTPUT))
            while stream.unconsumed_tail:
                unpacked += len(stream.decompress(stream.unconsumed_tail, _OUTPUT))
            if stream.eof:
                return ""
    except zlib.error as error:
        return str(error)
    return "" if enough is not None and unpacked >= enough else "deflated data without an end"
