"""`routing:` of a tasks file: which rules a task has, and what is refused."""

from __future__ import annotations

import pytest

from tierwise.errors import TasksError
from tierwise.questions import as_written
from tierwise.records import MediaResolution
from tierwise.routing import AS_IT_IS, Routing
from tierwise.tasks import Tasks, load_tasks

HIGH, ULTRA = MediaResolution.HIGH, MediaResolution.ULTRA_HIGH
NAMED = Routing(fit_pixels=False)


def load(keys: str, defaults: str = "", model: str = "gemini-3.1-flash-lite") -> Tasks:
    text = (
        f"model: {model}\n"
        + (f"defaults: {{{defaults}}}\n" if defaults else "")
        + f"tasks:\n  a: {{prompt: Which, labels: [x, y], {keys}}}\n"
        + "  b: {prompt: Which, labels: [x, y], media_resolution: high}\n"
    )
    return load_tasks(text, path="tasks.yaml")


@pytest.mark.parametrize(
    ("keys", "defaults", "routing"),
    [
        ("", "", Routing()),
        ("media_resolution: auto", "", Routing()),
        ("media_resolution: auto", "media_resolution: high", Routing()),
        # What the file names is what is asked, of every picture, unless it says otherwise.
        ("media_resolution: high", "", NAMED),
        ("media_resolution: low", "", NAMED),
        ("", "media_resolution: high", NAMED),
        ("media_resolution: high", "media_resolution: auto", NAMED),
        ("media_resolution: high, routing: {fit_pixels: true}", "", Routing(fit_written=True)),
        ("media_resolution: high", "routing: {fit_pixels: true}", Routing(fit_written=True)),
        ("routing: {fit_pixels: false}", "", Routing(fit_pixels=False, fit_written=False)),
        ("routing: {detail_above: 0.12}", "", Routing(detail_above=0.12)),
        ("routing: {detail_above: 0}", "", Routing(detail_above=0)),
        ("", "routing: {detail_above: 0.1}", Routing(detail_above=0.1)),
        (
            "routing: {detail_resolution: ultra_high}",
            "routing: {detail_above: 0.1, fit_pixels: false}",
            Routing(False, 0.1, ULTRA, fit_written=False),
        ),
        ("routing: {detail_above: 1}", "routing: {detail_above: 0.1}", Routing()),
        ("routing: {fit_pixels: true}", "routing: {fit_pixels: false}", Routing(fit_written=True)),
        # Of the file's defaults, what can have no effect is left out in silence.
        ("media_resolution: high", "routing: {detail_above: 0.1}", NAMED),
        ("per: folder", "routing: {detail_above: 0.1}", AS_IT_IS),
        ("images_per_sheet: 4", "routing: {detail_above: 0.1}", AS_IT_IS),
    ],
)
def test_the_rules_of_a_task(keys: str, defaults: str, routing: Routing) -> None:
    assert load(keys, defaults).task("a").routing == routing


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("routing: {detail_above: 1.5}", 'key "routing.detail_above": the value is 1.5. Write the'),
        ("routing: {detail_above: -0.1}", "0 to 1"),
        ("routing: {fit: false}", "Known keys: fit_pixels, detail_above, detail_resolution"),
        ("routing: off", "Write keys, as in {fit_pixels: false}"),
        ("routing: {detail_resolution: high}", "it has no effect without `detail_above`"),
        (
            "routing: {detail_above: 0.1, detail_resolution: low}",
            "low is not above the task's own media resolution, low",
        ),
        ("media_resolution: high, routing: {detail_above: 0.1}", "high is not above"),
        ("per: folder, routing: {fit_pixels: true}", "no effect with `per`"),
        ("images_per_sheet: 4, routing: {fit_pixels: true}", "no effect with `images_per_sheet`"),
    ],
)
def test_what_has_no_effect_or_is_malformed_is_refused(keys: str, message: str) -> None:
    with pytest.raises(TasksError) as refused:
        load(keys)
    assert message in str(refused.value)
    assert 'task "a"' in str(refused.value)


def test_a_model_must_offer_the_resolution_of_fine_detail() -> None:
    keys = "routing: {detail_above: 0.1, detail_resolution: ultra_high}"
    with pytest.raises(TasksError, match='has no media resolution "ultra_high"'):
        load(keys, model="gemini-2.5-flash-lite")


def test_rules_are_no_part_of_what_is_asked() -> None:
    plain, ruled = load(""), load("routing: {detail_above: 0.1, fit_pixels: false}")
    assert plain.task("a").digest == ruled.task("a").digest
    assert as_written(ruled).measures_detail and not as_written(plain).measures_detail
    assert not any(task.adapts for task in ruled.as_they_are().tasks)


def test_auto_starts_at_low_and_is_the_same_question_as_saying_nothing() -> None:
    said, unsaid = load("media_resolution: auto").task("a"), load("").task("a")
    assert said == unsaid
    assert said.route.media_resolution is MediaResolution.LOW


def test_a_second_ask_at_a_named_resolution_is_asked_there() -> None:
    doubt = 'escalate: {when: a == "x", media_resolution: high}'
    for keys, fits in ((doubt, False), (f"routing: {{fit_pixels: true}}, {doubt}", True)):
        [_, second] = (task for task in as_written(load(keys)).tasks if task.row_of == "a")
        assert second.route.media_resolution is HIGH
        assert second.routing.fit_pixels is fits
