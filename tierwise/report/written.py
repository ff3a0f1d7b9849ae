"""Numbers and texts as the page writes them."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from tierwise.accounts.tables import usd

# Control characters but breaks and tabs, and those that turn the direction of what follows: a name
# must not be able to pose as another. Joiners, which emojis and some scripts need, stay.
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_TURNS = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_TRICKY = re.compile(f"[{_CONTROLS}{_TURNS}]")
_LONG = 240


def visible(text: Any, most: int = _LONG) -> str:
    r"""Text from a file, a model or a manifest, on one line, at most `most` characters of it.

    >>> visible("a\x00b\nc"), visible("x\u202egpj.exe"), visible("abcdef", 4)
    ('a\\x00b c', 'x\\u202egpj.exe', 'abc…')
    """
    escaped = _TRICKY.sub(lambda found: _escaped(found.group()), str(text)[: 4 * most + 4])
    shown = " ".join(escaped.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def money(nano: int) -> str:
    """Dollars as short as they still say something: cents above a dollar, else three figures.

    >>> [money(n) for n in (3_120_000_000, 38_400_000_000_000, 12_414_250, 5, 0, -2_500_000)]
    ['$3.12', '$38,400.00', '$0.0124', '$0.000000005', '$0', '−$0.00250']
    """
    dollars = usd(abs(nano))
    sign = "−" if nano < 0 else ""
    if not nano:
        return "$0"
    if dollars >= 1:
        return f"{sign}${dollars:,.2f}"
    places = min(9, 2 - dollars.adjusted())
    return f"{sign}${dollars:.{places}f}"


def exact(nano: int) -> str:
    """All nine places.

    >>> exact(5)
    '$0.000000005'
    """
    return f"{'−' if nano < 0 else ''}${usd(abs(nano)):f}"


def count(number: int) -> str:
    """A number with commas.

    >>> count(41236)
    '41,236'
    """
    return f"{number:,}"


def percent(part: float, whole: float) -> str:
    """A share.

    >>> percent(1, 3), percent(1, 3000), percent(0, 0), percent(3, 3)
    ('33 %', '0.03 %', '0 %', '100 %')
    """
    share = 100 * part / whole if whole else 0.0
    if share and abs(share) < 1:
        return f"{share:.2f} %"
    return f"{share:.0f} %" if share == round(share) or share >= 10 else f"{share:.1f} %"


def answer_cell(value: Any) -> str:
    """An answer as the cell of a labelled manifest says it.

    >>> answer_cell("cat"), answer_cell(["a", "b; c"]), answer_cell({"x": True, "y": None})
    ('cat', '["a", "b; c"]', '{"x": true}')
    """
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if one is not None}
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_number)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
