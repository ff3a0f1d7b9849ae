"""What counts together, what is protected, and what stands in nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.labels import OneLabel
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.comparing import units_of
from tierwise.calibration.composed import ComposedRoute
from tierwise.calibration.figures import Observation
from tierwise.calibration.protection import Protect
from tierwise.calibration.remarks import dearer, remarks
from tierwise.calibration.routes import usual_routes
from tierwise.records import Route, Spent
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel

Observe = Callable[..., list[Observation]]
KIND = OneLabel(("yes", "no"))
NAMES = st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=12, max_size=12)


def together(some: list[Observation], size: int) -> list[Observation]:
    return [replace(one, unit=f"request {place // size}") for place, one in enumerate(some)]


@given(NAMES, NAMES)
def test_images_of_one_unit_are_those_linked_by_any_name(
    first: list[str], second: list[str]
) -> None:
    """Against a search through the whole graph, image by image."""
    found = units_of(first, second)
    for start in range(12):
        reached, waiting = {start}, [start]
        while waiting:
            image = waiting.pop()
            for other in range(12):
                linked = any(some[image] and some[image] == some[other] for some in (first, second))
                if linked and other not in reached:
                    reached.add(other)
                    waiting.append(other)
        assert {other for other in range(12) if found[other] == found[start]} == reached


def test_a_pack_counts_once(own: Route, observe: Observe) -> None:
    """Sixty-four requests are too few, sixty-five are enough, whatever they hold."""
    routes = {name: usual_routes(own)[name] for name in ("high", "low-x8")}
    for requests, wanted in ((64, "high"), (65, "low-x8")):
        images = requests * 8
        observed = {
            "high": observe([True] * images, 900),
            "low-x8": together(observe([True] * images, 300), 8),
        }
        found = choose(OneLabel(("cat", "dog")), routes, observed, Terms(0.05, 0.95))
        assert found.chosen == wanted
    assert found.route("low-x8").comparison is not None
    assert "low-x8 is judged by 65 units of 8.0 images on average" in " ".join(remarks(found))


def test_pages_of_a_file_count_once_at_a_rule_too(own: Route, observe: Observe) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    observed = {
        name: together(observe([True] * 200, cost), 4) for name, cost in (("high", 900), ("low", 1))
    }
    rule = ComposedRoute("half", "low", [("low",), ("high",)] * 100)
    kind = OneLabel(("cat", "dog"))
    found = choose(kind, routes, observed, Terms(0.05, 0.95), composed=[rule])
    counted = [one.comparison.units for one in found.routes if one.comparison]
    assert counted == [50, 50]
    assert found.chosen == "high"
    assert found.route("low").images_needed == 97 * 4  # at the second look


def test_too_few_packs_stand_in_nobodys_way(own: Route, observe: Observe) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "low", "low-x8")}
    observed = {
        "high": observe([True] * 100, 900),
        "low": observe([True] * 100, 400),
        "low-x8": together(observe([True] * 100, 300), 8),
    }
    terms = Terms(0.05, 0.95, first=("low-x8",))
    found = choose(OneLabel(("cat", "dog")), routes, observed, terms)
    assert found.order == ("low-x8", "low")
    assert found.chosen == "low"


def test_one_that_is_not_good_enough_blocks_what_stands_behind_it(
    own: Route, observe: Observe
) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "medium", "low")}
    observed = {
        "high": observe([True] * 200, 900),
        "medium": observe([n % 8 > 0 for n in range(200)], 600),
        "low": observe([True] * 200, 400),
    }
    kind = OneLabel(("cat", "dog"))
    found = choose(kind, routes, observed, Terms(0.05, 0.95))
    assert (found.chosen, found.route("low").blocked_by) == ("high", "medium")
    assert "low was not tested, for medium stands before" in " ".join(remarks(found))
    assert choose(kind, routes, observed, Terms(0.05, 0.95, first=("low",))).chosen == "low"


def rare(own: Route, protect: Protect, lost: int) -> Choice:
    """Of 2,000 images 80 are `yes`, of which `low` loses some and says `no` to."""
    truths = ["yes"] * 80 + ["no"] * 1_920
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}

    def said(wrong: int, cost: int) -> list[Observation]:
        answers = ["no"] * wrong + truths[wrong:]
        spent = Spent(cost=cost, requests=1)
        pairs = zip(truths, answers, strict=True)
        return [Observation(truth, answer, None, spent) for truth, answer in pairs]

    observed = {"high": said(0, 900), "low": said(lost, 400)}
    return choose(KIND, routes, observed, Terms(0.05, 0.95, protect=protect), own="low")


@pytest.mark.parametrize("lost", [0, 40])
def test_a_rare_label_is_sold_for_the_average_only_with_a_warning(own: Route, lost: int) -> None:
    found = rare(own, Protect.AVERAGE, lost)
    assert found.chosen == "low"
    said = "At low fewer are found of: yes 40 of 80, not 80 of 80."
    assert (said in " ".join(remarks(found))) == bool(lost)


def test_each_label_can_be_held_to_the_margin(own: Route) -> None:
    assert rare(own, Protect.EACH_LABEL, 0).chosen == "low"
    found = rare(own, Protect.EACH_LABEL, 40)
    assert found.chosen == "high"
    assert found.route("low").weakest == "yes"
    assert "worse than high by 0.05 or more, label by label" in found.why
    assert "low: the least is shown of yes." in list(remarks(found))
    assert dearer("a", found).startswith("a: with this calibration it costs more than the tasks")
    assert dearer("a", rare(own, Protect.AVERAGE, 40)) == ""


def test_a_reference_that_only_knows_what_is_frequent_is_told(own: Route) -> None:
    truths = ["yes"] * 70 + ["no"] * 30
    observed = {"low": [Observation(truth, "yes", None, Spent()) for truth in truths]}
    found = choose(KIND, {"low": own}, observed, Terms(0.05, 0.95))
    assert "low was not shown to be right more often than one that always says yes" in " ".join(
        remarks(found)
    )
    observed = {"low": [Observation(truth, truth, None, Spent()) for truth in truths]}
    assert not list(remarks(choose(KIND, {"low": own}, observed, Terms(0.05, 0.95))))


def test_a_level_of_a_tree_has_a_margin_of_its_own(own: Route, observe: Observe) -> None:
    """Of 400 images `low` loses four kinds to a sibling and eight to another branch."""
    rows = [WrittenLabel("pet"), WrittenLabel("tool")]
    rows += [WrittenLabel(name, parent="pet") for name in ("cat", "dog")]
    tree = grow([*rows, WrittenLabel("saw", parent="tool"), WrittenLabel("hammer", parent="tool")])
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    right = observe([True] * 400, 400)
    lost = [replace(one, value="dog") for one in right[:4]]
    far = [replace(one, value="saw") for one in right[4:12]]
    observed = {"high": observe([True] * 400, 900), "low": [*lost, *far, *right[12:]]}
    kind = OneLabel(tree.options, tree)
    plain = choose(kind, routes, observed, Terms(0.1, 0.95))
    assert (plain.chosen, dict(plain.levels)) == ("low", {})
    strict = choose(kind, routes, observed, Terms(0.1, 0.95, levels={"parent right": 0.02}))
    assert (strict.chosen, strict.route("low").weakest) == ("high", "parent right")
    said = "to be worse than high by 0.1 or more, nor in 'parent right' by 0.02."
    assert strict.why.partition(" 400 labelled")[0].endswith(said)
    assert "low: the least is shown of 'parent right', by its margin of 0.02." in list(
        remarks(strict)
    )
    # The same error, for it has to pass both: no correction for the second test is needed.
    loose = choose(kind, routes, observed, Terms(0.1, 0.95, levels={"parent right": 0.05}))
    assert loose.chosen == "low"
    # A flat list has no levels to lose.
    flat = OneLabel(("cat", "dog", "saw"))
    assert choose(flat, routes, observed, Terms(0.1, 0.95, levels={"level 1": 0.001})).levels == {}
