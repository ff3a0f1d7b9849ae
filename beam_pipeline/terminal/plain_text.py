"""Text from files, models and people, as a terminal may show it."""

from __future__ import annotations

from tierwise.answers.written_words import JOINERS


def plain(text: str, most: int = 0) -> str:
    r"""On one line, with what would steer a terminal written out; shortened to `most` characters.

    >>> plain("a\x1b[2J\nb"), plain("abcdef", 4)
    ('a\\x1b[2J\\nb', 'abc…')
    """
    shown = "".join(
        sign if sign.isprintable() or sign in JOINERS else _escaped(sign) for sign in text
    )
    return shown if not most or len(shown) <= most else shown[: most - 1] + "…"


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
