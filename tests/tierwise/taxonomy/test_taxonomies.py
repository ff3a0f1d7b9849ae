"""Labels from lists and files of every kind, and which of them a word means."""

from __future__ import annotations

import json
import pickle
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.replies import ReplyError
from tierwise.errors import TasksError
from tierwise.records import ImageSettings, MediaResolution, Route
from tierwise.tasks import Task, load_tasks
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel
from tierwise.taxonomy.levels import shares
from tierwise.wording import render, request_id

CSV = """id,label,description,aliases,parent
10,animals,,,
11,cat,a small feline,puss; Katze; chatte,10
12,dog,,hound,animals
20,things,,,
21,toy cat,"of cloth, or wood",,20
"""
ROWS = [
    {"id": "10", "label": "animals"},
    {
        "id": "11",
        "label": "cat",
        "description": "a small feline",
        "aliases": ["puss", "Katze", "chatte"],
        "parent": "10",
    },
    {"id": "12", "label": "dog", "aliases": ["hound"], "parent": "animals"},
    {"id": "20", "label": "things"},
    {"id": "21", "label": "toy cat", "description": "of cloth, or wood", "parent": "20"},
]


def answer_of(labels: Any, files: dict[str, bytes] | None = None, **keys: Any) -> Any:
    return task_of(labels, files, **keys).answer


