"""The life of a group: one request, one answer, a share of both for each of its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tierwise.answering.answer_group import answer_group
from tierwise.answering.groups import AnsweredGroup, Group, choose_files
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.gemini.request_room import MOST_INLINE_BYTES
from tierwise.records import Answer, ImageFile, Outcome, Spent
from tierwise.scheduling.engine import Engine
from tierwise.scheduling.window import Window

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  theme:
    per: {per}
    prompt: {prompt}
    labels: [dark, bright]
    image: {{max_side: 1024, quality: {quality}}}
    max_per_group: {most}
    beyond: {beyond}
"""
BROKEN = b"\xff\xd8\xff\xe0 no more"


@dataclass
class Groups:
    """Asks groups as the DoFn does, all of a call in one bundle and one shard."""

    archive: Any
    per: str = "folder"
    prompt: str = "Which theme do they share?"
    most: int = 20
    beyond: str = "sample"
    quality: int = 85

    def engine(self, run: str = "run-1", **plan: Any) -> Engine:
        text = TASKS.format(
            per=self.per,
            prompt=self.prompt,
            most=self.most,
            beyond=self.beyond,
            quality=self.quality,
        )
        engine: Engine = self.archive.bundle(text, run=run, **plan).engine
        return engine

    def answer(
        self, *groups: Sequence[ImageFile], run: str = "run-1", **plan: Any
    ) -> list[AnsweredGroup]:
        engine = self.engine(run, **plan)
        window = Window[AnsweredGroup](engine, engine.rooms.groups)
        done = list[AnsweredGroup]()
        journal = engine.plan.journal
        asked: dict[str, QuestionsAsked] = {}
        per = engine.plan.questions.task("theme").per
        assert per is not None
        for number, files in enumerate(groups):
            group = Group("theme", f"group {number}", choose_files(files, per))
            shard = group.content_hash.removeprefix("sha256:")[: journal.digits]
            known = asked.setdefault(shard, QuestionsAsked(journal.read(shard)))
            done += window.add(answer_group(group, window.session, known), group.name)
        return sorted([*done, *window.drain()], key=lambda one: one.name)


# Input of gemini-3.1-flash-lite at the standard tier; output costs six times as much.
NANO_PER_TOKEN = 250


def outcomes(group: AnsweredGroup) -> list[Outcome]:
    return [outcome for member in group.members for outcome in member.outcomes]


def spent(groups: Sequence[AnsweredGroup]) -> Spent:
    each = (outcome for group in groups for outcome in outcomes(group))
    return sum((outcome.spent + outcome.wasted for outcome in each), Spent())


def shown(outcome: Outcome) -> str:
    return outcome.value if isinstance(outcome, Answer) else str(outcome.reason)


def paged(count: int) -> bytes:
    first, *others = (Image.new("RGB", (40, 30), (n * 9, 200, 90)) for n in range(count))
    stream = BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def test_a_group_is_one_request_and_each_image_has_its_share(archive: Any) -> None:
    [group] = Groups(archive).answer(archive.pictures(7))
    assert archive.packs() == [7]
    found = outcomes(group)
    assert len({shown(outcome) for outcome in found}) == 1
    assert [member.uri for member in group.members] == [f"{n}.jpg" for n in range(7)]
    assert spent([group]).requests == 1
    assert spent([group]).cost == archive.gemini.billed() > 0
    costs = [outcome.spent.cost for outcome in found]
    assert max(costs) - min(costs) <= 1  # nano-dollars that cannot be divided
    assert all(isinstance(o, Answer) and o.images_in_request == 7 for o in found)
    assert len({outcome.request_id for outcome in found}) == 1


def test_the_naive_way_asks_a_group_once_at_high(archive: Any) -> None:
    [group] = Groups(archive).answer(archive.pictures(5))
    [alone] = Groups(archive).answer(archive.pictures(1))
    baselines = [outcome.baseline for outcome in outcomes(group)]
    assert max(baselines) - min(baselines) <= 7 * NANO_PER_TOKEN  # a token in, a token out
    [one] = outcomes(alone)
    picture = 1064 * NANO_PER_TOKEN
    assert abs(sum(baselines) - one.baseline - 4 * picture) < one.baseline // 50
    assert sum(o.baseline for o in outcomes(group)) > 3 * spent([group]).cost


def test_a_second_run_asks_nothing_and_opens_nothing(archive: Any) -> None:
    pictures = archive.pictures(4)
    [first] = Groups(archive).answer(pictures)
    archive.gemini.reset()
    for file in pictures:
        (archive.folder / file.uri).write_bytes(b"gone, but the listing has not seen it yet")
    [second] = Groups(archive).answer(pictures, run="run-2")
    assert archive.packs() == []
    assert [shown(o) for o in outcomes(second)] == [shown(o) for o in outcomes(first)]
    assert all(isinstance(o, Answer) and o.reused for o in outcomes(second))
    assert [o.page for o in outcomes(second)] == [o.page for o in outcomes(first)]
    assert spent([second]) == Spent()


