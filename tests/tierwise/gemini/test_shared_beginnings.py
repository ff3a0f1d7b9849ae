"""All requests of a route begin with the same bytes: what differs comes last."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile

import pytest

from tierwise.gemini.compose import compose
from tierwise.gemini.settle import Ask
from tierwise.models import all_models
from tierwise.tasks import load_tasks
from tierwise.wording import LEAST_TOKENS_CACHED, render

WORDS = " ".join(f"word{number}" for number in range(1200))
TASKS = load_tasks(
    f"""
model: gemini-3.1-flash-lite
tasks:
  kind: {{prompt: "Which kind is {{filename}}? {WORDS}", labels: [dark, bright]}}
  plain: {{prompt: "Which kind? {WORDS}", labels: [dark, bright]}}
  short: {{prompt: "Which kind is {{filename}}?", labels: [dark, bright]}}
""",
    path="tasks.yaml",
)
Asks = Callable[[str, int], Ask]


@pytest.fixture
def asks(ask_of: Callable[..., Ask]) -> Asks:
    def build(name: str, number: int) -> Ask:
        task = TASKS.task(name)
        prompt = render(task, filename=f"{number}.jpg", columns={}, answers={})
        return replace(ask_of(number), task=task, prompt=prompt)

    return build


def written(*asks: Ask) -> str:
    return json.dumps(compose(asks).body, separators=(",", ":"))


def beginning(texts: Sequence[str]) -> str:
    signs = takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False))
    return "".join(column[0] for column in signs)


@pytest.mark.parametrize("name", ["kind", "plain"])
def test_requests_differ_behind_what_they_share(asks: Asks, name: str) -> None:
    alone = [written(asks(name, number)) for number in range(2)]
    packs = [written(*(asks(name, n) for n in numbers)) for numbers in ([1, 2], [3, 4, 5], [6, 7])]
    shared = json.dumps(compose([asks(name, 0)]).shared)
    for some in (alone, packs, [*alone, *packs]):
        assert shared in beginning(some)


def test_a_pictures_own_words_are_all_there_behind_a_long_prompt(asks: Asks) -> None:
    [content] = compose([asks("kind", 7)]).body["contents"]
    texts = [part["text"] for part in content["parts"] if "text" in part]
    assert "Which kind is [filename]?" in texts[0]
    assert texts[1:] == ['Image 1: filename: "7.jpg"']
    assert "inlineData" in content["parts"][-1]


def test_a_short_prompt_has_its_values_where_they_stand(asks: Asks) -> None:
    [content] = compose([asks("short", 7)]).body["contents"]
    assert 'Which kind is "7.jpg"?' in content["parts"][0]["text"]
    assert len(content["parts"]) == 2


def test_no_model_remembers_shorter_prompts_than_that() -> None:

    least = [
        tokens
        for model in all_models()
        for tokens in (model.explicit_cache_tokens, model.implicit_cache_tokens)
        if tokens is not None
    ]
    assert min(least) == LEAST_TOKENS_CACHED
