"""XMP sidecars with our keywords among those of people, told apart by a record of what is ours.

Keywords stand three times, as programs read them: `dc:subject`, `lr:hierarchicalSubject` and
`digiKam:TagsList`. What we add to each is repeated in a namespace of our own, so that a later
export takes away exactly that. Whoever had the keyword before us keeps it.

Programs read the richest of the lists that there are, and a sidecar before the picture itself. So
a list that we begin starts with what people wrote in the poorer ones, or in the picture. Once
people have added to such a list, these copies are theirs and stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from tierwise.exports.keywords import Keyword, with_slashes

MOST_BYTES = 32 << 20
# The namespace of what is ours.
OURS = "tierwise:ns:xmp/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = {
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "tierwise": OURS,
}
_DESCRIPTION, _ABOUT, _ITEM = (f"{{{_RDF}}}{name}" for name in ("Description", "about", "li"))
_LISTS = tuple(f"{{{_RDF}}}{name}" for name in ("Bag", "Seq", "Alt"))
# Those of keywords, each with the kind of list that programs write.
_SUBJECT = f"{{{_SPACES['dc']}}}subject"
_HIERARCHY = f"{{{_SPACES['lr']}}}hierarchicalSubject"
_TAGS = f"{{{_SPACES['digiKam']}}}TagsList"
_KINDS = {_SUBJECT: "Bag", _HIERARCHY: "Bag", _TAGS: "Seq"}
_NEW = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
_PACKET = (b"<x:xmpmeta", b"</x:xmpmeta>")


class SidecarError(ValueError):
    """A sidecar cannot be changed without losing what somebody wrote; the message says why."""


@dataclass(frozen=True, slots=True)
class Written:
    """The keywords that people wrote, list by list."""

    subject: tuple[str, ...] = ()
    hierarchy: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


NOTHING_WRITTEN = Written()


def with_keywords(
    before: bytes | None, keywords: Sequence[Keyword], run_id: str, inside: Written
) -> bytes | None:
    """A sidecar with these keywords in the place of those of an earlier export.

    Args:
        before: the sidecar that is there.
        keywords: none takes ours away.
        run_id: the run that they are of.
        inside: what the picture itself has.

    Returns:
        None where nothing is left that is worth a file. Bytes that say nothing else than before
        are those of before.

    Raises:
        SidecarError: it cannot be read as XMP, or has keywords that are no list.
    """
    tree = _parsed(_NEW.encode() if before is None else before)
    rdf = _rdf(tree)
    had = _without_ours(rdf, inside)
    if keywords:
        _add(rdf, keywords, run_id, inside)
    elif not had:
        return before
    elif _is_empty(rdf):
        return None
    text = _text(tree)
    return before if before is not None and text == _text(_parsed(before)) else text


def written_in(picture: bytes) -> Written:
    """The keywords in the XMP packet of a picture, or of its beginning; none if it cannot be read.

    >>> written_in(b"no picture") == NOTHING_WRITTEN
    True
    """
    start = picture.find(_PACKET[0])
    end = picture.find(_PACKET[1], start)
    if start < 0 or end < 0:
        return NOTHING_WRITTEN
    try:
        rdf = _rdf(_parsed(picture[start : end + len(_PACKET[1])]))
        return _written(rdf)
    except SidecarError:
        return NOTHING_WRITTEN


def _parsed(data: bytes) -> etree._ElementTree:
    """A stranger's XML: no entity is resolved, nothing is fetched."""
    if len(data) > MOST_BYTES:
        raise SidecarError(f"it has more than {MOST_BYTES >> 20} MB")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SidecarError(f"it is not XML: {error}") from error
    tree = root.getroottree()
    if tree.docinfo.doctype:
        raise SidecarError("it has a DOCTYPE, which no program writes into XMP")
    return tree


def _rdf(tree: etree._ElementTree) -> etree._Element:
    found = next(tree.getroot().iter(f"{{{_RDF}}}RDF"), None)
    if found is None:
        raise SidecarError("it has no rdf:RDF, which all XMP has")
    return found


def _written(rdf: etree._Element) -> Written:
    return Written(*(tuple(_texts(rdf, name)) for name in (_SUBJECT, _HIERARCHY, _TAGS)))


def _texts(rdf: etree._Element, name: str) -> list[str]:
    items = _list_of(rdf, name)
    return [] if items is None else [item.text or "" for item in items.iterfind(_ITEM)]


def _list_of(rdf: etree._Element, name: str) -> etree._Element | None:
    """The list of a property, None where it is not there."""
    for described in rdf.iterfind(_DESCRIPTION):
        if name in described.attrib:
            raise SidecarError(f"its {_short(name)} is no list")
        for found in described.iterfind(name):
            items = next((one for one in found if one.tag in _LISTS), None)
            if items is None:
                raise SidecarError(f"its {_short(name)} is no list")
            return items
    return None


def _short(name: str) -> str:
    space, _, local = name[1:].partition("}")
    return f"{next(prefix for prefix, one in _SPACES.items() if one == space)}:{local}"