def test_a_repeated_bundle_finds_what_was_paid_and_keeps_its_cost(archive: Any) -> None:
    pictures = archive.pictures(4)
    archive.gemini.faults({"kind": "outside_labels", "count": 1})
    [first] = Groups(archive).answer(pictures)
    assert archive.packs() == [4, 4]
    [again] = Groups(archive).answer(pictures)
    assert archive.packs() == [4, 4]
    assert spent([again]) == spent([first])
    assert spent([first]).cost == archive.gemini.billed()


@pytest.mark.parametrize("bad", [(), (BROKEN,)], ids=["sound", "one broken"])
def test_the_same_pictures_under_other_names_are_asked_once(
    bad: tuple[bytes, ...], archive: Any
) -> None:
    """The first of many equal groups pays, though the pictures of all are opened at once."""
    data = [*(archive.draw(n) for n in range(3)), *bad]
    named = [
        [archive.add(f"{letter}{n}.jpg", data[-n]) for n in range(len(data))]
        for letter in "abcdefgh"
    ]
    groups = Groups(archive).answer(*named)
    assert archive.packs() == [3]
    assert spent(groups[:1]).cost == archive.gemini.billed()
    assert spent(groups[1:]) == Spent()
    found = [sorted(shown(outcome) for outcome in outcomes(group)) for group in groups]
    assert found == [found[0]] * 8


def test_another_picture_makes_another_group(archive: Any) -> None:
    pictures = archive.pictures(4)
    Groups(archive).answer(pictures[:3])
    Groups(archive).answer(pictures, run="run-2")
    Groups(archive, prompt="What is it?").answer(pictures, run="run-3")
    assert archive.packs() == [3, 4, 4]


def test_a_prompt_about_the_group_tells_equal_groups_apart(archive: Any) -> None:
    pictures = archive.pictures(2)
    Groups(archive, prompt="What does {folder} show?").answer(pictures, pictures)
    assert archive.packs() == [2, 2]
    assert len({line["prompt_sha256"] for line in archive.gemini.requests()}) == 2


def test_a_bad_picture_does_not_cost_the_group_its_answer(archive: Any) -> None:
    pictures = [*archive.pictures(3), archive.add("2b.jpg", BROKEN)]
    for run in ("run-1", "run-2"):
        [group] = Groups(archive).answer(pictures, run=run)
        found = {member.uri: shown(member.outcomes[0]) for member in group.members}
        assert found.pop("2b.jpg") == "unreadable"
        assert len(set(found.values())) == 1
        assert found.keys() == {"0.jpg", "1.jpg", "2.jpg"}
        assert archive.packs() == [3]


def test_a_group_of_bad_pictures_is_not_asked(archive: Any) -> None:
    pictures = [archive.add(f"{n}.jpg", BROKEN + bytes([n])) for n in range(3)]
    [group] = Groups(archive).answer(pictures)
    assert [shown(outcome) for outcome in outcomes(group)] == ["unreadable"] * 3
    assert shown(group.rest) == "unreadable"
    assert archive.packs() == []


@pytest.mark.parametrize(
    ("kind", "reason", "requests"),
    [
        ("blocked_prompt", "blocked_prompt", 1),
        ("blocked_answer", "blocked_answer", 1),
        ("max_tokens", "truncated", 2),
        ("outside_labels", "invalid_answer", 2),
        ("truncated_json", "invalid_answer", 2),
        ("bad_image", "rejected", 1),
        # Five refusals, and two more to be sure.
        ("forbidden", "unauthorized", 7),
    ],
)
def test_a_group_fails_as_a_whole_and_is_never_split(
    kind: str, reason: str, requests: int, archive: Any
) -> None:
    archive.gemini.faults({"kind": kind})
    [group] = Groups(archive).answer(archive.pictures(5))
    assert [shown(outcome) for outcome in outcomes(group)] == [reason] * 5
    assert archive.packs() == [5] * requests
    assert spent([group]).cost == archive.gemini.billed()


@pytest.mark.parametrize("kind", ["outside_labels", "max_tokens", "unavailable", "internal"])
def test_a_fault_that_passes_costs_no_answer(kind: str, archive: Any) -> None:
    archive.gemini.faults({"kind": kind, "count": 1})
    [group] = Groups(archive).answer(archive.pictures(3))
    assert all(isinstance(outcome, Answer) for outcome in outcomes(group))
    assert archive.packs() == [3, 3]
    assert spent([group]).cost == archive.gemini.billed()


def test_a_final_failure_is_not_paid_again(archive: Any) -> None:
    archive.gemini.faults({"kind": "blocked_answer"})
    pictures = archive.pictures(3)
    Groups(archive).answer(pictures)
    [group] = Groups(archive).answer(pictures, run="run-2")
    assert [shown(outcome) for outcome in outcomes(group)] == ["blocked_answer"] * 3
    assert spent([group]).cost == 0
    assert len(archive.packs()) == 1


