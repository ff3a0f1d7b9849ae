"""Sidecars: what people wrote stays, ours is told apart, and nobody's XML is trusted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from PIL import Image

from tierwise.exports.keywords import Keyword
from tierwise.exports.sidecar import (
    NOTHING_WRITTEN,
    SidecarError,
    Written,
    with_keywords,
    written_in,
)

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
LISTS = {
    "subject": "{http://purl.org/dc/elements/1.1/}subject",
    "hierarchy": "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject",
    "tags": "{http://www.digikam.org/ns/1.0/}TagsList",
}
CAT, RED = Keyword(("kind", "animals", "cat")), Keyword(("hues", "red"))
LIGHTROOM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:odd="urn:odd/" xmp:Rating="4" odd:x="a&#10;b">
   <!-- mine -->
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Anna</rdf:li>
     <rdf:li>red</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tom &amp; Anna</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def lists_of(sidecar: bytes | None) -> dict[str, list[str]]:
    assert sidecar is not None
    root = ElementTree.fromstring(sidecar)
    found = {name: root.findall(f".//{tag}//{RDF}li") for name, tag in LISTS.items()}
    return {name: [item.text or "" for item in items] for name, items in found.items()}


def plain(sidecar: bytes) -> str:
    return ElementTree.canonicalize(sidecar.decode(), with_comments=True, strip_text=True)


def export(
    before: bytes | None, *keywords: Keyword, run: str = "run", inside: Written = NOTHING_WRITTEN
) -> bytes | None:
    return with_keywords(before, keywords, run, inside)


def test_keywords_stand_in_the_three_lists_that_programs_read() -> None:
    first = export(None, CAT, RED)
    assert lists_of(first) == {
        "subject": ["cat", "red"],
        "hierarchy": ["kind|animals|cat", "hues|red"],
        "tags": ["kind/animals/cat", "hues/red"],
    }
    assert export(first, CAT, RED) == first
    assert lists_of(export(first, RED))["subject"] == ["red"]
    assert export(first) is None
    assert export(None) is None


def test_what_people_wrote_stays_and_is_all_that_is_left_in_the_end() -> None:
    with_ours = export(LIGHTROOM, CAT, RED)
    assert with_ours is not None
    for sign in (b"<!-- mine -->", b'xmp:Rating="4"', b'odd:x="a&#10;b"', b"Tom &amp; Anna"):
        assert sign in with_ours
    assert lists_of(with_ours)["subject"] == ["Anna", "red", "cat"]
    assert with_ours.count(b'rdf:about="uuid:1"') == 2
    # A later run calls it something else; people have added a keyword meanwhile.
    anna = b"<rdf:li>Anna</rdf:li>"
    meanwhile = with_ours.replace(anna, anna + anna.replace(b"Anna", b"Bob"), 1)
    later = export(meanwhile, Keyword(("kind", "dog")), run="later")
    assert lists_of(later)["subject"] == ["Anna", "Bob", "red", "dog"]
    cleared = export(later)
    assert cleared is not None
    assert plain(cleared).replace("<rdf:li>Bob</rdf:li>", "") == plain(LIGHTROOM)
    assert export(LIGHTROOM) is LIGHTROOM


def test_a_list_that_we_begin_hides_no_keyword_of_a_poorer_one() -> None:
    found = lists_of(export(LIGHTROOM, CAT))
    assert found["hierarchy"] == ["Anna", "red", "kind|animals|cat"]
    assert found["tags"] == ["Anna", "red", "kind/animals/cat"]
    inside = Written(subject=("Tom",), hierarchy=("people|Tom",))
    found = lists_of(export(None, CAT, inside=inside))
    assert found == {
        "subject": ["Tom", "cat"],
        "hierarchy": ["people|Tom", "kind|animals|cat"],
        "tags": ["people/Tom", "kind/animals/cat"],
    }
    assert export(export(None, CAT, inside=inside), inside=inside) is None


def test_copies_are_of_people_once_they_have_added_to_the_list() -> None:
    first = export(LIGHTROOM, CAT)
    assert first is not None
    tag = b"<rdf:li>kind/animals/cat</rdf:li>"
    edited = first.replace(tag, tag + b"<rdf:li>people/Bob</rdf:li>", 1)
    again = lists_of(export(edited, RED))
    assert again["tags"] == ["Anna", "red", "people/Bob", "hues/red"]
    assert again["hierarchy"] == ["Anna", "red", "hues|red"]
    cleared = lists_of(export(export(edited, RED)))
    assert cleared["tags"] == ["Anna", "red", "people/Bob"]
    assert cleared["hierarchy"] == []
    inside = Written(subject=("family",), hierarchy=("people|family",))
    begun = export(None, CAT, inside=inside)
    assert begun is not None
    cat = b"<rdf:li>cat</rdf:li>"
    edited = begun.replace(cat, cat + b"<rdf:li>beach</rdf:li>", 1)
    with_red = export(edited, RED, inside=inside)
    assert lists_of(with_red)["subject"] == ["family", "beach", "red"]
    assert lists_of(export(with_red, inside=inside))["subject"] == ["family", "beach"]
    inside = Written(tags=("people/Tom",))
    begun = export(None, CAT, inside=inside)
    assert begun is not None
    edited = begun.replace(tag, b"<rdf:li>Bob</rdf:li>", 1)
    assert lists_of(export(edited, inside=inside))["tags"] == ["people/Tom", "Bob"]


def test_keywords_inside_a_picture_are_read() -> None:
    image, buffer = Image.new("RGB", (9, 9)), io.BytesIO()
    image.save(buffer, "JPEG", xmp=LIGHTROOM)
    assert written_in(buffer.getvalue()) == Written(subject=("Anna", "red"))
    assert written_in(buffer.getvalue()[:90]) == NOTHING_WRITTEN
    assert written_in(b"<x:xmpmeta <<< </x:xmpmeta>") == NOTHING_WRITTEN


def _strange() -> Iterator[tuple[bytes, str]]:
    yield b"", "not XML"
    yield b"<a>", "not XML"
    yield b"<a/>", "no rdf:RDF"
    bomb = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>'
    yield bomb + LIGHTROOM.partition(b"?>")[2].replace(b"Anna", b"&y;"), "DOCTYPE"
    outside = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield outside + LIGHTROOM.partition(b"?>")[2].replace(b"Anna", b"&x;"), "DOCTYPE"
    yield LIGHTROOM.replace(b"rdf:Bag", b"rdf:Other"), "dc:subject is no list"
    yield LIGHTROOM.replace(b"xmp:Rating=", b"dc:subject="), "dc:subject is no list"


@pytest.mark.parametrize(("before", "said"), [*_strange()], ids=range(7))
def test_what_cannot_be_changed_without_loss_is_refused(before: bytes, said: str) -> None:
    with pytest.raises(SidecarError, match=said):
        export(before, CAT)


def test_deep_nesting_ends_as_a_refusal() -> None:
    deep = b"<a>" * 100_000 + b"</a>" * 100_000
    with pytest.raises(SidecarError):
        export(deep, CAT)


def test_other_encodings_are_read_and_become_utf_8() -> None:
    text = LIGHTROOM.decode().replace("Anna", "Änne")
    found = export(text.encode("utf-16"), CAT)
    assert lists_of(found)["subject"] == ["Änne", "red", "cat"]
    latin = text.replace("\ufeff", "").encode("latin-1")
    declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + latin
    assert lists_of(export(declared, CAT))["subject"] == ["Änne", "red", "cat"]
