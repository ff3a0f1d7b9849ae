"""PDF pages as a viewer draws them: form fields, annotations, layers that are off."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.images.picture import Picture

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]


def pdf(*objects: bytes) -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return data + start + table + end % (len(objects) + 1, len(data))


def stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (more, len(body), body)


def _box(text: bytes) -> bytes:
    return stream(text, b"/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<<>>")


FIELDS = b"[5 0 R 6 0 R 7 0 R]"
DARK = b"0 0 0 rg 0 0 80 20 re f"


def _form(*, need_appearances: bool = False) -> bytes:
    """A text field, a ticked box and a signature, one above the other."""
    text = b"" if need_appearances else b"/AP<</N 8 0 R>>"
    needs = b"/NeedAppearances true" if need_appearances else b""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R"
        b"/AcroForm<</Fields%s/DR<</Font<</F 9 0 R>>>>/DA(/F 14 Tf 0 g)%s>>>>" % (FIELDS, needs),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 120]/Contents 4 0 R/Annots%s>>" % FIELDS,
        stream(b""),
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(WWWWWW)/DA(/F 14 Tf 0 g)/F 4"
        b"/Rect[10 90 90 110]%s>>" % text,
        b"<</Type/Annot/Subtype/Widget/FT/Btn/T(b)/V/On/AS/On/F 4/Rect[10 50 90 70]"
        b"/AP<</N<</On 8 0 R/Off 10 0 R>>>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(c)/F 4/Rect[10 10 90 30]/AP<</N 8 0 R>>>>",
        _box(DARK),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>",
        _box(b""),
    )


def _dark(shown: NDArray[np.int_], rows: tuple[int, int]) -> float:
    """The share of dark px between two heights, in points from below, of a page of 120."""
    height = len(shown)
    top, bottom = (height * (120 - row) // 120 for row in reversed(rows))
    return float((shown[top:bottom, len(shown[0]) // 8 : -len(shown[0]) // 8] < 128).mean())


@pytest.mark.parametrize("need_appearances", [False, True])
def test_filled_forms_are_drawn(need_appearances: bool, shrink: Shrink, pixels: Decode) -> None:
    shown = pixels(shrink(_form(need_appearances=need_appearances), max_side=480))
    ticked = 0.02 if need_appearances else 0.9  # PDFium's own tick, or the file's
    assert _dark(shown, (92, 108)) > 0.2
    assert _dark(shown, (52, 68)) > ticked
    assert _dark(shown, (12, 28)) > 0.9


def _annotated(oc: bytes, config: bytes, more: Sequence[bytes] = (), flags: int = 4) -> bytes:
    """A white page under a black annotation on the layer or layers `oc`; layers are 6 and 7."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R 7 0 R]/D<<%s>>>>>>" % config,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 80 20]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Square/Rect[0 0 80 20]/F %d%s/AP<</N 5 0 R>>>>" % (flags, oc),
        _box(DARK),
        b"<</Type/OCG/Name(a \\( b)/Usage<</View<</ViewState/OFF>>>>>>",
        b"<</Type/OCG/Name(b)>>",
        *more,
    )


@pytest.mark.parametrize(
    ("oc", "config", "shown"),
    [
        (b"", b"", True),
        (b"/OC 6 0 R", b"", True),
        (b"/OC 6 0 R", b"/OFF[6 0 R]", False),
        (b"/OC 7 0 R", b"/OFF[6 0 R]", True),
        (b"/OC 6 0 R", b"/BaseState/OFF", False),
        (b"/OC 6 0 R", b"/BaseState/OFF/ON[6 0 R]", True),
        (b"/OC 6 0 R", b"/AS[<</Event/View/Category[/View]/OCGs[6 0 R]>>]", False),
        (b"/OC<</Type/OCMD/OCGs[6 0 R 7 0 R]>>", b"/OFF[6 0 R]", True),
        (b"/OC<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AllOn>>", b"/OFF[6 0 R]", False),
        (b"/OC<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AllOff>>", b"/OFF[6 0 R]", False),
        (b"/OC<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AnyOff>>", b"/OFF[6 0 R]", True),
        (b"/OC<</Type/OCMD/OCGs 6 0 R>>", b"/OFF[6 0 R]", False),
        (b"/OC<</Type/OCMD/VE[/Not 6 0 R]>>", b"/OFF[6 0 R]", True),
        (b"/OC<</Type/OCMD/VE[/And 6 0 R 7 0 R]>>", b"/OFF[6 0 R]", False),
        (b"/OC<</Type/OCMD/VE[/Or 6 0 R [/Not 7 0 R]]>>", b"/OFF[6 0 R]", False),
    ],
)
def test_annotations_follow_their_layer(
    oc: bytes, config: bytes, shown: bool, shrink: Shrink, pixels: Decode
) -> None:
    seen = pixels(shrink(_annotated(oc, config), max_side=160)).mean()
    assert seen < 10 if shown else seen > 245


@pytest.mark.parametrize("flags", [2, 32])
def test_hidden_annotations_are_hidden(flags: int, shrink: Shrink, pixels: Decode) -> None:
    assert pixels(shrink(_annotated(b"", b"", flags=flags), max_side=160)).mean() > 245


def test_a_page_without_text_has_the_pixels_that_are_asked_for(shrink: Shrink) -> None:
    picture = shrink(_form(), max_side=912, tokens=280)
    assert max(picture.width, picture.height) > 768
    assert picture.width * picture.height > 500_000
