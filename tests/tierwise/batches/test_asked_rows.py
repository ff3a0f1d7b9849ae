"""A question that was written down is settled days later as it would have been at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.batches.asked_rows import AskedRow, asked_rows, packed, to_line
from tierwise.gemini.reply import Reply
from tierwise.gemini.settle import Ask, Exchange, Settled, answers_of, settle
from tierwise.images.picture import Picture
from tierwise.records import Page, ServiceTier, Spent, Usage
from tierwise.routing import Decision
from tierwise.tasks import load_tasks
from tierwise.wording import render, request_id

TASKS = load_tasks(
    """
model: gemini-3.1-flash-lite
tasks:
  one: {prompt: "Which?", labels: [a, b], images_per_request: 4}
  some: {prompt: "Which?", labels: [a, b, c], multiple: true}
  text: {prompt: "What?", text: {max_length: 20, slug: true}}
  struct:
    prompt: What?
    schema: {type: object, properties: {x: {type: integer}, y: {type: string}}, required: [x]}
  doubted:
    prompt: Which?
    labels: [a, b, unsure]
    escalate: {when: doubted == "unsure", media_resolution: high}
  later: {when: 'one == "a"', prompt: "Which, {one}?", labels: [a, b]}
  group: {prompt: "Which?", labels: [a, b], per: folder}
  sheet: {prompt: "Which?", labels: [a, b], images_per_sheet: 4}
""",
    path="tasks.yaml",
).tasks
TEXTS = ["a", '"a"', '["a"]', "nonsense", '{"x": 1, "y": "z"}', '[{"image": 1, "answer": "a"}]']
FLAGS = ("limit_raised", "cut_off", "asked_again", "alone")
COUNTS = ("attempts", "unanswered", "lost")
spents = st.builds(Spent, cost=st.integers(0, 9), requests=st.integers(0, 3))


@st.composite
def requests_(draw: st.DrawFn) -> tuple[Ask, ...]:
    """One question about one image or several, or several questions about one."""
    task = draw(st.sampled_from(TASKS))
    images = draw(st.integers(1, 3)) if task.name in ("one", "group", "sheet") else 1
    made = tuple(_ask(draw, task, number) for number in range(images))
    form = draw(st.none() | st.sampled_from(answers_of(made).forms()))
    return tuple(replace(ask, form=form) for ask in made)


def _ask(draw: st.DrawFn, task: Any, number: int) -> Ask:
    page = Page(1, 1, 40, 30, "jpeg")
    prompt = render(task, filename="f", columns={}, answers={"one": "a"})
    identity = request_id(
        content_hash=f"c{number}", page=1, task=task, prompt=prompt, route=task.route
    )
    picture = Picture(
        *(b"xy", "image/jpeg", 40, 30, 80, 60, "jpeg", 9, True, False, False, False, 1.5, None),
        preview=draw(st.booleans()),
    )
    decision = draw(st.none() | st.just(Decision(task.route, "because")))
    more: dict[str, Any] = {name: draw(st.booleans()) for name in FLAGS}
    more |= {name: draw(st.integers(0, 3)) for name in COUNTS}
    return Ask(
        *(identity, f"c{number}", task, page, prompt, picture, decision),
        wasted=draw(spents),
        pack=draw(st.sampled_from(["", "abc"])),
        **more,
    )


def settled(asks: Sequence[Ask], text: str, finish: str) -> Settled:
    usage = Usage(100, 90, 0, 11, 3)
    shares = Spent(usage, 1000, requests=1).shares(len(asks))
    reply = Reply(text, finish, "", usage, "m-001", None)
    money: dict[str, Any] = {"baselines": [2000] * len(asks), "sent_bytes": [500] * len(asks)}
    return settle(asks, Exchange(reply, shares, ServiceTier.BATCH, 5, "2026-11-20", **money))


def comparable(found: Settled) -> Any:
    """Without what whoever settles never looks at."""

    def told(ask: Ask) -> Any:
        picture = ask.picture and replace(ask.picture, data=b"")
        return replace(ask, picture=picture, task=None), ask.task.name  # type: ignore[arg-type]

    again = [[told(ask) for ask in asks] for asks in found.again]
    return found.outcomes, [(told(ask), spent) for ask, spent in found.wasted], again


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(requests_(), min_size=1, max_size=3),
    text=st.sampled_from(TEXTS),
    finish=st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "OTHER"]),
)
def test_settled_from_a_file_as_from_memory(
    asked: list[tuple[Ask, ...]], text: str, finish: str, tmp_path: Path
) -> None:
    rows = [
        AskedRow(f"t{place}", asks, (5,) * len(asks), 7 * place, place % 2 == 0)
        for place, asks in enumerate(asked)
    ]
    tasks = {ask.task.name: ask.task for asks in asked for ask in asks}
    (tmp_path / "asks.jsonl.gz").write_bytes(packed(tasks.values(), map(to_line, rows)))
    found = list(asked_rows(str(tmp_path / "asks.jsonl.gz")))
    for row, written in zip(rows, found, strict=True):
        one = (row.key, row.sent_bytes, row.worst, row.echo)
        assert (written.key, written.sent_bytes, written.worst, written.echo) == one
        before, after = (settled(asks, text, finish) for asks in (row.asks, written.asks))
        assert comparable(after) == comparable(before)
