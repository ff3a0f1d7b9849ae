"""Who may share a request for a picture, and who may not."""

from __future__ import annotations

from datetime import date

import pytest

from tierwise.audit import with_audits
from tierwise.errors import TasksError
from tierwise.looks import joint_output_limit
from tierwise.models import find_model
from tierwise.questions import Questions, as_written
from tierwise.tasks import load_tasks

DAY = date(2026, 11, 27)
A = "  a: {prompt: <a> Which, labels: [x, y]}"
B = "  b: {prompt: <b> Which, labels: [x, y]}"


def questions(*tasks: str, top: str = "") -> Questions:
    lines = ["model: gemini-3.1-flash-lite", *([top] if top else []), "tasks:", *tasks]
    return as_written(load_tasks("\n".join(lines), path="tasks.yaml"))


def task(name: str, keys: str = "") -> str:
    extra = f", {keys}" if keys else ""
    return f"  {name}: {{prompt: '<{name}> Which', labels: [x, y]{extra}}}"


def looks(*tasks: str, top: str = "") -> set[tuple[str, ...]]:
    """Those of several tasks."""
    found = questions(*tasks, top=top).looks
    return {tuple(one.name for one in look) for look in found if len(look) > 1}


def test_tasks_that_look_in_the_same_way_share() -> None:
    assert looks(task("a"), task("b"), task("c")) == {("a", "b", "c")}
    assert looks(task("a")) == set()


@pytest.mark.parametrize(
    "keys",
    [
        "model: gemini-3.5-flash",
        "images_per_sheet: 4",
        "together: false",
        "together: []",
        "media_resolution: high",
        "image: {max_side: 512}",
        "image: {quality: 60}",
        "media_resolution: medium, routing: {detail_above: 0.3}",
    ],
)
def test_what_differs_is_asked_apart(keys: str) -> None:
    assert looks(task("a"), task("b"), task("c", keys)) == {("a", "b")}


def test_those_of_one_sheet_size_share() -> None:
    sheet = "images_per_sheet: 4"
    found = looks(task("a"), task("b", sheet), task("c", sheet), task("d"))
    assert found == {("a", "d"), ("b", "c")}


@pytest.mark.parametrize(
    "keys",
    ["media_resolution: high, routing: {fit_pixels: true}", "routing: {detail_above: 0.3}"],
)
def test_what_follows_from_the_picture_is_decided_there(keys: str) -> None:
    # Their routes are the same for some pictures: the life of an image compares them.
    assert looks(task("a"), task("b", keys)) == {("a", "b")}


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("", "", True),
        ("together: auto", "together: auto", True),
        ("together: false", "", False),
        ("", "together: false", False),
        ("together: [b]", "", True),
        ("together: [b]", "together: [a]", True),
        ("together: [c]", "together: [d]", False),
        ("together: [b]", "together: [c]", False),
        ("together: [a, b]", "", True),
    ],
)
def test_each_must_allow_the_other(a: str, b: str, *, share: bool) -> None:
    others = task("c", "together: [d]"), task("d", "together: [c]")
    found = looks(task("a", a), task("b", b), *others)
    assert found == {("c", "d"), *([("a", "b")] if share else [])}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("together: [c]", "c says `together: false`"),
        ("together: [a]", "it names a alone"),
        ("together: [e]", "e asks another model"),
        ("together: [per]", "per has requests of its own"),
    ],
)
def test_lists_that_come_to_nothing_are_refused(keys: str, words: str) -> None:
    others = [task("c", "together: false"), task("e", "model: gemini-3.5-flash")]
    with pytest.raises(TasksError, match=words):
        questions(task("a", keys), *others, task("per", "per: folder"))


@pytest.mark.parametrize(
    ("top", "own", "share"),
    [
        ("together: false", "", False),
        ("together: false\ndefaults: {together: auto}", "", True),
        ("together: auto\ndefaults: {together: false}", "", False),
        ("together: false", "together: auto", True),
        ("defaults: {together: false}", "together: auto", True),
        ("defaults: {together: [a, b]}", "", True),
        ("together: [a]", "", False),
        ("together: [a, b]", "", True),
        ("together: auto", "together: false", False),
    ],
)
def test_the_nearest_place_has_the_word(top: str, own: str, *, share: bool) -> None:
    found = looks(task("a", own), task("b", own), top=top)
    assert found == ({("a", "b")} if share else set())


@pytest.mark.parametrize(
    ("top", "tasks", "words"),
    [
        ("together: [z]", [task("a")], "'z' is not a task"),
        ("", [task("a", "together: [aa]")], "'aa' is not a task"),
        ("defaults: {together: [z]}", [task("a")], "'z' is not a task"),
        ("together: true", [task("a")], "together"),
        ("", [task("a", "per: folder, together: auto")], "per"),
        ("", [task("a", "per: folder, together: [a]")], "per"),
    ],
)
def test_what_cannot_be_is_refused(top: str, tasks: list[str], words: str) -> None:
    with pytest.raises(TasksError, match=words.replace("'", "[\"']?")):
        questions(*tasks, top=top)


