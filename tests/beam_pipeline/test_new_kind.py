"""A kind of answer made here by the recipe in ARCHITECTURE.md, through a whole run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from tierwise.answers.answer_type import AnswerType, Score, part
from tierwise.answers.comparing import read_written
from tierwise.answers.forms import Form
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.kinds import ANSWER_KINDS, kind_of
from tierwise.answers.replies import ReplyError, read_json
from tierwise.answers.truths import read_truth
from tierwise.beam_pipeline.asked import tasks_of
from tierwise.beam_pipeline.carry_out import carry_out
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.launch import job_of_tasks
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.terminal.answers_table import print_answers
from tierwise.calibration.figures import Observation, figures_of
from tierwise.forecast.replies import reply_lengths
from tierwise.records import Spent
from tierwise.report.task_facts import AskedTask

TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "How light?", labels: [dark, bright]}}\n'


@dataclass(frozen=True, slots=True)
class Stars(AnswerType):
    """A whole number of stars, 1 to `most`: near is half right."""

    most: int

    def schema(self) -> Schema:
        return Schema("integer", at_least=1, at_most=self.most)

    def listed(self, form: Form) -> str:
        return f"Answer with 1 to {self.most} stars."

    def parse(self, text: str, form: Form | None = None) -> int:
        return self.read(read_json(text), form)

    def read(self, item: Any, form: Form | None = None) -> int:
        try:
            return int(self.schema().check(item))
        except MismatchError as mismatch:
            raise ReplyError(str(mismatch)) from mismatch

    def answer_tokens(self, form: Form | None = None) -> int:
        return 2

    def identity(self) -> dict[str, Any]:
        return {"stars": self.most}

    def options(self) -> tuple[str, ...]:
        return tuple(map(str, range(1, self.most + 1)))

    @staticmethod
    def picked(value: int) -> tuple[str, ...]:
        return (str(value),)

    @staticmethod
    def told(value: int) -> str:
        return "*" * value

    @staticmethod
    def described(labels: int) -> str:
        return f"one to {labels} stars"

    def recurs(self) -> bool:
        return True

    def truth(self, cells: Mapping[str, Any]) -> int:
        return int(read_written(self.schema(), next(iter(cells.values()))))

    def score(self, truth: int, value: int) -> float:
        return max(0.0, 1 - abs(truth - value) / 2)

    def parts(self, truth: int, value: int | None) -> Iterator[Score]:
        yield part("stars", self.schema(), truth, value)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWER_KINDS, "stars", Stars)


def test_a_kind_that_lacks_a_part_is_refused() -> None:
    class Silent(Stars):
        score = AnswerType.score
        told = AnswerType.told

    with pytest.raises(TypeError, match="abstract methods score, told"):
        Silent(5)


def test_a_kind_without_a_name_is_an_error_and_no_text() -> None:
    with pytest.raises(KeyError):
        kind_of(Stars(5))


def test_its_figures_are_its_own() -> None:
    stars = Stars(5)
    seen = [Observation(3, 3, None, Spent()), Observation(3, 4, None, Spent())]
    found = figures_of(stars, seen)
    assert found.score == 0.75
    assert [one.recall for one in found.labels] == [0, 0, 0.5, 0, 0]
    assert [(one.name, one.exact) for one in found.fields] == [("stars", 0.5)]
    assert stars.is_same(3, 3.0)
    assert read_truth(stars, {"a": "3.0"}) == 3
    assert reply_lengths(stars).most == 1  # one to five stars are one digit


@pytest.mark.usefixtures("known")
def test_a_run_asks_counts_judges_and_shows_it(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, manifest = tmp_path / "out", tmp_path / "manifest.jsonl"
    images = sorted(photos(4).iterdir())
    manifest.write_text("\n".join(json.dumps({"uri": str(one), "a": 3}) for one in images))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    words = [f"--input={manifest}", f"--output={output}", f"--tasks={tmp_path}/tasks.yaml"]
    settings = read_command_line([*words, f"--gemini_endpoint={gemini.url}"]).settings
    tasks = tasks_of(settings)
    asked = replace(tasks.tasks[0], answer=Stars(5))
    tasks, now = replace(tasks, tasks=(asked,)), datetime.now(UTC)
    job, _ = job_of_tasks(settings, tasks, project="", now=now, workers=1)
    run = carry_out(replace(job, page=True), beam_options(()), Console(stderr=True))
    assert run is not None
    assert [task["kind"] for task in run["asked"]] == ["stars"]
    assert run["evaluation"]["a"]["images"] == 4
    values = pq.read_table(output / "answers/task=a")["answer"].to_pylist()
    assert [type(value) for value in values] == [int] * 4
    page = (output / "report.html").read_text()
    assert "one to 5 stars" in page
    assert "*" * values[0] in page
    print_answers(
        AskedTask.of_document(run["asked"][0]), run["tasks"]["a"], str(output), Console(width=80)
    )
    assert f" {values[0]} " in capsys.readouterr().out
