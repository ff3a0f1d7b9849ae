"""What a run in batch needs, and where its rests are asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import apache_beam as beam
import pytest

import tierwise
from tierwise.beam_pipeline.asked import questions_to_ask, service_of, tasks_of
from tierwise.beam_pipeline.batch_checks import batch_root_of, fallbacks_of
from tierwise.beam_pipeline.flags.command_line import Settings, read_command_line
from tierwise.errors import InputError, PriceError
from tierwise.questions import Questions
from tierwise.records import ServiceTier

DAY = date(2026, 11, 29)
VERTEX = ("--gemini=vertex", "--gemini_project=p")
TASKS = """
model: gemini-3.1-flash-lite
service_tier: batch
tasks:
  a: {prompt: "Hm?", labels: [x, y]}
  b: {prompt: "Ha?", labels: [x, y], model: gemini-4-carbon}
  c: {prompt: "Ho?", labels: [x, y], model: gemini-3.5-flash-lite, service_tier: standard}
"""


def asked(tmp_path: Path, *flags: str, output: str = "out") -> tuple[Settings, Questions]:
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    words = ["--input=in", f"--output={output}", f"--tasks={tmp_path}/tasks.yaml", *flags]
    settings = read_command_line(words).settings
    return settings, questions_to_ask(settings, tasks_of(settings), DAY)[0]


@pytest.mark.parametrize(
    ("flags", "fallbacks"),
    [
        ((), ("flex", "flex")),
        (VERTEX, ("flex", "standard")),
        ((*VERTEX, "--gemini_location=europe-west4"), ("standard", "standard")),
        (("--batch_fallback=standard",), ("standard", "standard")),
        (("--batch_fallback=none",), (None, None)),
    ],
)
def test_a_rest_is_asked_at_flex_where_there_is_flex(
    flags: tuple[str, ...], fallbacks: tuple[str | None, ...], tmp_path: Path
) -> None:
    settings, questions = asked(tmp_path, *flags)
    found = fallbacks_of(settings, questions, service_of(settings, "", questions), DAY)
    assert found == dict(zip(("gemini-3.1-flash-lite", "gemini-4-carbon"), fallbacks, strict=True))


def test_a_fallback_without_a_price_is_refused(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[prices]]\nmodel = "gemini-3.1-flash-lite"\nfrom = 2026-10-01\nsource = "ours"\n'
        "checked = 2026-11-20\n"
        'batch = { input_usd_per_mtok = "0.1", output_usd_per_mtok = "1" }\n',
        "utf-8",
    )
    settings, questions = asked(tmp_path, f"--prices={prices}")
    with pytest.raises(PriceError, match=r'"gemini-3\.1-flash-lite" at service tier "flex"'):
        fallbacks_of(settings, questions, service_of(settings, "", questions), DAY)


@pytest.mark.parametrize(
    ("output", "temp_location", "root"),
    [
        ("out", "", None),
        ("gs://bucket/out", "", ""),
        ("out", "gs://bucket/temp", "gs://bucket/temp/tierwise-batches"),
        ("out", "/tmp/temp", None),
    ],
)
def test_jobs_on_vertex_need_a_bucket(
    output: str, temp_location: str, root: str | None, tmp_path: Path
) -> None:
    settings, questions = asked(tmp_path, *VERTEX, output=output)
    service = service_of(settings, "", questions)
    if root is not None:
        assert batch_root_of(settings, questions, service, temp_location) == root
    else:
        with pytest.raises(InputError, match="give --output=gs://"):
            batch_root_of(settings, questions, service, temp_location)


def test_a_pipeline_of_ones_own_asks_nothing_in_batch(tmp_path: Path) -> None:
    task = {"prompt": "Hm?", "labels": ["x", "y"]}
    tasks = {"model": "gemini-3.1-flash-lite", "service_tier": "batch", "tasks": {"a": task}}
    pipeline = beam.Pipeline(runner="FnApiRunner")
    images = pipeline | beam.Create(["a.jpg"])
    with pytest.raises(InputError, match="pipeline of your own runs once"):
        _ = images | tierwise.AskGemini(tasks, output=str(tmp_path / "out"))


def test_flags_of_batch_may_stand_beside_those_that_choose_the_tier(tmp_path: Path) -> None:
    settings, questions = asked(
        tmp_path, "--service_tier=standard", "--finish_by=2030-01-01T08:00", "--batch_wait=0"
    )
    assert {task.route.service_tier for task in questions.tasks} == {ServiceTier.STANDARD}
    assert fallbacks_of(settings, questions, service_of(settings, "", questions), DAY) == {}
