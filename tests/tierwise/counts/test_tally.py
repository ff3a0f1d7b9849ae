"""Pictures count once, by what was answered and by what people say of those drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.counts.draw import Drawn, draw_number
from tierwise.counts.shares import counts_facts, label_counts
from tierwise.counts.tally import (
    CountedName,
    Counting,
    CountKey,
    CountTotals,
    counting,
    picture_counts,
    summed,
)
from tierwise.people import Word
from tierwise.records import (
    Failure,
    ImageFile,
    MediaResolution,
    NamedOutcome,
    Page,
    Reason,
    Scalar,
    ServiceTier,
)

KIND = OneLabel(("map", "plan"))
SAID = Word("h1", 1, "kind", "map", drawn=Drawn.RANDOM, seed=7)


def failed(
    uri: str,
    content: str,
    reason: Reason = Reason.OVER_BUDGET,
    columns: Mapping[str, Scalar] | None = None,
    pages: int = 1,
) -> NamedOutcome:
    file = ImageFile(uri, uri, 1, content, columns or {})
    page = Page(pages=pages)
    route = ("model", MediaResolution.LOW, ServiceTier.STANDARD)
    return NamedOutcome(file, Failure("", "kind", page, reason, "", *route))


def plan(*words: Word, truths: Mapping[str, str] | None = None) -> Counting:
    return counting({"kind": KIND}, words, truths or {}, "")


def test_twins_count_once_and_in_each_of_their_values() -> None:
    names = [
        CountedName("kind", "north", ("map",), ("plan",)),
        CountedName("kind", "south", ("map",), ("plan",)),
        CountedName("kind", "north", ("map",), ("plan",)),
    ]
    found = dict(picture_counts(names))
    for value in ("", "north", "south"):
        assert found[CountKey("kind", value, "")] == CountTotals(answered=1, labelled=1)
        assert found[CountKey("kind", value, "map")] == CountTotals(answered=1, labelled=1)
        assert found[CountKey("kind", value, "plan")] == CountTotals(having=1)
    assert len(found) == 9


def test_twins_with_labels_that_contradict_each_other_have_none() -> None:
    names = [CountedName("kind", "", (), ("map",)), CountedName("kind", "", (), ("plan",))]
    assert dict(picture_counts(names)) == {
        CountKey("kind", "", ""): CountTotals(answered=1, unclear=1)
    }


def test_only_words_of_a_draw_count() -> None:
    chosen = replace(SAID, content_hash="h2", drawn=Drawn.CHOSEN)
    found = plan(SAID, chosen)
    assert found.labels == {("h1", 1, "kind"): ("map",)}
    assert found.drawn == {"kind": ((7, draw_number(7, "h1", 1)),)}


def test_what_has_no_picture_is_not_counted_and_what_has_no_answer_is() -> None:
    found = plan(SAID)
    assert found.name_of(failed("a.jpg", "h1", Reason.UNREADABLE)) is None
    assert found.name_of(failed("a.jpg", "", Reason.REJECTED)) is None
    name = found.name_of(failed("a.jpg", "h1", Reason.BLOCKED_ANSWER))
    assert name
    assert (name.answered, name.said) == ((), ("map",))


def test_pictures_that_the_draw_has_come_to_and_nobody_labelled_are_told() -> None:
    contents = sorted(("h1", "h2", "h3", "h4"), key=lambda one: draw_number(7, one, 1))
    found = plan(replace(SAID, content_hash=contents[2]))
    rows = [failed(f"{one}.jpg", one) for one in contents]
    pictures = [[name for name in [found.name_of(row)] if name] for row in rows]
    every = summed(pictures)[CountKey("kind", "", "")]
    assert every == CountTotals(answered=4, labelled=1, due=2, applied=1)


def test_a_manifest_counts_where_its_rows_were_drawn_at_random() -> None:
    found = plan(truths={"kind": "kind"})

    def said(cells: Mapping[str, Scalar], pages: int = 1) -> tuple[object, bool]:
        name = found.name_of(failed("a.jpg", "h1", columns=cells, pages=pages))
        assert name
        return name.said, name.unclear

    assert said({"kind": "Map", "drawn": "random"}) == (("map",), False)
    assert said({"kind": "map", "drawn": "chosen"}) == (None, False)
    assert said({"kind": "map", "drawn": None}) == (None, False)
    assert said({"kind": "atlas", "drawn": "random"}) == (None, True)
    assert said({"kind": None, "drawn": "random"}) == (None, False)
    assert said({"kind": "map", "drawn": "random"}, pages=2) == (None, True)


def test_several_labels_are_a_yes_or_no_each() -> None:
    kind = SeveralLabels(("red", "green", "blue"))
    names = [
        [CountedName("hues", "", ("red", "blue"), ("red", "green"))],
        [CountedName("hues", "", (), ())],
        [CountedName("hues", "", ("red",), None)],
    ]
    rows = list(summed(names).items())
    counts = label_counts(rows, {"hues": kind.options()})
    assert [(one.label, one.answered, one.labelled, one.pictures) for one in counts] == [
        ("red", 2, 2, 3),
        ("green", 0, 2, 3),
        ("blue", 1, 2, 3),
    ]
    by_label = {one.label: one.share for one in counts}
    assert by_label["green"].low > 0
    assert by_label["blue"].high < 1
    told = counts_facts(rows, counts, "")["hues"]
    assert (told["pictures"], told["labelled"], len(told["labels"])) == (3, 2, 3)


def test_the_values_with_most_pictures_are_told_apart() -> None:
    names = [
        [CountedName("kind", f"v{number}", ("map",), ("map",))]
        for number in range(60)
        for _ in range(1 + (number >= 40))
    ]
    counts = label_counts(list(summed(names).items()), {"kind": KIND.options()})
    values = [one.value for one in counts if one.label == "map"]
    assert values[0] == ""
    assert len(values) == 51
    assert {f"v{number}" for number in range(40, 60)} <= set(values)
