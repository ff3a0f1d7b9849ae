"""SKOS vocabularies, written by rdflib from tables and read back."""

from __future__ import annotations

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, SKOS

from tierwise.errors import TasksError
from tierwise.tasks.label_files import read_label_file
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel
from tierwise.taxonomy.skos import read_skos

BASE = "http://example.org/kinds/"


def vocabulary() -> Graph:
    graph = Graph()
    concepts = {
        "1": ("animals", "Tiere", None),
        "2": ("cat", "Katze", "1"),
        "3": ("dog", "Hund", "1"),
        "4": ("gift", "Hund", None),
    }
    for number, (english, german, above) in concepts.items():
        node = URIRef(BASE + number)
        graph.add((node, RDF.type, SKOS.Concept))
        graph.add((node, SKOS.prefLabel, Literal(english, lang="en")))
        graph.add((node, SKOS.prefLabel, Literal(german, lang="de")))
        graph.add((node, SKOS.notation, Literal(f"k{number}")))
        if above:
            graph.add((node, SKOS.broader, URIRef(BASE + above)))
    graph.add((URIRef(BASE + "2"), SKOS.definition, Literal("a small\n feline", lang="en")))
    graph.add((URIRef(BASE + "2"), SKOS.altLabel, Literal("puss", lang="en")))
    return graph


@pytest.mark.parametrize(("syntax", "name"), [("xml", "k.rdf"), ("turtle", "k.ttl")])
def test_concepts_are_labels_with_ids_parents_and_other_names(syntax: str, name: str) -> None:
    data = vocabulary().serialize(format=syntax).encode()
    taxonomy = grow(read_label_file(name, lambda given: (given, data)))
    assert taxonomy.options == ("cat", "dog", "gift")
    cat = taxonomy.label("cat")
    assert (cat.id, cat.path, cat.description) == ("k2", ("animals", "cat"), "a small feline")
    assert taxonomy.find("Katze") == taxonomy.find("puss") == "cat"
    # A name in another language that two concepts have means neither.
    assert taxonomy.find("Hund") is None


def test_narrower_says_the_same_as_broader() -> None:
    graph = vocabulary()
    for below, above in list(graph.subject_objects(SKOS.broader)):
        graph.remove((below, SKOS.broader, above))
        graph.add((above, SKOS.narrower, below))
    assert parents(graph) == parents(vocabulary()) == {"cat": "k1", "dog": "k1"}


def parents(graph: Graph) -> dict[str, str]:
    labels = read_skos(graph.serialize(format="turtle"), path="k.ttl", syntax="turtle")
    return {label.name: label.parent for label in labels if label.parent}


def test_the_language_is_the_one_that_most_concepts_have() -> None:
    graph = vocabulary()
    graph.remove((URIRef(BASE + "4"), SKOS.prefLabel, Literal("gift", lang="en")))
    names = read_skos(graph.serialize(format="turtle"), path="k.ttl", syntax="turtle")
    assert [label.name for label in names] == ["Tiere", "Katze", "Hund", "Hund"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("@prefix", "k.ttl: this is not Turtle"),
        ("", "there is no skos:Concept"),
        (f"<{BASE}1> a <{SKOS.Concept}> .", f"k.ttl, {BASE}1: it has no skos:prefLabel"),
        (
            f'<{BASE}1> a <{SKOS.Concept}>; <{SKOS.prefLabel}> "a"; '
            f"<{SKOS.broader}> <{BASE}8>, <{BASE}9> .",
            f"{BASE}1: it has 2 broader concepts, {BASE}8 and {BASE}9",
        ),
        (
            f'<{BASE}1> a <{SKOS.Concept}>; <{SKOS.prefLabel}> "a"; <{SKOS.broader}> <{BASE}8> .',
            "is none of this file",
        ),
    ],
)
def test_bad_vocabularies_are_refused(text: str, problem: str) -> None:
    with pytest.raises(TasksError) as error:
        list(read_skos(text, path="k.ttl", syntax="turtle"))
    assert problem in str(error.value)


def test_a_vocabulary_in_a_circle_is_refused_by_the_addresses() -> None:
    graph = vocabulary()
    graph.add((URIRef(BASE + "1"), SKOS.broader, URIRef(BASE + "2")))
    labels: list[WrittenLabel] = read_skos(graph.serialize(format="xml"), path="k", syntax="xml")
    with pytest.raises(TasksError, match=f"k, {BASE}1: the parents go round"):
        grow(labels)