def test_texts_and_groups_have_requests_of_their_own() -> None:
    text = "  t: {prompt: 'Name {a}', text: {max_length: 20}, input: text}"
    other = "  u: {prompt: 'Call {a}', text: {max_length: 20}, input: text}"
    groups = [task("g", "per: folder"), task("h", "per: folder")]
    assert looks(task("a"), text, other, *groups, task("b")) == {("a", "b")}
    found = questions(task("a"), text, *groups, top="together: auto")
    assert all(not one.look for one in found.tasks)
    assert [one.asked_apart for one in found.tasks if one.per or one.reads == "text"] == [True] * 3


def test_conditions_that_are_equal_share() -> None:
    same, other = 'when: a == "x"', 'when: a == "y"'
    assert looks(task("a"), f"{task('b')[:-1]}, {same}}}", f"{task('c')[:-1]}, {same}}}") == {
        ("b", "c")
    }
    assert looks(task("a"), task("b", same), task("c", other)) == set()
    assert looks(task("a"), task("b"), task("c", same)) == {("a", "b")}


def test_prompts_with_earlier_answers_share_where_they_wait_for_the_same() -> None:
    one = "  b: {prompt: '<b> {a}?', labels: [x, y]}"
    two = "  c: {prompt: '<c> {a}!', labels: [x, y]}"
    three = "  d: {prompt: '<d> {b}!', labels: [x, y]}"
    assert looks(task("a"), one, two, three) == {("b", "c")}


def test_stages_share_with_their_like() -> None:
    def doubtful(name: str, resolution: str) -> str:
        when = f"escalate: {{when: '{name} == \"y\"', media_resolution: {resolution}}}"
        return task(name, when)

    found = looks(doubtful("a", "high"), doubtful("b", "high"), task("c"))
    assert found == {("a@first", "b@first", "c"), ("a", "b")}
    assert looks(doubtful("a", "high"), task("b")) == {("a@first", "b")}


def test_audits_are_asked_apart() -> None:
    tasks = load_tasks(
        "\n".join(["model: gemini-3.1-flash-lite", "tasks:", task("a"), task("b")]), path="t"
    )
    found = as_written(with_audits(tasks, 0.5, None, DAY))
    assert {one.name for one in found.tasks} == {"a", "b", "a@audit", "b@audit"}
    assert {one.name: one.look for one in found.tasks if one.look} == {
        "a": ("a", "b"),
        "b": ("a", "b"),
    }


def test_packs_join_only_where_that_saves() -> None:
    many = ", ".join(f"a label of some length {number}" for number in range(900))
    wordy = f"  w: {{prompt: Which, labels: [{many}], images_per_request: 40}}"
    assert looks(wordy, task("a", "images_per_request: 40")) == {("a", "w")}
    # Its labels would be said with every picture, for no less than the picture's own tokens.
    assert looks(wordy, task("a")) == set()
    short = task("b", "images_per_request: 40")
    assert looks(short, task("a")) == {("a", "b")}


def test_a_look_fits_the_models_longest_reply() -> None:
    long = "text: {max_length: 4000}, images_per_request: 15"
    names = [f"t{number}" for number in range(4)]
    written = [f"  {name}: {{prompt: <{name}>, {long}}}" for name in names]
    found = questions(*written)
    limit = find_model("gemini-3.1-flash-lite").max_output_tokens
    for look in found.looks:
        assert joint_output_limit(look, 15) <= limit or len(look) == 1
    assert len(found.looks) > 1
    assert {one.name for look in found.looks for one in look} == set(names)


def test_each_task_is_in_one_look_whatever_allows_whom() -> None:
    names = "abcdef"
    written = [
        task(name, f"together: [{', '.join(names[place + 1 : place + 3])}]" if place % 2 else "")
        for place, name in enumerate(names)
    ]
    found = questions(*written)
    assert sorted(one.name for look in found.looks for one in look) == list(names)
    for look in found.looks:
        for one in look:
            assert found.look_of(one) == look
            allowed = {other.name for other in look if other is not one}
            assert one.together is None or allowed <= set(one.together)


def test_the_order_in_the_file_changes_no_look() -> None:
    some = [task("a"), task("b", "together: [a, c]"), task("c"), task("d", "together: [a]")]
    assert looks(*some) == looks(*some[::-1])


def test_who_says_with_whom_comes_first() -> None:
    assert looks(task("a"), task("b", "together: [c]"), task("c")) == {("b", "c")}
    long = "  b: {prompt: " + "word " * 700 + ", labels: [x, y], images_per_request: 8"
    assert looks(task("a"), f"{long}}}") == set()  # dearer than two looks
    assert looks(task("a", "together: [b]"), f"{long}, together: [a]}}") == {("a", "b")}


def test_the_same_condition_in_other_spelling_is_the_same() -> None:
    c, d = task("c", "when: 'a == \"x\"'"), task("d", "when: \"a=='x'\"")
    assert looks(task("a"), c, d) == {("c", "d")}
    reads = "  e: {prompt: 'After {b}', labels: [x, y], when: 'a==\"x\"'}"
    assert looks(task("a"), task("b"), c, reads) == {("a", "b"), ("c", "e")}


def test_the_words_of_a_request_have_a_bound() -> None:
    long = "word " * 9_000
    some = [f"  {name}: {{prompt: '{name} {long}', labels: [x, y]}}" for name in "abc"]
    assert looks(*some[:1], task("z")) == {("a", "z")}
    assert looks(*some) == set()