@pytest.mark.parametrize("beyond", ["first", "sample"])
def test_beyond_the_most_some_are_sent_and_the_rest_shares_the_answer(
    beyond: str, archive: Any
) -> None:
    [group] = Groups(archive, most=3, beyond=beyond).answer(archive.pictures(9))
    assert archive.packs() == [3]
    assert len(group.members) == 3
    assert beyond != "first" or [m.uri for m in group.members] == ["0.jpg", "1.jpg", "2.jpg"]
    rest = group.rest
    assert isinstance(rest, Answer)
    assert (rest.value, rest.reused, rest.spent) == (shown(outcomes(group)[0]), True, Spent())
    assert (rest.sent.bytes, rest.images_in_request) == (0, 3)
    assert rest.baseline == 0


def test_beyond_the_most_all_fail_where_that_is_wanted(archive: Any) -> None:
    [group] = Groups(archive, most=3, beyond="fail").answer(archive.pictures(4))
    assert archive.packs() == []
    assert group.members == ()
    assert shown(group.rest) == "too_large"
    assert "more than 3 different images" in getattr(group.rest, "message", "")


@pytest.mark.parametrize(
    ("beyond", "sent", "reasons"), [("first", [3], 0), ("sample", [3], 0), ("fail", [], 6)]
)
def test_pages_count_as_images(beyond: str, sent: list[int], reasons: int, archive: Any) -> None:
    files = [*archive.pictures(1), archive.add("fax.tif", paged(5))]
    for run in ("run-1", "run-2"):
        [group] = Groups(archive, most=3, beyond=beyond).answer(files, run=run)
        assert archive.packs() == sent
        pages = [(m.uri, o.page.number) for m in group.members for o in m.outcomes]
        assert pages == [("0.jpg", 1), *(("fax.tif", number) for number in range(1, 6))]
        assert [shown(o) for o in outcomes(group)].count("too_large") == reasons
    first = spent([group])
    assert first == Spent()


def test_all_pages_of_a_file_are_one_group(archive: Any) -> None:
    [group] = Groups(archive).answer([archive.add("fax.tif", paged(4))])
    assert archive.packs() == [4]
    assert [outcome.page.number for outcome in outcomes(group)] == [1, 2, 3, 4]
    archive.gemini.reset()
    Groups(archive).answer([archive.add("fax.tif", paged(4))], run="run-2")
    assert archive.packs() == []


@pytest.mark.parametrize(("beyond", "reason"), [("first", None), ("fail", "too_large")])
def test_pictures_that_are_too_heavy_together_go_by_the_same_rule(
    beyond: str, reason: str | None, archive: Any
) -> None:
    def noise(seed: int) -> bytes:
        stream = BytesIO()
        Image.effect_noise((1024, 1024), 90 + seed).convert("RGB").save(stream, "JPEG", quality=95)
        return stream.getvalue()

    pictures = [archive.add(f"{n:02}.jpg", noise(n)) for n in range(24)]
    [group] = Groups(archive, most=50, beyond=beyond, quality=100).answer(pictures)
    found = outcomes(group)
    assert len(found) == 24
    if reason:
        assert {shown(outcome) for outcome in found} == {reason}
        assert "a request takes 12,000,000" in getattr(found[0], "message", "")
        return
    sent = [o.sent.bytes for o in found if isinstance(o, Answer)]
    assert 0 < sum(sent) <= MOST_INLINE_BYTES < sum(sent) + max(sent)
    assert archive.packs() == [sum(size > 0 for size in sent)]
    assert all(size > 0 for size in sent[: archive.packs()[0]])


def test_many_groups_are_asked_side_by_side_and_no_more_than_fit(archive: Any) -> None:
    groups = Groups(archive)
    engine = groups.engine(requests_in_flight=4)
    assert engine.plan.groups_in_flight == 6
    pictures = archive.pictures(40)
    done = groups.answer(*(pictures[n : n + 2] for n in range(0, 40, 2)), requests_in_flight=4)
    assert len(done) == 20
    assert archive.packs() == [2] * 20
    assert spent(done).cost == archive.gemini.billed()


def test_under_mixed_faults_every_image_has_its_outcome(archive: Any) -> None:
    kinds = ["blocked_answer", "outside_labels", "truncated_json", "bad_image", "unavailable"]
    archive.gemini.faults(*({"kind": kind, "rate": 0.15} for kind in kinds), seed=5)
    pictures = archive.pictures(60)
    done = Groups(archive).answer(*(pictures[n : n + 3] for n in range(0, 60, 3)))
    assert sum(len(outcomes(group)) for group in done) == 60
    assert spent(done).cost == archive.gemini.billed()
    assert all(len({shown(o) for o in outcomes(group)}) == 1 for group in done)
