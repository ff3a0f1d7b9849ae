"""Which tasks are tried in one request, what that is called, and for whom it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import Answerer, ServiceKind
from tierwise.answers.labels import OneLabel
from tierwise.calibration.applied import with_calibration
from tierwise.calibration.calibration_file import (
    FORMAT,
    CalibratedTask,
    Calibration,
    read_calibration,
    write_calibration,
)
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.chosen_sets import chosen_together
from tierwise.calibration.figures import Observation
from tierwise.calibration.joint_routes import (
    JointRoute,
    asked_together,
    candidates_of,
    left_of,
    read_joint_routes,
    usual_joint_routes,
)
from tierwise.errors import InputError
from tierwise.questions import as_written
from tierwise.records import Route, Spent, Usage
from tierwise.tasks import Tasks, load_tasks

KIND = OneLabel(("cat", "dog"))
EMULATOR = Answerer(ServiceKind.EMULATOR)
Observe = Callable[..., list[Observation]]


def tasks_of(*names: str, **more: str) -> Tasks:
    """Tasks `a`, `b` ... alike, but for what is said of some."""
    lines = (
        f'  {name}: {{prompt: "{name} or what", labels: [cat, dog]{more.get(name, "")}}}'
        for name in names
    )
    return load_tasks(
        "\n".join(("model: gemini-3.1-flash-lite", "tasks:", *lines)), path="tasks.yaml"
    )


def named(found: Sequence[JointRoute]) -> list[tuple[str, tuple[str, ...]]]:
    return [(next(iter(set(one.names.values()))), one.tasks) for one in found]


def test_a_look_is_tried_at_its_own_media_resolution_and_at_the_next() -> None:
    found = usual_joint_routes(tasks_of("a", "b", "c"), ("a", "b", "c"))
    assert named(found) == [("medium+together", ("a", "b", "c")), ("low+together", ("a", "b", "c"))]
    at = {one.names["a"]: one.routes["a"] for one in found}
    assert at["low+together"] == tasks_of("a").task("a").route
    assert at["medium+together"].image.max_side > at["low+together"].image.max_side


def test_tasks_without_labels_look_on_at_their_own_route() -> None:
    found = usual_joint_routes(tasks_of("a", "b", "c"), ("a", "b"))
    assert named(found) == [("medium+together", ("a", "b")), ("low+together", ("a", "b", "c"))]
    assert usual_joint_routes(tasks_of("a", "b"), ("a",))[0].others("a") == ("b",)


@pytest.mark.parametrize(
    ("more", "sets"),
    [
        ({"c": ", together: false"}, [("a", "b")]),
        ({"a": ", together: [b]"}, [("a", "b")]),
        ({"a": ", together: false", "b": ", together: false"}, []),
        ({"c": ", media_resolution: medium"}, [("a", "b"), ("a", "b", "c")]),
        ({"c": ", images_per_sheet: 4"}, [("a", "b")]),
        ({"c": ', when: a == "cat"'}, [("a", "b")]),
        ({"c": ', escalate: {when: c == "cat", media_resolution: high}'}, [("a", "b", "c")]),
    ],
)
def test_the_tasks_file_says_who_may_be_asked_together(
    more: dict[str, str], sets: list[tuple[str, ...]]
) -> None:
    found = usual_joint_routes(tasks_of("a", "b", "c", **more), ("a", "b", "c"))
    assert {one.tasks for one in found} == set(sets)


def test_one_that_reads_another_answer_is_in_no_set() -> None:
    text = tasks_of("a", "b", "c").path and (
        "model: gemini-3.1-flash-lite\ntasks:\n"
        "  a: {prompt: Which, labels: [cat, dog]}\n"
        '  b: {prompt: "Which {a}", labels: [cat, dog]}\n'
        '  c: {prompt: "What {a}", labels: [cat, dog]}\n'
    )
    assert usual_joint_routes(load_tasks(text, path="t.yaml"), ("a",)) == []


names = st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True)
routes = st.builds(
    "{}{}{}".format,
    st.sampled_from(["low", "medium", "high", "ultra_high", "gemini-3.5-flash-lite/low"]),
    st.sampled_from(["", "-512px", "-300px"]),
    st.sampled_from(["", "-x8", "-s4", "-s4-x8"]),
)


@given(routes, names, st.booleans())
def test_names_mean_what_they_say(route: str, some: list[str], everybody: bool) -> None:
    tasks = tasks_of(*"abcdef")
    suffix = "together" if everybody else "+".join(some)
    [found] = read_joint_routes([f"{route}+{suffix}"], tasks, tuple("abcdef"))
    assert found.tasks == tuple("abcdef" if everybody else sorted(some))
    for task in found.tasks:
        name = found.names[task]
        [again] = read_joint_routes([name], tasks, tuple("abcdef"))
        assert again == found
        assert name == f"{route}+{'together' if everybody else '+'.join(sorted(some))}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("low+a+z", "'z' is not a task"),
        ("low+a", "a cannot share a request"),
        ("low+a+d", "a and d cannot share a request"),
        ("dim+together", "media resolutions are"),
        ("low+", "'' is not a task"),
        ("low-top_down+together", r"asked by itself. Write low-top_down, or low\+together"),
        ("low-x8-top_down+a+b", r"asked by itself. Write low-x8-top_down, or low-x8\+a\+b"),
        ("medium+b+c", "b and c cannot share"),  # nobody labelled c, which stays at low
    ],
)
def test_sets_that_cannot_be_asked_are_refused(written: str, said: str) -> None:
    tasks = tasks_of("a", "b", "c", "d", d=", together: false")
    with pytest.raises(InputError, match=f"--routes: .*{said}"):
        read_joint_routes([written], tasks, ("a", "b"))


def test_together_where_nobody_is_with_anybody_is_refused() -> None:
    with pytest.raises(InputError, match="no tasks with labels can share a request there"):
        read_joint_routes(["low+together"], tasks_of("a", "b", a=", together: false"), ("a", "b"))


def test_what_is_left_over_is_a_set_of_its_own() -> None:
    tasks = tasks_of("a", "b", "c", "d")
    [_, whole] = usual_joint_routes(tasks, ("a", "b", "c"))
    left = left_of(tasks, whole, ("a", "c"))
    assert left is not None
    assert (left.tasks, left.within) == (("a", "c", "d"), whole)
    assert left.names == {"a": "low+a+c+d", "c": "low+a+c+d"}
    assert left_of(tasks, whole, ("a", "b", "c")) is None
    assert left_of(tasks, whole, ()) is None
    [_, pair] = usual_joint_routes(tasks_of("a", "b"), ("a", "b"))
    assert left_of(tasks_of("a", "b"), pair, ("a",)) is None
    assert candidates_of("a", [whole, left]).possible == 3  # with d: b, c, or neither
    assert candidates_of("b", [whole, left]).left == {}


@given(st.sets(st.sampled_from("abcdef"), min_size=1), st.data())
def test_in_a_run_exactly_the_sets_that_were_chosen_are_asked(
    labelled: set[str], data: st.DataObject
) -> None:
    """Whatever sets without a task in common are taken, beside whatever is asked apart."""
    tasks = tasks_of(*"abcdef", b=", images_per_request: 8", e=", media_resolution: medium")
    tried = usual_joint_routes(tasks, labelled)
    for one in list(tried):
        good = data.draw(st.sets(st.sampled_from(sorted(one.names))))
        if left := left_of(tasks, one, good):
            tried.append(left)
    taken: list[JointRoute] = []
    for one in data.draw(st.permutations(tried)):
        if not any(set(one.tasks) & set(other.tasks) for other in taken):
            taken.append(one)
    found = calibration(tasks, labelled, taken)
    asked, warnings = with_calibration(tasks, found, answerer=EMULATOR, on_stale="refuse")
    assert warnings == []
    together = {names for names in asked_together(asked.tasks) if labelled & {*names}}
    assert together == {one.tasks for one in taken}
    looks = {tuple(task.name for task in look) for look in as_written(asked).looks}
    assert {one.tasks for one in taken} <= looks
    for one in taken:
        assert not any(asked.task(name).routing.fit_pixels for name in one.tasks)


def calibration(
    tasks: Tasks, labelled: set[str], taken: Sequence[JointRoute], **changed: Any
) -> Calibration:
    """A file that has chosen these sets, and for others their own route, apart."""
    chosen: dict[str, CalibratedTask] = {}
    for name in sorted(labelled):
        task = tasks.task(name)
        mine = [one for one in taken if name in one.names]
        observed = [observation(100)] * 10
        tried = [*mine, *(one.within for one in mine if one.within)]
        by_route = {"own": observed, **{one.names[name]: observed for one in tried}}
        choice = choose(
            KIND,
            {"own": task.route},
            by_route,
            Terms(0.5, 0.9),
            joint=candidates_of(name, tried),
        )
        digests = {other: tasks.task(other).digest for one in tried for other in one.others(name)}
        choice = replace(choice, chosen=mine[0].names[name] if mine else "own")
        chosen[name] = CalibratedTask(task.digest, {}, "", choice, task.part_digests, digests)
    values = {"format": FORMAT, "tierwise": "0.9", "emulated": True, "calibrated_at": "x"}
    return Calibration(**{**values, "tasks": chosen, **changed})


def observation(cost: int) -> Observation:
    return Observation("cat", "cat", None, Spent(Usage(300, 266, 0, 3, 1), cost, 1), 700)


def test_the_file_says_together_with_whom_and_reads_it_back() -> None:
    tasks = tasks_of("a", "b", "c")
    [_, whole] = usual_joint_routes(tasks, ("a", "b"))
    found = calibration(tasks, {"a", "b"}, [whole])
    data = write_calibration(found)
    assert read_calibration(data, path="c.json") == found
    assert found.together == {"a": ("b", "c"), "b": ("a", "c")}
    assert b'"together": false' in data
    assert set(found.tasks["a"].asked_with) == {"b", "c"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"c": ", together: false"}, None),  # a calibration takes the place of the tasks file's
        ({"c": ", media_resolution: high"}, "would now be asked with b$"),
        ({"c": ", model: gemini-3.5-flash-lite"}, "would now be asked with b$"),
        ({"c": ", multiple: true"}, "together with c, whose prompt, labels or schema have changed"),
        ({"c": ", routing: {detail_above: 0.01}"}, None),
    ],
)
def test_a_set_that_is_no_longer_the_one_measured_is_refused(
    changed: dict[str, str], said: str | None
) -> None:
    tasks = tasks_of("a", "b", "c")
    [_, whole] = usual_joint_routes(tasks, ("a", "b"))
    found = calibration(tasks, {"a", "b"}, [whole])
    now = tasks_of("a", "b", "c", **changed)
    if said is None:
        asked, warnings = with_calibration(now, found, answerer=EMULATOR, on_stale="refuse")
        assert asked_together(asked.tasks) == [("a", "b", "c")]
        assert warnings == []
        return
    with pytest.raises(InputError, match=said.rstrip("$")):
        with_calibration(now, found, answerer=EMULATOR, on_stale="refuse")
    _, warnings = with_calibration(now, found, answerer=EMULATOR, on_stale="warn")
    assert any(said.rstrip("$") in warning for warning in warnings)


def test_a_task_that_is_gone_from_a_set_makes_it_stale() -> None:
    tasks = tasks_of("a", "b")
    [_, whole] = usual_joint_routes(tasks, ("a", "b"))
    found = calibration(tasks, {"a", "b"}, [whole])
    with pytest.raises(InputError, match="would now be asked by itself"):
        with_calibration(tasks_of("a"), found, answerer=EMULATOR, on_stale="refuse")


def test_of_files_that_do_not_say_the_tasks_file_decides_and_that_is_told() -> None:
    tasks = tasks_of("a", "b")
    found = calibration(tasks, {"a"}, [])
    old = write_calibration(found).replace(b'"together": false', b'"together": null')
    asked, [warning] = with_calibration(
        tasks, read_calibration(old, path="c.json"), answerer=EMULATOR, on_stale="refuse"
    )
    assert asked_together(asked.tasks) == [("a", "b")]
    assert "a and b are asked together, as the tasks file says" in warning
    asked, warnings = with_calibration(tasks, found, answerer=EMULATOR, on_stale="refuse")
    assert (asked_together(asked.tasks), warnings) == ([], [])


@pytest.fixture
def three(observe: Observe) -> Callable[..., dict[str, Choice]]:
    """The choices of three tasks at `medium`, `low` and together; `bad` are wrong in that set."""
    tasks = tasks_of("a", "b", "c")
    tried = read_joint_routes(["low+together"], tasks, "abc")

    def chosen(bad: str = "", *, share: int = 200, left: str = "") -> dict[str, Choice]:
        joint = list(tried)
        if left:
            smaller = left_of(tasks, tried[0], left)
            assert smaller
            joint.append(smaller)
        choices = {}
        for name in "abc":
            routes = {"medium": tasks.task(name).route, "low": tasks.task(name).route}
            mine = candidates_of(name, joint)
            observed = {"medium": observe([True] * 400, 600), "low": observe([True] * 400, 400)}
            observed |= {one: observe([name not in bad] * 400, share) for one in mine.first}
            observed |= {one: observe([True] * 400, share + 50) for one in mine.left}
            choices[name] = choose(KIND, routes, observed, Terms(0.05, 0.95), joint=mine)
        return chosen_together(choices, joint)

    return chosen


def test_a_set_is_taken_when_it_is_good_enough_for_all(three: Any) -> None:
    found = three()
    assert {one.chosen for one in found.values()} == {"low+together"}
    assert "low+together costs least in all, b and c included, of the routes" in found["a"].why


def test_one_that_is_not_as_right_keeps_the_others_from_that_set(three: Any) -> None:
    found = three(bad="c")
    assert {one.chosen for one in found.values()} == {"low"}
    assert found["a"].route("low+together").not_for == ("c",)
    assert (
        "low+together costs less, but was not shown to be good enough for c, and is for all or "
        "for nobody." in found["a"].why
    )
    assert found["c"].route("low+together").accepted is False


def test_the_others_are_asked_together_when_that_was_measured(three: Any) -> None:
    found = three(bad="c", left="ab")
    assert {name: one.chosen for name, one in found.items()} == {
        "a": "low+a+b",
        "b": "low+a+b",
        "c": "low",
    }
    assert found["a"].route("low+a+b").together == ("b",)
    assert found["a"].route("low").together is False


def test_what_costs_more_in_all_is_not_taken(three: Any) -> None:
    assert {one.chosen for one in three(share=450).values()} == {"low"}


def test_the_sets_that_save_most_are_taken_and_none_shares_a_task(observe: Observe) -> None:
    tasks = tasks_of(*"abcd")
    joint = read_joint_routes(["low+a+b", "low+c+d", "low+b+c", "low+a+b+c"], tasks, "abcd")
    costs = {"low+a+b": 200, "low+c+d": 200, "low+b+c": 100, "low+a+b+c": 190}
    choices = {}
    for name in "abcd":
        mine = candidates_of(name, joint)
        observed = {"low": observe([True] * 400, 400)}
        observed |= {one: observe([True] * 400, costs[one]) for one in mine.first}
        routes = {"low": tasks.task(name).route}
        choices[name] = choose(KIND, routes, observed, Terms(0.05, 0.95), joint=mine)
    found = chosen_together(choices, joint)
    # Two pairs save 4 x 200; three at once 3 x 210, the pair in the middle 2 x 300.
    assert [found[name].chosen for name in "abcd"] == ["low+a+b", "low+a+b", "low+c+d", "low+c+d"]
    total = sum(one.route(one.chosen).figures.usd_per_1000_images for one in found.values())
    assert total == Decimal("0.0008")


MARGIN, IMAGES, TIMES = 0.1, 100, 300


@pytest.mark.parametrize("at_margin", ["all", "whole"])
def test_what_is_tried_after_the_labels_were_seen_deceives_no_more_often_than_promised(
    at_margin: str, own: Route, observe: Observe
) -> None:
    """The worst for a second round: smaller sets are just too bad, and the luckiest is tried."""
    tasks = tasks_of(*"abcd")
    [whole] = read_joint_routes(["low+together"], tasks, "abcd")
    kept = ("ab", "ac", "ad", "abc", "abd", "acd")
    smaller = [left_of(tasks, whole, good) for good in kept]
    random = np.random.default_rng(31)
    deceived = 0
    for _ in range(TIMES):
        wrong = {one.names["a"]: random.random(IMAGES) < MARGIN for one in smaller if one}
        luckiest = min(wrong, key=lambda name: wrong[name].sum())
        [left] = [one for one in smaller if one and one.names["a"] == luckiest]
        bad = random.random(IMAGES) < (MARGIN if at_margin == "all" else 0)
        observed = {
            "high": observe([True] * IMAGES),
            "low": observe(list(random.random(IMAGES) >= MARGIN)),
            "low+together": observe(list(~bad)),
            luckiest: observe(list(~wrong[luckiest])),
        }
        found = choose(
            KIND,
            {"high": own, "low": own},
            observed,
            Terms(MARGIN, 0.9),
            joint=candidates_of("a", [whole, left]),
        )
        good = {"high"} | ({"low+together"} if at_margin == "whole" else set())
        deceived += any(one.accepted and one.name not in good for one in found.routes)
    assert deceived / TIMES <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / TIMES)
