"""The life of many images: packs, tails, journal, backpressure, and how it all ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tierwise.answering.answer_file import answer_file
from tierwise.records import Answer, Answered, Failure, ImageFile, Reason
from tierwise.scheduling.window import Window

TWO_LEVELS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright], images_per_request: 3}
  again:
    prompt: "Really {shade}?"
    when: shade == "dark" or shade == "bright"
    labels: ["yes", "no"]
    images_per_request: 4
    media_resolution: high
  words: {prompt: "A word for {again}.", input: text, text: {max_length: 300}}
"""
NEEDS_COLUMN = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "Was it {old}?", labels: [dark, bright]}
"""


@pytest.mark.parametrize(
    ("pack", "expected"), [(1, [1] * 10), (3, [1, 3, 3, 3]), (4, [2, 4, 4]), (50, [10])]
)
def test_packs_are_filled_and_the_tail_is_sent(
    archive: Any, spent_on: Any, pack: int, expected: list[int]
) -> None:
    answered = archive.bundle(pack=pack).answer(archive.pictures(10))
    assert len(answered) == 10
    assert sorted(archive.packs()) == expected
    assert spent_on(answered).cost == archive.gemini.billed() > 0


def test_tails_of_every_level_are_sent(archive: Any, values_of: Any, spent_on: Any) -> None:
    answered = archive.bundle(TWO_LEVELS).answer(archive.pictures(11))
    found = values_of(answered)
    assert len(found) == 33
    assert {task for _, task, _ in found} == {"shade", "again", "words"}
    assert not {str(value) for value in found.values()} & set(Reason)
    counts = archive.packs()
    assert sum(counts) == 22
    assert counts.count(0) == 11
    # 11 in threes and 11 in fours: the second level's tail waits for what the first's brings.
    assert sorted(counts)[11:] == [2, 3, 3, 3, 3, 4, 4]
    assert spent_on(answered).cost == archive.gemini.billed()


def test_a_window_smaller_than_a_pack_still_moves(archive: Any) -> None:
    """Files that wait for a full request must not fill the window for ever."""
    bundle = archive.bundle(TWO_LEVELS, requests_in_flight=1)
    assert len(bundle.answer(archive.pictures(23))) == 23
    assert bundle.most_under_way <= bundle.engine.plan.images_in_flight


def test_a_second_run_asks_nothing_and_pays_nothing(
    archive: Any, values_of: Any, outcomes_of: Any, spent_on: Any
) -> None:
    pictures = archive.pictures(7)
    first = archive.bundle(TWO_LEVELS).answer(pictures)
    archive.gemini.reset()
    second = archive.bundle(TWO_LEVELS, run="run-2", digits=3).answer(pictures)
    assert values_of(second) == values_of(first)
    assert archive.packs() == []
    assert all(outcome.reused for outcome in outcomes_of(second))
    assert spent_on(second).cost == 0


def test_a_bundle_tried_again_asks_nothing_and_tells_the_same_cost(
    archive: Any, outcomes_of: Any, spent_on: Any
) -> None:
    pictures = archive.pictures(7)
    archive.gemini.faults({"kind": "outside_labels", "count": 1}, {"kind": "drop", "count": 2})
    first = archive.bundle(pack=3).answer(pictures)
    asked = len(archive.packs())
    second = archive.bundle(pack=3).answer(pictures)
    assert len(archive.packs()) == asked
    by_id = {outcome.request_id: outcome for outcome in outcomes_of(first)}
    for outcome in outcomes_of(second):
        before = by_id[outcome.request_id]
        assert outcome.spent + outcome.wasted == before.spent + before.wasted
        assert not outcome.reused
    assert spent_on(first).maybe_billed > 0


def test_a_run_that_died_half_way_pays_only_the_rest(archive: Any, spent_on: Any) -> None:
    pictures = archive.pictures(9)
    archive.bundle().answer(pictures[:4])
    before = archive.gemini.billed()
    answered = archive.bundle(run="run-2").answer(pictures)
    assert len(archive.packs()) == 9
    assert spent_on(answered).cost == archive.gemini.billed() - before > 0


def test_a_paid_refusal_is_not_paid_again(archive: Any, values_of: Any, spent_on: Any) -> None:
    pictures = archive.pictures(3)
    archive.gemini.faults({"kind": "blocked_answer"})
    first = archive.bundle().answer(pictures)
    assert set(values_of(first).values()) == {"blocked_answer"}
    archive.gemini.faults()
    paid = archive.gemini.billed()
    second = archive.bundle(run="run-2").answer(pictures)
    assert set(values_of(second).values()) == {"blocked_answer"}
    assert spent_on(second).cost == 0
    assert archive.gemini.billed() == paid


def test_equal_questions_are_asked_once(archive: Any, outcomes_of: Any) -> None:
    data = archive.draw(1)
    twins = [archive.add(name, data) for name in ("a.jpg", "b.jpg", "c.jpg")]
    outcomes = outcomes_of(archive.bundle(pack=2).answer(twins))
    assert archive.packs() == [1]
    assert sorted(outcome.reused for outcome in outcomes) == [False, True, True]
    assert sorted(outcome.spent.requests for outcome in outcomes) == [0, 0, 1]


@pytest.mark.parametrize("pack", [1, 4])
def test_the_window_is_full_and_never_fuller(archive: Any, pack: int) -> None:
    archive.gemini.faults({"kind": "latency", "ms": 3})
    bundle = archive.bundle(pack=pack, requests_in_flight=2)
    limit = bundle.engine.plan.images_in_flight
    pictures = archive.pictures(limit + 15)
    assert len(bundle.answer(pictures)) == len(pictures)
    assert bundle.most_under_way <= limit
    assert bundle.most_under_way >= limit - 1


def test_one_slow_reply_delays_nobody(archive: Any) -> None:
    slow, *quick = archive.pictures(12)
    window_s = 0.6
    bundle = archive.bundle(requests_in_flight=4)
    bundle.answer([slow])
    sha256 = archive.gemini.requests()[0]["images"]
    archive.gemini.faults({"kind": "latency", "ms": 1000 * window_s, "sha256": sha256})
    bundle = archive.bundle(run="run-2", requests_in_flight=4, digits=2)
    (archive.folder / "journal").rename(archive.folder / "journal of run-1")
    order = [answered.uri for answered in bundle.answer([slow, *quick])]
    assert order[-1] == slow.uri


def test_files_that_cannot_be_read_fail_and_their_neighbours_do_not(
    archive: Any, values_of: Any
) -> None:
    files = [
        *archive.pictures(2),
        archive.add("broken.jpg", b"\xff\xd8\xff\xe0 and no more"),
        archive.add("words.jpg", b"no picture at all, only words " * 9),
        ImageFile("gone.jpg", str(archive.folder / "gone.jpg"), 1, "sha256:99"),
        ImageFile("locked.jpg", "locked.jpg", 0, "", problem="locked.jpg: Permission denied"),
    ]
    found = values_of(archive.bundle(TWO_LEVELS).answer(files))
    failed = {uri: value for (uri, task, _), value in found.items() if task == "shade"}
    assert {failed.pop("0.jpg"), failed.pop("1.jpg")} <= {"dark", "bright"}
    assert set(failed) == {"broken.jpg", "words.jpg", "gone.jpg", "locked.jpg"}
    assert set(failed.values()) <= {"unreadable", "unsupported_format", "store_unavailable"}
    # A task that is asked of some images only is not asked of one that cannot be seen.
    assert not [key for key in found if key[0] in failed and key[1] == "again"]


def test_each_page_of_a_file_is_an_image(
    archive: Any, values_of: Any, draw: Callable[..., bytes]
) -> None:
    pages = [Image.new("RGB", (64, 48), colour) for colour in ("red", "white", "navy")]
    path = archive.folder / "scan.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    scan = archive.add("scan.tif", path.read_bytes())
    found = values_of(archive.bundle(TWO_LEVELS).answer([scan, *archive.pictures(1)]))
    assert sorted(page for uri, task, page in found if (uri, task) == ("scan.tif", "shade")) == [
        1,
        2,
        3,
    ]
    assert archive.packs()[0] == 3
    archive.gemini.reset()
    again = archive.bundle(TWO_LEVELS, run="run-2").answer([scan])
    assert len(values_of(again)) == 9
    assert archive.packs() == []


def test_a_bug_surfaces_and_names_the_file(archive: Any) -> None:
    bundle = archive.bundle(NEEDS_COLUMN)
    good = archive.add("good.jpg", archive.draw(1), old="dark")
    bad = archive.add("bad.jpg", archive.draw(2))
    with pytest.raises(KeyError, match="old") as caught:
        bundle.answer([good, bad])
    assert caught.value.__notes__ == ["while answering bad.jpg"]
    # The engine is as good as before, and what was paid is not paid again.
    assert len(archive.bundle(NEEDS_COLUMN).answer([good])) == 1
    assert len(archive.packs()) <= 2


def test_a_journal_that_cannot_be_written_stops_the_bundle(archive: Any) -> None:
    bundle, pictures = archive.bundle(), archive.pictures(3)
    for picture in pictures:
        bundle.asked(picture)  # which reads the journal
    (archive.folder / "journal").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="journal") as caught:
        bundle.answer(pictures)
    assert caught.value.__notes__[0].startswith("while answering ")


def test_cancelling_gives_up_what_hangs(archive: Any) -> None:
    archive.gemini.faults({"kind": "hang"})
    bundle = archive.bundle(pack=2, requests_in_flight=3)
    window = Window[Answered](bundle.engine, bundle.engine.rooms.images)
    for file in archive.pictures(5):
        life = answer_file(file, file.content_hash, window.session, bundle.asked(file))
        list(window.add(life, file.uri))
    deadline = time.monotonic() + 10
    while len(archive.packs()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started = time.monotonic()
    window.cancel()
    bundle.engine.close()
    assert time.monotonic() - started < 2


def test_an_interrupted_run_starts_nothing_more(archive: Any, outcomes_of: Any) -> None:
    bundle = archive.bundle()
    pictures = archive.pictures(6)
    bundle.answer(pictures[:2])
    bundle.engine.interrupt(seconds=1)
    outcomes = outcomes_of(bundle.answer(pictures))
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 2
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}
    assert reasons == {Reason.UNAVAILABLE}
    assert len(archive.packs()) == 2


def test_under_mixed_faults_every_image_has_its_outcomes(
    archive: Any, values_of: Any, spent_on: Any, tmp_path: Path
) -> None:
    kinds = ["blocked_answer", "wrong_items", "outside_labels", "truncated_json", "bad_image"]
    archive.gemini.faults(*({"kind": kind, "rate": 0.08} for kind in kinds), seed=5)
    answered = archive.bundle(TWO_LEVELS).answer(archive.pictures(25))
    found = values_of(answered)
    assert len({uri for uri, task, _ in found if task == "shade"}) == 25
    assert spent_on(answered).cost == archive.gemini.billed()