def task_of(labels: Any, files: dict[str, bytes] | None = None, **keys: Any) -> Task:
    def read(name: str) -> tuple[str, bytes]:
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return f"my/{name}", (files or {})[name]

    task = {"prompt": "Which?", "labels": labels, **keys}
    text = json.dumps({"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}}, indent=1)
    return load_tasks(text, path="my/tasks.yaml", read=read).task("kind")


def refusal(labels: Any, files: dict[str, bytes] | None = None, **keys: Any) -> str:
    with pytest.raises(TasksError) as error:
        answer_of(labels, files, **keys)
    return str(error.value)


FILES = {
    "k.csv": ("\ufeff" + CSV).encode(),
    "k.tsv": CSV.replace("of cloth, or wood", "of cloth  or wood")
    .replace(",", "\t")
    .replace("of cloth  or wood", "of cloth, or wood")
    .encode(),
    "k.jsonl": "\n\n".join(map(json.dumps, ROWS)).encode(),
    "k.yaml": json.dumps(ROWS).encode(),
    "k.yml": json.dumps({"labels": ROWS}).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_every_kind_hold_the_same_labels(name: str) -> None:
    answer, inline = answer_of(name, FILES), answer_of(ROWS)
    assert isinstance(answer, OneLabel)
    assert answer.labels == ("cat", "dog", "toy cat")
    assert answer == inline
    assert answer.cells("toy cat") == {"label_id": "21", "label_path": "things > toy cat"}
    assert answer.read("chatte") == "cat"


def test_a_text_file_has_a_label_in_each_line_or_its_path() -> None:
    text = "# kinds\n\nanimals\nanimals > cat\nanimals > cat > kitten\nthings\nthings > cat\n"
    answer = answer_of("k.txt", {"k.txt": text.encode()})
    assert answer.labels == ("kitten", "things > cat")
    assert answer.cells("kitten")["label_path"] == "animals > cat > kitten"


def test_a_line_may_begin_with_its_number_and_steps_of_paths_are_labels() -> None:
    text = "8 - Pets > Cats\n9 - Pets > Dogs\n10 - Plants"
    answer = answer_of("k.txt", {"k.txt": text.encode()})
    assert answer.labels == ("Cats", "Dogs", "Plants")
    assert answer.cells("Dogs") == {"label_id": "9", "label_path": "Pets > Dogs"}
    mixed = answer_of("k.txt", {"k.txt": b"8 - Pets\nPlants"})
    assert mixed.labels == ("8 - Pets", "Plants")


def test_spreadsheets_may_part_columns_by_semicolons() -> None:
    rows = '\ufeffID;Label;Description\n1;Bäume;"hoch, grün"\n2;Gras;\n'
    answer = answer_of("k.csv", {"k.csv": rows.encode()})
    assert answer.labels == ("Bäume", "Gras")
    assert answer.taxonomy.label("Bäume").description == "hoch, grün"


def test_a_path_column_stands_for_label_and_parent() -> None:
    rows = "path,owner\nanimals,ann\nanimals > cat,bob\n"
    assert answer_of("k.csv", {"k.csv": rows.encode()}, back_off=True).labels == ("animals", "cat")


@pytest.mark.parametrize(
    ("name", "rows", "paths"),
    [
        # A root is called as an inner label, and a path ends as another begins.
        ("k.csv", "path\nx > a\nx > a > b\na > b > c", ["x > a > b", "a > b > c"]),
        ("k.txt", "cat > food\nanimals > cat > food", ["cat > food", "animals > cat > food"]),
        ("k.txt", "7 - a > 8\n8 - b > 7", ["a > 8", "b > 7"]),
        # Steps are labels of this list, however it tells of them.
        (
            "k.csv",
            "id,label,parent,path\n1,a,,\n2,b,1,\n,c,b,\n,,,A > b > c > d\n,,,a > e > f\n,g,e,",
            ["a > b > c > d", "a > e > f", "a > e > g"],
        ),
        (
            "k.jsonl",
            '{"path": "a > b > c"}\n{"label": "d", "parent": "a > b"}',
            ["a > b > c", "a > b > d"],
        ),
    ],
)
def test_a_path_begins_at_a_root_and_its_steps_are_labels(
    name: str, rows: str, paths: list[str]
) -> None:
    answer = answer_of(name, {name: rows.encode()})
    assert [answer.cells(label)["label_path"] for label in answer.labels] == paths


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("puss", "cat"),
        ("KATZE", "cat"),
        ("Cats", "cat"),
        ("hounds", "dog"),
        ("toy-cats", "toy cat"),
        ("animals > cat", "cat"),
        ('"Dog"', "dog"),
    ],
)
def test_other_names_mean_their_label_and_are_told(said: str, label: str) -> None:
    answer = answer_of(ROWS)
    assert answer.read(said) == label
    assert answer.answered_as(said) == said.strip('"')
    assert answer.answered_as(label) == ""


def test_normal_forms_are_no_other_labels() -> None:
    answer = answer_of(["café", {"label": "bar", "aliases": ["Größe"]}])
    assert answer.read(unicodedata.normalize("NFD", "CAFÉ")) == "café"
    assert answer.read(unicodedata.normalize("NFD", "größe")) == "bar"


def test_a_form_that_two_labels_share_means_neither() -> None:
    answer = answer_of(
        [
            "berry",
            {"label": "fruit", "aliases": ["bush berry", "bush-berries"]},
            {"label": "plant", "aliases": ["bush_berrys"]},
        ]
    )
    assert answer.read("berries") == "berry"
    assert answer.read("Bush-Berries") == "fruit"
    with pytest.raises(ReplyError, match="not among the labels"):
        answer.read("bush/berry")


def test_a_name_of_a_label_that_is_no_answer_means_no_other() -> None:
    answer = answer_of(
        [
            {"label": "pets", "id": "p"},
            {"label": "Cats", "id": "c", "parent": "p", "aliases": ["felines"]},
            {"label": "lynx", "parent": "c"},
            {"label": "toys", "id": "t"},
            {"label": "Cats", "parent": "t"},
            {"label": "feline", "parent": "t"},
            {"label": "toy", "parent": "t"},
        ]
    )
    assert set(answer.labels) == {"lynx", "toys > Cats", "feline", "toy"}
    for said in ("Cats", "cats", "pets > Cats", "toys", "felines"):
        with pytest.raises(ReplyError, match="not among the labels"):
            answer.read(said)
    assert [answer.read(said) for said in ("toys > cats", "Feline")] == ["toys > Cats", "feline"]


def test_no_code_is_another_name_of_a_label() -> None:
    rows: list[Any] = [f"kind {n}" for n in range(320)]
    answer = answer_of([*rows, {"label": "television", "aliases": ["TV", "tvs"]}])
    codes = answer.forms()[0]
    assert codes.labels == "codes"
    assert [answer.read(said, codes) for said in ("TV", "tv")] == ["television"] * 2
    lines = answer.instruction(codes).splitlines()[1:]
    said = dict(line.split(" ", 1) for line in lines)
    assert {answer.read(code, codes) for code in said} == set(answer.labels)


def test_several_labels_tell_ids_paths_and_what_came_back() -> None:
    answer = answer_of(ROWS, multiple=True)
    assert isinstance(answer, SeveralLabels)
    assert answer.read(["hound", "Katze", "cat"]) == ("cat", "dog")
    assert answer.answered_as(["hound", "Katze", "cat"]) == "hound; Katze"
    assert answer.cells(("cat", "dog")) == {
        "label_id": ["11", "12"],
        "label_path": ["animals > cat", "animals > dog"],
    }


def test_people_may_write_an_id_or_another_name() -> None:
    answer = answer_of(ROWS)
    assert [answer.truth({"kind": cell}) for cell in (11, "hound", "things > toy cat")] == [
        *("cat", "dog", "toy cat")
    ]


def test_equal_names_in_different_branches_are_called_by_their_paths() -> None:
    rows = [
        {"label": "food"},
        {"label": "cat"},
        {"label": "food", "parent": "cat", "id": "1"},
        {"label": "dog"},
        {"label": "food", "parent": "dog"},
    ]
    assert "food" in answer_of(rows).labels
    assert set(answer_of(rows).labels) == {"food", "cat > food", "dog > food"}


def test_descriptions_and_the_tree_stand_in_the_prompt() -> None:
    answer = answer_of(ROWS)
    assert answer.instruction() == (
        "The labels and what they mean:\n- animals\n - cat: a small feline\n - dog\n- things\n"
        " - toy cat: of cloth, or wood"
    )
    codes = next(form for form in answer.forms() if form.labels == "codes")
    assert answer.instruction(codes).splitlines() == [
        "Answer with the code of one label:",
        "- animals",
        " bb cat: a small feline",
        " bc dog",
        "- things",
        " bd toy cat: of cloth, or wood",
    ]
    assert answer.read("bd", codes) == "toy cat"


REFUSED = [
    ([{"label": "a", "parent": "b"}, "c"], "the parent 'b' of 'a' is no label", "leave the parent"),
    (
        [{"label": "a", "parent": "b"}, {"label": "b", "parent": "a"}],
        "'a' is below 'b' is below 'a'",
        "Leave one of these parents empty",
    ),
    ([{"label": "a", "parent": "a"}, "b"], "'a' is its own parent", "empty"),
    ([{"label": "cat"}, "Cat"], "'Cat' is 'cat' but for case", "Remove one"),
    ([{"label": "café"}, "cafe\u0301"], "but for case or the form of its signs", "Remove one"),
    (
        [{"label": "a", "aliases": ["x"]}, {"label": "b", "aliases": ["X"]}],
        "the alias 'X' of 'b' is a name of 'a' too",
        "Remove one",
    ),
    ([{"label": "a", "aliases": ["b"]}, "b"], "the alias 'b' of 'a' is a name of 'b'", "Remove"),
    ([{"label": "a", "id": 1}, {"label": "b", "id": 1}], "the id '1' is that of 'a'", "another"),
    ([{"label": "a", "descripton": "x"}, "b"], "'descripton' is not known", "description"),
    ([{"label": "a", "id": True}, "b"], "'id' is true", "in quotes"),
    ([{"description": "x"}, "b"], "there is no label", "under `label`"),
    ([{"label": "b", "path": "a > c"}, "a"], "the path ends in 'c', and the label is 'b'", "whole"),
    (
        [
            {"label": "a", "id": 1},
            {"label": "b", "parent": 1},
            {"label": "b"},
            {"label": "a > b"},
        ],
        "'a > b' and 'b', my/tasks.yaml, line",
        "Rename one",
    ),
    ([{"label": "a", "description": "x" * 1001}, "b"], "1001 characters", "Shorten"),
]


@pytest.mark.parametrize(("labels", "problem", "remedy"), REFUSED)
def test_bad_labels_are_refused_with_their_lines(labels: Any, problem: str, remedy: str) -> None:
    message = refusal(labels)
    assert message.startswith("my/tasks.yaml, line ")
    assert 'task "kind", key "labels' in message
    assert problem in message
    assert remedy in message


@pytest.mark.parametrize(
    "above",
    ["", "Our kinds;;\n", "Title;;\n;;\n", "\n\n", '"Kinds;\nof 2026";;\n', "Ids;;Our kinds\n"],
)
def test_rows_of_titles_may_stand_above_the_names_of_columns(above: str) -> None:
    data = f"{above}ID;Name;Parent\n1;cat;2\n2;pet;\n3;dog;2\n"
    answer = answer_of("k.csv", {"k.csv": data.encode()})
    assert (answer.labels, answer.cells("dog")["label_id"]) == (("cat", "dog"), "3")
    line = data.count("\n") + 1
    message = refusal("k.csv", {"k.csv": f"{data}4;Dog;2".encode()})
    assert f"my/k.csv, line {line}: 'Dog' is 'dog' but for case" in message


def test_words_that_are_labels_are_no_names_of_columns() -> None:
    answer = answer_of("k.csv", {"k.csv": b"label\nname\ntitle\nid"})
    assert answer.labels == ("name", "title", "id")
    message = refusal("k.csv", {"k.csv": b"kinds,mine\nname,x\ncat,y"})
    assert "line 1: no column of labels among 'kinds', 'mine'" in message
    assert "What stands above the names of columns is no part of a table" in message


@pytest.mark.parametrize(
    ("name", "data", "problem", "remedy"),
    [
        ("gone.csv", None, "'gone.csv' cannot be read: No such file", "as seen from the tasks"),
        ("k.xlsx", b"", "'k.xlsx' is no file of labels", ".csv, .tsv"),
        ("k.csv", b"", "my/k.csv, line 1: the file is empty", "`label`"),
        ("k.csv", b"a,b\n1,2", "line 1: no column of labels among 'a', 'b'", "Name one `label`"),
        ("k.csv", b"label,descripton\na,b", "'descripton' is not known", "Did you mean"),
        ("k.csv", b"label,name\na,b", "'label' and 'name' are both taken", "Rename"),
        ("k.csv", b"label\na\nb,c", "line 3: 2 cells", "in quotes"),
        ("k.csv", b'label\na\n"b', "this is no table", "quotes"),
        ("k.csv", b"label\ncat\n\nCAT", "my/k.csv, line 4: 'CAT' is 'cat'", "see my/k.csv, line 2"),
        ("k.csv", "label\ncat\nbär".encode("latin-1"), "line 3: the byte 0xE4 in 'b", "UTF-8"),
        ("k.csv", "label\ncat".encode("utf-16"), "line 1: the byte 0xFF", "UTF-8"),
        ("k.csv", b"label,parent\na,b\nb,a", "line 2: the parents go round", "line 3"),
        ("s.csv", b"label,parent\na,a\nb,a", "line 2: 'a' is its own parent", "of a root empty"),
        ("k.csv", b"label,parent\na,\nb,aa", "line 3: the parent 'aa'", "Did you mean a?"),
        ("k.jsonl", b'"a"\n{"label": ', "my/k.jsonl, line 2: this is not JSON", ""),
        ("k.jsonl", b'"a"\n[1]', "line 2: a label is [1]", "Write a name"),
        ("k.txt", b"1 | [1- 2] | Live\n2 | [2- 2] | Cats", "line 1: '1 | [1- 2]", "Write paths"),
        ("k.yaml", b"a: 1", "my/k.yaml: the file holds", "Write a list"),
        ("k.yaml", b"- cat\n- dog\n- 7", "line 3", "Write a name"),
    ],
)
def test_bad_files_are_refused(name: str, data: bytes | None, problem: str, remedy: str) -> None:
    message = refusal(name, {} if data is None else {name: data})
    assert message.startswith("my/tasks.yaml, line ")
    assert problem in message
    assert remedy in message


def test_keys_that_have_no_effect_are_refused() -> None:
    assert "no label has a parent" in refusal(["a", "b"], back_off=True)
    assert "without `multiple: true`" in refusal(["a", "b"], max_labels=2)


def test_plain_lists_ask_what_they_always_asked() -> None:
    """The identities are those that version 0.1.0 gave, so that its answers are found again."""

    def identity(task: Task) -> str:
        prompt = render(task, filename="a.jpg", columns={}, answers={})
        return request_id(
            content_hash="sha256:00", page=1, task=task, prompt=prompt, route=task.route
        )

    plain = task_of(["cat", "dog"])
    assert identity(plain) == "d3b1189581521f7140b6959e073c2e69"
    several = task_of(["cat", "dog", "Größe"], multiple=True)
    assert identity(several) == "fa2cb2eadeb8fb0445f0cd1c8e34779a"
    known = task_of([{"label": "cat", "id": "1", "aliases": ["puss"]}, "dog"])
    assert identity(known) == identity(plain), "ids and other names are not sent"
    told = task_of([{"label": "cat", "description": "a feline"}, "dog"])
    assert identity(told) != identity(plain)


def test_what_is_sent_in_a_tree_is_its_identity() -> None:
    rows = [WrittenLabel("a"), WrittenLabel("b", parent="a"), WrittenLabel("c", parent="a")]
    route = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(768))
    digests = {
        Task("kind", "Which?", OneLabel(tree.options, tree), route, 9).digest
        for tree in (grow(rows), grow(rows, back_off=True), grow([*rows, WrittenLabel("d")]))
    }
    assert len(digests) == 3


