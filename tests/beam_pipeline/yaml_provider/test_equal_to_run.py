"""The same flags ask the same, whichever door they come through: `run`, Beam YAML or Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
import yaml
from apache_beam.yaml.yaml_transform import expand_pipeline

from tests.beam_pipeline.conftest import Finished
from tierwise import AskGemini, ReadImages, WriteTables
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.scheduling.running import close_all

ROOT = Path(__file__).resolve().parents[3]
OLD = ROOT / "tests/outputs/0.1.0"
PROVIDERS = ROOT / "beam_pipeline/yaml_provider/transforms.yaml"
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  written:
    prompt: Is there text in it?
    labels: ["yes", "no", unsure]
    escalate: {when: written == "unsure", media_resolution: medium}
  title:
    when: written == "yes"
    prompt: What does it say?
    text: {max_length: 40}
"""
FLEX = "service_tier: flex" + TASKS
# When it came, and how long it took; everything else is the same.
VOLATILE = {"asked_at", "latency_ms", "shrink_ms"}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:apache_beam")


@pytest.fixture(autouse=True)
def _engines_end() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]) -> Path:
    """Pages of which every third has text that cannot be read at low; and a twin of the first."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(9):
        data = page(number, bright=True, written=number % 3 == 0)
        (folder / f"{number:02}.jpg").write_bytes(data)
    (folder / "twin.jpg").write_bytes((folder / "00.jpg").read_bytes())
    return folder


def by_run(pages: Path, tasks: str, output: Path, flags: dict[str, Any]) -> None:
    file = output.parent / "tasks.yaml"
    file.write_text(tasks, "utf-8")
    words = [f"--{name}={value}" for name, value in flags.items()]
    assert main(["run", f"--input={pages}", f"--tasks={file}", f"--output={output}", *words]) == 0


def by_yaml(pages: Path, tasks: str, output: Path, flags: dict[str, Any]) -> None:
    config = {"tasks": yaml.safe_load(tasks), "output": str(output), "flags": flags}
    config["error_handling"] = {"output": "failures"}
    rows = {"answers": "AskGemini.good", "failures": "AskGemini.failures"}
    transforms = [
        {"type": "ReadImages", "config": {"input": str(pages)}},
        {"type": "AskGemini", "input": "ReadImages", "config": config},
        {"type": "WriteTables", "input": rows, "config": {}},
    ]
    document = {"pipeline": {"transforms": transforms}, "providers": [{"include": str(PROVIDERS)}]}
    with beam.Pipeline(options=beam_options([])) as pipeline:
        expand_pipeline(pipeline, yaml.safe_dump(document, sort_keys=False))


def by_python(pages: Path, tasks: str, output: Path, flags: dict[str, Any]) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        images = pipeline | ReadImages(str(pages))
        asked = images | AskGemini(yaml.safe_load(tasks), output=str(output), **flags)
        _ = asked | WriteTables()


def comparable(rows: list[dict[str, Any]]) -> Counter[str]:
    plain = ({k: v for k, v in row.items() if k not in VOLATILE} for row in rows)
    return Counter(repr(sorted(row.items())) for row in plain)


CASES: dict[str, tuple[str, dict[str, Any], int | None]] = {
    "escalate": (TASKS, {}, 9 + 3 + 3),
    "audit": (TASKS, {"audit_rate": 0.6}, None),
    "routing": (TASKS, {"routing": "task"}, 9 + 3 + 3),
    "near duplicates": (TASKS, {"near_duplicates": 6}, None),
    "flex": (FLEX, {"flex_fallback": "standard"}, 9 + 3 + 3),
    "calibration": (
        (OLD / "tasks.yaml").read_text("utf-8").partition("  filename:")[0],
        {"calibration": str(OLD / "calibration.json"), "on_stale": "warn"},
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_requests_rows_and_dollars_are_the_same(
    case: str, pages: Path, gemini: Any, tmp_path: Path
) -> None:
    tasks, flags, requests = CASES[case]
    found = {}
    for number, door in enumerate((by_run, by_yaml, by_python)):
        gemini.reset()
        place = tmp_path / str(number)
        place.mkdir()
        door(pages, tasks, place / "out", {"gemini_endpoint": gemini.url, **flags})
        done = Finished(0, place / "out")
        asked = Counter((*line["images"], line["prompt_sha256"]) for line in gemini.requests())
        assert done.cost == gemini.billed()
        found[door.__name__] = (
            asked,
            comparable(done.answers()),
            comparable(done.costs),
            done.run["tasks"],
            done.run.get("audit"),
        )
    for name in ("by_yaml", "by_python"):
        for ours, theirs in zip(found["by_run"], found[name], strict=True):
            assert ours == theirs, name
    if requests is not None:
        assert found["by_run"][0].total() == requests


def test_a_name_that_comes_twice_is_paid_and_accounted_once(
    gemini: Any, pages: Path, tmp_path: Path
) -> None:
    names = [str(path) for path in sorted(pages.iterdir())]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        images = pipeline | beam.Create([*names, *names[:4], names[0]])
        asked = images | AskGemini(output=str(tmp_path / "out"), gemini_endpoint=gemini.url)
        _ = asked | WriteTables()
    done = Finished(0, tmp_path / "out")
    assert {row["uri"] for row in done.answers()} == set(names)
    assert len(done.asked) == len(set(done.asked))
    assert done.cost == gemini.billed() > 0
    assert done.run["repeated_rows"] == 5


def test_columns_that_are_named_like_ours_ride_along(
    gemini: Any, pages: Path, tmp_path: Path
) -> None:
    """From any source, and through the rows of ReadImages alike."""
    odd = ["page", "format", "width", "model", "task", "manifest_foo", "emulated", "Answer"]
    path = str(sorted(pages.iterdir())[0])
    row = {"uri": path, **{name: f"{name} of mine" for name in odd}}
    tasks = {
        "model": "gemini-3.1-flash-lite",
        "tasks": {"a": {"prompt": "Is it {page} or {manifest_foo}?", "labels": ["x", "y"]}},
    }
    (tmp_path / "list.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    sources = {
        "created": {"type": "Create", "config": {"elements": [row]}},
        "listed": {"type": "ReadImages", "config": {"input": str(tmp_path / "list.jsonl")}},
    }
    for name, source in sources.items():
        config = {"tasks": tasks, "output": str(tmp_path / name), "gemini_endpoint": gemini.url}
        config["error_handling"] = {"output": "failures"}
        written = {"answers": "AskGemini.good", "failures": "AskGemini.failures"}
        transforms = [
            {"name": "Source", **source},
            {"type": "AskGemini", "input": "Source", "config": config},
            {"type": "WriteTables", "input": written, "config": {}},
        ]
        providers = [{"include": str(PROVIDERS)}]
        document = {"pipeline": {"transforms": transforms}, "providers": providers}
        with beam.Pipeline(options=beam_options([])) as pipeline:
            expand_pipeline(pipeline, yaml.safe_dump(document, sort_keys=False))
        [answer] = Finished(0, tmp_path / name).answers()
        for column in odd:
            named = column if column == "emulated" else f"manifest_{column}"
            assert answer[named] == f"{column} of mine", (name, column)
    asked = {(*line["images"], line["prompt_sha256"]) for line in gemini.requests()}
    assert len(asked) == 1


def test_columns_that_differ_by_case_alone_are_refused(gemini: Any, tmp_path: Path) -> None:
    config = {"output": str(tmp_path), "gemini_endpoint": gemini.url}
    config["error_handling"] = {"output": "failures"}
    elements = [{"uri": "a.jpg", "Label": "x", "label": "y"}]
    transforms = [
        {"type": "Create", "config": {"elements": elements}},
        {"type": "AskGemini", "input": "Create", "config": config},
        {"type": "LogForTesting", "input": "AskGemini.failures"},
    ]
    document = {"pipeline": {"transforms": transforms}, "providers": [{"include": str(PROVIDERS)}]}
    pipeline = beam.Pipeline(options=beam_options([]))
    with pytest.raises(ValueError, match="in the tables they would be one"):
        expand_pipeline(pipeline, yaml.safe_dump(document))
    assert Decimal(0) == gemini.billed()
