"""Taxonomies as others publish them: the one that is shipped, and more where they lie beside."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, SKOS

from tierwise.errors import TasksError
from tierwise.tasks import load_tasks
from tierwise.tasks.label_files import read_label_file
from tierwise.taxonomy.cut import above_cut, cut_of
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel
from tierwise.taxonomy.taxonomy import Taxonomy

EXAMPLES = Path(__file__).parents[3] / "examples" / "taxonomies"
IAB = "iab_content_3.1.tsv"
# A folder with taxonomies that may not be shipped; who has none leaves their tests out.
REFERENCE = Path(__file__).parents[4] / "shared/data/reference"


def of_file(path: Path, *, back_off: bool = False) -> Taxonomy:
    written = read_label_file(path.name, lambda name: (name, path.read_bytes()))
    return grow(written, back_off=back_off)


def reference(name: str) -> Path:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip(f"{name} is not shipped")
    return path


def test_the_content_taxonomy_is_a_tree_of_four_levels() -> None:
    tree = of_file(EXAMPLES / IAB, back_off=True)
    assert (len(tree.options), max(len(label.path) for label in tree.labels)) == (704, 4)
    assert tree.label("Sedan").written_path == "Automotive > Auto Body Styles > Sedan"
    assert tree.find("sedans") == "Sedan"
    assert tree.find("Bars and Restaurants") == "Bars & Restaurants"
    text = (EXAMPLES / "iab.yaml").read_text("utf-8")
    tasks = load_tasks(text, path="iab.yaml", read=lambda n: (n, (EXAMPLES / n).read_bytes()))
    assert tasks.task("subject").answer.options() == tree.options


def test_the_content_taxonomy_is_read_as_it_is_published_below_a_row_of_titles() -> None:
    shipped = of_file(EXAMPLES / IAB)
    published = of_file(reference("iab_content_taxonomy_3.1.tsv"))
    assert [label.path for label in published.labels] == [label.path for label in shipped.labels]


def test_a_row_that_has_its_own_id_for_its_parents_is_a_root(tmp_path: Path) -> None:
    """As the published table of products to advertise has them."""
    table = tmp_path / "ads.tsv"
    table.write_text("Unique ID\tParent ID\tName\n10\t10\tRisk\n11\t10\tArms\n", "utf-8")
    tree = of_file(table, back_off=True)
    assert [label.path for label in tree.labels] == [("Risk",), ("Risk", "Arms")]


@pytest.mark.parametrize(("syntax", "suffix"), [("xml", ".rdf"), ("turtle", ".ttl")])
def test_skos_made_of_the_table_reads_as_the_table(
    syntax: str, suffix: str, tmp_path: Path
) -> None:
    base, graph = "https://example.org/iab/", Graph()
    with (EXAMPLES / IAB).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            node = URIRef(base + row["id"])
            graph.add((node, RDF.type, SKOS.Concept))
            graph.add((node, SKOS.prefLabel, Literal(row["label"], lang="en")))
            graph.add((node, SKOS.notation, Literal(row["id"])))
            if row["parent"]:
                graph.add((node, SKOS.broader, URIRef(base + row["parent"])))
    path = tmp_path / f"iab{suffix}"
    graph.serialize(path, format=syntax)
    table, skos = of_file(EXAMPLES / IAB), of_file(path)
    assert sorted(skos.options) == sorted(table.options)
    assert all(
        (skos.label(name).id, skos.label(name).path) == (label.id, label.path)
        for label in table.labels
        for name in [label.name]
    )


def test_the_product_taxonomy_taken_twice_is_asked_in_two_questions() -> None:
    lines = reference("google_product_taxonomy_with_ids.en-US.txt").read_text("utf-8").split("\n")
    found = [m for line in lines if (m := re.fullmatch(r"( *)(\d+) \| \[.*?\] \| (.*)", line))]
    rows, above = list[WrittenLabel](), dict[int, str]()
    for match in found:
        depth = (len(match[1]) + len(match[2]) - 4) // 2
        above[depth] = match[2]
        parent = above[depth - 1] if depth else ""
        rows.append(WrittenLabel(match[3], id=match[2], parent=parent, place=f"line {match[2]}"))
    once = grow(rows)
    assert len(once.labels) == 5_595
    twice = [
        WrittenLabel(
            one.name,
            id=f"{turn}-{one.id}",
            parent=f"{turn}-{one.parent}" if one.parent else f"r{turn}",
            place=one.place,
        )
        for turn in (1, 2)
        for one in rows
    ]
    roots = [WrittenLabel(f"part {turn}", id=f"r{turn}", place="root") for turn in (1, 2)]
    tree = grow([*roots, *twice], back_off=True)
    assert len(tree.options) == 2 * 5_595 + 2
    cut = cut_of(tree)
    assert 50 < len(above_cut(tree, cut).options) < 500


def test_a_thousand_classes_of_which_two_differ_in_case() -> None:
    path = reference("imagenet1k_classes.txt")
    with pytest.raises(TasksError, match=r"line 475: 'cardigan' is 'Cardigan' but for case.*265"):
        of_file(path)  # a garment, and a dog
    text = path.read_text("utf-8").replace("Cardigan", "Cardigan corgi")
    found = grow(read_label_file(path.name, lambda name: (name, text.encode())))
    assert len(found.options) == 1_000
    assert found.find("Goldfinches") == "goldfinch"