def test_many_labels_are_read_in_little_time(tmp_path: Path) -> None:
    rows = "".join(
        f"{n},{'top' if n < 20 else 'kind'} {n},{n % 20 if n >= 20 else ''}\n"
        for n in range(20_000)
    )
    answer = answer_of("k.csv", {"k.csv": f"id,label,parent\n{rows}".encode()})
    assert len(answer.labels) == 19_980
    assert answer.read("Kinds 777") == "kind 777"


def test_many_labels_of_one_name_are_found_by_their_paths_in_little_time() -> None:
    lines = ["all"]
    for n in range(3_000):  # a list of all labels of a name for each took two minutes
        lines += [f"all > {n}", f"all > {n} > other", f"all > {n} > other > kind {n}"]
    answer = answer_of("k.txt", {"k.txt": "\n".join(lines).encode()})
    assert answer.cells("kind 777")["label_path"] == "all > 777 > other > kind 777"


def test_several_labels_are_as_many_as_the_task_says() -> None:
    names = [f"kind {n}" for n in range(40)]
    answer = answer_of(names, multiple=True, max_labels=2)
    free = answer_of(names, multiple=True)
    assert answer.instruction() == "Name at most 2 labels."
    assert answer.response_config()["responseSchema"]["maxItems"] == 2
    assert answer.read(["kind 3", "kind 1", "kind 3"]) == ("kind 1", "kind 3")
    with pytest.raises(ReplyError, match="3 labels, the limit is 2"):
        answer.read(["kind 3", "kind 1", "kind 2"])
    # A reply that repeats itself ends that much earlier, and is paid for that much.
    assert answer.max_output_tokens() * 8 < free.max_output_tokens()
    assert answer.identity() != free.identity()


