"""Labels of a SKOS vocabulary, in RDF/XML or Turtle: a concept for each.

SKOS Reference, https://www.w3.org/TR/skos-reference/
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from tierwise.errors import TasksError
from tierwise.shown import shown
from tierwise.taxonomy.label import WrittenLabel

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_ENGLISH = "en"


def read_skos(text: str, *, path: str, syntax: str) -> list[WrittenLabel]:
    """The concepts of a vocabulary, in the order of their addresses.

    A concept is called by its `prefLabel` in the language in which most have one, English where
    that is as frequent as any; its id is its `notation`, else its address. Names in other languages
    and alternative ones are other names of it, `broader` (or `narrower`) says what it lies below,
    and `definition` (or `scopeNote`) what it means.

    Args:
        text: the file's content.
        path: the file's name, for messages.
        syntax: `xml` or `turtle`, as rdflib calls them.

    Raises:
        TasksError: rdflib is not installed, the text is not of this syntax, or a concept has no
            name or two that are broader.
    """
    rdf = _rdflib(path)
    graph = rdf.Graph()
    logging.getLogger("rdflib").setLevel(logging.ERROR)  # it warns of odd literals, at length
    try:
        graph.parse(data=text, format=syntax)
    except Exception as error:
        called = "RDF/XML" if syntax == "xml" else "Turtle"
        words = " ".join(str(error).split())[:200]
        raise TasksError(f"{path}: this is not {called}: {words}. Check it there.") from error
    return list(_Vocabulary(rdf, graph, path).labels())


class _Vocabulary:
    def __init__(self, rdf: Any, graph: Any, path: str) -> None:
        self._rdf, self._graph, self._path = rdf, graph, path

    def labels(self) -> Iterator[WrittenLabel]:
        concepts = sorted(
            set(self._graph.subjects(self._rdf.URIRef(_TYPE), self._term("Concept"))), key=str
        )
        if not concepts:
            raise TasksError(
                f"{self._path}: there is no skos:Concept. Write the labels as concepts, or as CSV."
            )
        language = self._language(concepts)
        above = self._broader(set(concepts))
        ids = {concept: self._id(concept) for concept in concepts}
        for concept in concepts:
            preferred = self._literals(concept, "prefLabel")
            name = _first(preferred, language)
            place = f"{self._path}, {concept}"
            if name is None:
                raise TasksError(f"{place}: it has no skos:prefLabel. Give it one.")
            others = _words(self._literals(concept, "altLabel", "hiddenLabel"))
            yield WrittenLabel(
                name=" ".join(name.split()),
                id=ids[concept],
                description=_first(self._literals(concept, "definition", "scopeNote"), language)
                or "",
                parent=ids[above[concept]] if concept in above else "",
                languages=tuple(
                    dict.fromkeys(word for word in (*_words(preferred), *others) if word != name)
                ),
                place=place,
            )

    def _term(self, name: str) -> Any:
        return self._rdf.URIRef(_SKOS + name)

    def _literals(self, concept: Any, *names: str) -> list[Any]:
        """Texts with their languages, in an order that is always the same."""
        found = [
            one
            for name in names
            for one in sorted(
                self._graph.objects(concept, self._term(name)),
                key=lambda one: (str(getattr(one, "language", "") or ""), str(one)),
            )
        ]
        return [one for one in found if isinstance(one, self._rdf.Literal)]

    def _id(self, concept: Any) -> str:
        notations = self._literals(concept, "notation")
        return str(notations[0]) if notations else str(concept)

    def _language(self, concepts: Iterable[Any]) -> str:
        counts: dict[str, int] = {}
        for concept in concepts:
            for tag in {_tag(one) for one in self._literals(concept, "prefLabel")}:
                counts[tag] = counts.get(tag, 0) + 1
        return max(counts, key=lambda tag: (counts[tag], tag[:2] == _ENGLISH, tag), default="")

    def _broader(self, concepts: set[Any]) -> dict[Any, Any]:
        """Of each concept the one right above it."""
        above: dict[Any, set[Any]] = {}
        for below, one in self._graph.subject_objects(self._term("broader")):
            above.setdefault(below, set()).add(one)
        for one, below in self._graph.subject_objects(self._term("narrower")):
            above.setdefault(below, set()).add(one)
        for concept, found in above.items():
            known = sorted(map(str, found))
            if concept in concepts and len(found) > 1:
                raise TasksError(
                    f"{self._path}, {concept}: it has {len(found)} broader concepts, "
                    f"{known[0]} and {known[1]}; in a tree each has one. Leave out the others."
                )
            if concept in concepts and not found <= concepts:
                raise TasksError(
                    f"{self._path}, {concept}: its broader concept {shown(known[0])} is none of "
                    "this file. Add it, or leave it out."
                )
        return {concept: next(iter(found)) for concept, found in above.items()}


def _rdflib(path: str) -> Any:
    """It is an extra: most labels are lists and tables."""
    try:
        return import_module("rdflib")
    except ImportError as error:
        raise TasksError(
            f"{path}: reading SKOS takes the library rdflib, which is not installed. Run "
            "`pip install 'tierwise[skos]'`, or write the labels as CSV."
        ) from error


def _first(literals: Iterable[Any], language: str) -> str | None:
    """The text in a language, else in any."""
    some = list(literals)
    wanted = next((one for one in some if _tag(one) == language), None)
    found = wanted if wanted is not None else next(iter(some), None)
    return None if found is None else str(found)


def _words(literals: Iterable[Any]) -> list[str]:
    return [" ".join(str(one).split()) for one in literals]


def _tag(literal: Any) -> str:
    return str(literal.language or "").lower()
