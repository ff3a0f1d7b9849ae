"""Annotations of a PDF page that lie on a layer which is switched off.

PDFium hides what a page's content puts on such a layer, but draws annotations whatever they lie on
(ISO 32000, 8.11: optional content). So they are looked up here, and hidden before it draws.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from pypdfium2 import raw

from tierwise.images.decoders.pdf_objects import PdfObjects, Reference

_HIDDEN = 2
_MOST_ANNOTATIONS = 10_000
_DEEPEST = 50


def hide_annotations(document: Any, page: Any, number: int) -> None:
    """Hide what a viewer does not show; `number` counts pages from 0."""
    layered = [at for at in _annotations(page) if _has_layer(page, at)]
    if not layered:
        return
    copy = io.BytesIO()
    document.save(copy, flags=raw.FPDF_REMOVE_SECURITY)
    objects = PdfObjects(copy.getvalue())
    layers = _Layers(objects)
    written = objects.items(_page(objects, number).get("Annots"))
    for at in layered:
        found = objects.dictionary(written[at] if at < len(written) else None)
        if "OC" in found and not layers.shows(found["OC"]):
            _hide(page, at)


def _annotations(page: Any) -> range:
    return range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS))


def _has_layer(page: Any, at: int) -> bool:
    annotation = raw.FPDFPage_GetAnnot(page, at)
    try:
        return bool(raw.FPDFAnnot_HasKey(annotation, b"OC"))
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _hide(page: Any, at: int) -> None:
    annotation = raw.FPDFPage_GetAnnot(page, at)
    try:
        raw.FPDFAnnot_SetFlags(annotation, raw.FPDFAnnot_GetFlags(annotation) | _HIDDEN)
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _page(objects: PdfObjects, number: int) -> Mapping[str, Any]:
    for at, page in enumerate(_pages(objects, objects.root().get("Pages"), 0)):
        if at == number:
            return page
    return {}


def _pages(objects: PdfObjects, value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    node = objects.dictionary(value)
    if "Kids" not in node:
        yield node
    elif depth < _DEEPEST:
        for kid in objects.items(node["Kids"]):
            yield from _pages(objects, kid, depth + 1)


class _Layers:
    """Which layers are on when a viewer opens the document."""

    def __init__(self, objects: PdfObjects) -> None:
        self._objects = objects
        properties = objects.dictionary(objects.root().get("OCProperties"))
        self._config = objects.dictionary(properties.get("D"))

    def shows(self, value: Any, depth: int = 0) -> bool:
        """Whether what lies on a layer, or on several by a rule (OCMD), is shown."""
        found = self._objects.dictionary(value)
        if found.get("Type") != b"/OCMD":
            return not isinstance(value, Reference) or self._is_on(value, found)
        if "VE" in found and depth < _DEEPEST:
            return self._holds(found["VE"], depth)
        states = [self.shows(one, depth + 1) for one in self._objects.items(found.get("OCGs"))]
        policy = found.get("P", b"/AnyOn")
        if not states:
            return True
        if policy == b"/AllOn":
            return all(states)
        if policy == b"/AnyOff":
            return not all(states)
        return not any(states) if policy == b"/AllOff" else any(states)

    def _holds(self, value: Any, depth: int) -> bool:
        expression = self._objects.resolved(value)
        if not isinstance(expression, list):
            return self.shows(value, depth + 1)
        parts = (
            [self._holds(part, depth + 1) for part in expression[1:]] if depth < _DEEPEST else []
        )
        if expression[:1] == [b"/Not"]:
            return not any(parts)
        return all(parts) if expression[:1] == [b"/And"] else any(parts)

    def _is_on(self, layer: Reference, found: Mapping[str, Any]) -> bool:
        state = self._config.get("BaseState") != b"/OFF"
        if layer in self._objects.items(self._config.get("ON")):
            state = True
        if layer in self._objects.items(self._config.get("OFF")):
            state = False
        for rule in map(self._objects.dictionary, self._objects.items(self._config.get("AS"))):
            if rule.get("Event") == b"/View" and layer in self._objects.items(rule.get("OCGs")):
                usage = self._objects.dictionary(found.get("Usage"))
                view = self._objects.dictionary(usage.get("View"))
                state = view.get("ViewState") != b"/OFF" if view else state
        return state