def test_answers_in_a_tree_are_scored_at_each_level() -> None:
    rows = [
        {"label": "pet"},
        {"label": "cat", "parent": "pet"},
        {"label": "dog", "parent": "pet"},
        {"label": "lynx", "parent": "cat"},
        {"label": "lion", "parent": "cat"},
    ]
    answer = answer_of(rows, back_off=True)

    def parts(truth: str, value: str | None) -> dict[str, float]:
        return {one.name: one.exact for one in answer.parts(truth, value)}

    assert parts("lynx", "lion") == {
        "parent right": 1,
        "sibling": 1,
        "level 1": 1,
        "level 2": 1,
        "level 3": 0,
    }
    assert parts("lynx", "cat") == {
        "parent right": 1,
        "sibling": 0,
        "level 1": 1,
        "level 2": 1,
        "level 3": 0,
    }
    assert parts("cat", "lynx") == {"parent right": 1, "sibling": 0, "level 1": 1, "level 2": 1}
    assert set(parts("lynx", None).values()) == {0.0}
    found = shares(answer.taxonomy, [("lynx", "lion", 3), ("cat", "dog", 1)])
    assert found == {
        "exact": 0,
        "parent right": 1,
        "sibling": 1,
        "level 1": 1,
        "level 2": 0.75,
        "level 3": 0,
    }
    assert list(answer_of(["a", "b"]).parts("a", "b")) == []


