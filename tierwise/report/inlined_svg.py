"""Plots that lie beside a calibration or a measurement, fit to stand in the page.

Only elements that draw are let through, and only attributes that say where and how: a file in a
folder may have been changed by anybody. Styles become attributes, because the page's policy allows
no others; names get a prefix, so that pictures of one page do not share any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree as ET

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_ELEMENTS = frozenset(
    ["svg", "g", "defs", "path", "use", "text", "tspan", "rect", "circle", "line", "clipPath"]
)
_STYLES = frozenset(
    [
        *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
        *("stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit"),
        *("opacity", "font-size", "font-weight", "text-anchor"),
    ]
)
_ATTRIBUTES = _STYLES | frozenset(
    [
        *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "viewBox"),
        *("transform", "role", "aria-label"),
    ]
)
# Numbers, colours and words: nothing that could name another place.
_PLAIN = re.compile(r"[^<>&\"'\\]*")
_ELSEWHERE = re.compile(r"url\s*\(|:\s*//|javascript:", re.IGNORECASE)
_HERE = re.compile(r"url\(#([\w-]+)\)")
_MOST_BYTES = 400_000


def inlined_svg(data: bytes, prefix: str) -> tuple[str, str] | None:
    """An `<svg>` element for HTML and what it says of itself; None if it is not a plot of ours."""
    text = data[: _MOST_BYTES + 1].decode("utf-8", "replace")
    if len(data) > _MOST_BYTES or "<!" in text:
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314 - see above
    except ET.ParseError:
        return None
    if root.tag != _SVG + "svg":
        return None
    return "".join(_written(root, prefix)), root.get("aria-label", "")


def _written(element: ET.Element, prefix: str) -> Iterator[str]:
    name = element.tag.removeprefix(_SVG) if isinstance(element.tag, str) else ""
    if name not in _ELEMENTS:
        return
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in _kept(element, prefix))
    yield f"<{name}{attributes}>"
    yield escape(element.text or "")
    for child in element:
        yield from _written(child, prefix)
        yield escape(child.tail or "")
    yield f"</{name}>"


def _kept(element: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "style":
            found |= dict(_declarations(value))
        elif key == "id" and re.fullmatch(r"[\w-]+", value):
            yield "id", prefix + value
        elif key in (_LINK, "href") and re.fullmatch(r"#[\w-]+", value):
            yield "href", f"#{prefix}{value[1:]}"
        elif key == "clip-path" and (here := _HERE.fullmatch(value)):
            yield "clip-path", f"url(#{prefix}{here.group(1)})"
        elif key in _ATTRIBUTES:
            found[key] = value
    for key, value in found.items():
        if key == "aria-label" or (_PLAIN.fullmatch(value) and not _ELSEWHERE.search(value)):
            yield key, value


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in _STYLES:
            yield name.strip(), value.strip()
