"""Plots of ours come through whole; whatever else a file says does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tierwise.measurement import MeasuredRoute
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.report.inlined_svg import inlined_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'


def test_a_plot_of_ours_is_drawn_without_styles() -> None:
    tokens = {"high": 1064, "medium": 532, "<b>low</b> & more": 266}
    routes = [
        MeasuredRoute("x", name, 9, 0, n, n, n, n, 0, 20.0, 3.0, 0.0, Decimal("0.1"), 800.0)
        for name, n in tokens.items()
    ]
    svg = tokens_plot("kind", routes, emulated=True).svg()
    made = inlined_svg(svg.encode(), "a-")
    assert made is not None
    drawn, said = made
    for element in ("<path", "<use", "<text", "<clipPath"):
        assert drawn.count(element) == svg.count(element) > 0
    assert "style=" not in drawn
    assert "currentColor" in drawn
    assert 'href="#a-' in drawn
    assert "&lt;b&gt;low&lt;/b&gt; &amp; more" in drawn
    assert "emulated" in said


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>hi</p></foreignObject>",
        '<image href="http://example.com/x.png"/>',
        '<use x:href="http://example.com/x.svg#a"/>',
        '<a href="javascript:alert(1)"><text>hi</text></a>',
        '<rect onclick="alert(1)" fill="url(http://example.com)" style="fill: url(//evil)"/>',
        '<g clip-path="url(http://example.com#a)"/>',
        "<style>* { display: none }</style>",
        '<animate attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_nothing_that_acts_or_reaches_out_comes_through(inside: str) -> None:
    made = inlined_svg(f"{OPEN}{inside}<rect width='5' fill='#123456'/></svg>".encode(), "a-")
    assert made is not None
    assert '<rect width="5" fill="#123456">' in made[0]
    for word in ("script", "example.com", "evil", "onclick", "foreignObject", "<style", "animate"):
        assert word not in made[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no svg",
        b"<html/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b"<svg",
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>' + b"x" * 500_000 + b"</text></svg>",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_plot_is_left_out(data: bytes) -> None:
    assert inlined_svg(data, "a-") is None