@pytest.mark.parametrize("keys", [{}, {"multiple": True, "max_labels": 3}])
def test_what_travels_to_workers_arrives_whole_and_once(keys: dict[str, Any]) -> None:
    answer = answer_of("kinds.csv", {"kinds.csv": CSV.encode()}, **keys)
    first, second = (pickle.loads(pickle.dumps(answer)) for _ in range(2))
    assert first == answer
    assert hash(first) == hash(answer)
    assert first.taxonomy.labels == answer.taxonomy.labels
    assert first.taxonomy is second.taxonomy
    plain = answer_of(["a", "b"], **keys)
    assert pickle.loads(pickle.dumps(plain)) == plain
    whole = grow([WrittenLabel("a", description="one"), WrittenLabel("b")])
    assert whole != grow([WrittenLabel("a", description="another"), WrittenLabel("b")])
    assert whole == grow([WrittenLabel("a", description="one"), WrittenLabel("b")])


@pytest.mark.parametrize("keys", [{}, {"multiple": True}])
def test_no_number_of_a_label_is_another_name_of_one(keys: dict[str, Any]) -> None:
    rows: list[Any] = [f"kind {number}" for number in range(60)]
    rows += [{"label": "seven", "aliases": ["7"]}, {"label": "tens", "aliases": ["60", "x"]}]
    answer = answer_of(rows, **keys)
    [form, *_] = answer.forms()
    assert (form.labels, form.first_number) == ("numbers", 61)
    several = bool(keys)

    def read(word: str) -> Any:
        return answer.read([word] if several else word, form)

    assert read("7") == read("seven") == (("seven",) if several else "seven")
    assert read("61") == (("kind 0",) if several else "kind 0")
    # Beside other questions numbers go on from those of the question before.
    assert answer.numbered_from(8) == 61
    assert answer_of(["cat", "dog"]).numbered_from(8) == 8


def test_a_plural_that_is_another_thing_means_no_singular() -> None:
    answer = answer_of(["glass", "wood", "movie", "house", "bus", "axe", "hero", "gas", "series"])
    meant = {"Movies": "movie", "houses": "house", "buses": "bus", "axes": "axe", "heroes": "hero"}
    meant |= {"gases": "gas", "series": "series"}
    assert {word: answer.find(word) for word in meant} == meant
    assert [answer.find(word) for word in ("glasses", "woods", "new", "serie")] == [None] * 4
    assert answer_of(["glasses", "news"]).find("glass") is None