def _without_ours(rdf: etree._Element, inside: Written) -> bool:
    """Take away what an earlier export has added; whether there was anything."""
    had = False
    for name in _KINDS:
        _clear(rdf, name, inside)
    for described in list(rdf.iterfind(_DESCRIPTION)):
        marks = [one for one in described if _is_ours(one.tag)]
        for mark in marks:
            _remove(mark)
        marked = [name for name in described.attrib if _is_ours(name)]
        for name in marked:
            del described.attrib[name]
        had |= bool(marks or marked)
        if (marks or marked) and _says_nothing(described):
            _remove(described)
    return had


def _clear(rdf: etree._Element, name: str, inside: Written) -> None:
    """Take our keywords out of one list, after those that it may have copies of."""
    ours, items = _texts(rdf, _record_of(name)), _list_of(rdf, name)
    if items is None or not ours:
        return
    if set(_texts(rdf, name)) - set(ours):
        ours = [word for word in ours if word not in _copied(rdf, name, inside)]
    for item in list(items.iterfind(_ITEM)):
        if item.text in ours:
            _remove(item)
    if not len(items):
        _remove(items.getparent())


def _copied(rdf: etree._Element, name: str, inside: Written) -> set[str]:
    """What a list may have from people's words elsewhere."""
    subject = {*_texts(rdf, _SUBJECT), *inside.subject}
    hierarchy = {*_texts(rdf, _HIERARCHY), *inside.hierarchy, *subject}
    return {
        _SUBJECT: set(inside.subject),
        _HIERARCHY: {*inside.hierarchy, *subject},
        _TAGS: {*inside.tags, *map(with_slashes, hierarchy)},
    }[name]


def _is_ours(name: object) -> bool:
    return isinstance(name, str) and name.startswith(f"{{{OURS}}}")


def _record_of(name: str) -> str:
    return f"{{{OURS}}}{name.rpartition('}')[2]}"


def _says_nothing(described: etree._Element) -> bool:
    return not len(described) and not set(described.attrib) - {_ABOUT}


def _is_empty(rdf: etree._Element) -> bool:
    return all(_says_nothing(one) for one in rdf if isinstance(one.tag, str))


def _add(rdf: etree._Element, keywords: Sequence[Keyword], run_id: str, inside: Written) -> None:
    theirs = _written(rdf)
    subject = theirs.subject or inside.subject
    hierarchy = theirs.hierarchy or inside.hierarchy or subject
    tags = theirs.tags or inside.tags or tuple(map(with_slashes, hierarchy))
    wanted = {
        _SUBJECT: (theirs.subject, [*subject, *(one.flat for one in keywords)]),
        _HIERARCHY: (theirs.hierarchy, [*hierarchy, *(one.with_bars for one in keywords)]),
        _TAGS: (theirs.tags, [*tags, *(one.with_slashes for one in keywords)]),
    }
    ours = _new_description(rdf)
    ours.set(f"{{{OURS}}}run", run_id)
    for name, (there, words) in wanted.items():
        added = [word for word in dict.fromkeys(words) if word not in there]
        items = _list_of(rdf, name)
        if items is None and added:
            items = _new_list(ours, name, _KINDS[name])
        for word in added:
            _append(items, _ITEM).text = word
        if added:
            record = _new_list(ours, _record_of(name), "Bag")
            for word in added:
                _append(record, _ITEM).text = word


def _new_description(rdf: etree._Element) -> etree._Element:
    """One of our own, about what all are about."""
    about = next((one.get(_ABOUT, "") for one in rdf.iterfind(_DESCRIPTION)), "")
    return _append(rdf, _DESCRIPTION, {_ABOUT: about}, _SPACES)


def _new_list(described: etree._Element, name: str, kind: str) -> etree._Element:
    return _append(_append(described, name), f"{{{_RDF}}}{kind}")


def _append(
    parent: etree._Element,
    name: str,
    attributes: dict[str, str] | None = None,
    spaces: dict[str, str] | None = None,
) -> etree._Element:
    """A new last child, on a line of its own as far in as its siblings."""
    depth = sum(1 for _ in parent.iterancestors())
    if len(parent):
        last = parent[-1]
        before, after = parent.text, last.tail
        last.tail = before
    else:
        before, after = "\n" + " " * (depth + 1), "\n" + " " * depth
        parent.text = before
    child = etree.SubElement(parent, name, attributes or {}, spaces)
    child.tail = after
    return child


def _remove(child: etree._Element) -> None:
    """Without the line that it stands on."""
    parent, before = child.getparent(), child.getprevious()
    if child.getnext() is None:
        if before is None:
            parent.text = child.tail
        else:
            before.tail = child.tail
    parent.remove(child)


def _text(tree: etree._ElementTree) -> bytes:
    """With what stands before and behind the root, on lines of their own."""
    root = tree.getroot()
    parts = [*reversed([*root.itersiblings(preceding=True)]), root, *root.itersiblings()]
    lines = (etree.tostring(part, encoding="unicode", with_tail=False) for part in parts)
    return ("\n".join(lines) + "\n").encode()
