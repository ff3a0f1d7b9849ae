"""Pipelines in Beam YAML: run in this process with Beam's local runner, against the emulator."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
import yaml
from apache_beam.transforms.periodicsequence import PeriodicImpulse
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.yaml.yaml_transform import expand_pipeline

from tierwise.beam_pipeline import yaml_provider
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.yaml_provider import AskGemini
from tierwise.errors import InputError
from tierwise.scheduling.running import close_all

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "examples/pipeline.yaml").read_text("utf-8")
PROVIDERS = ROOT / "beam_pipeline/yaml_provider/transforms.yaml"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:apache_beam")


@pytest.fixture(autouse=True)
def _engines_end() -> Iterator[None]:
    yield
    close_all()


def run(text: str) -> None:
    options = beam_options([])
    with beam.Pipeline(options=options) as pipeline:
        expand_pipeline(pipeline, text)


def rows(folder: Path) -> list[dict[str, Any]]:
    files = folder.rglob("*.parquet")
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]


def test_the_example_asks_what_is_left_and_keeps_the_account(
    gemini: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = EXAMPLE.replace("gemini: emulator", f"gemini_endpoint: {gemini.url}")
    run(text.replace("out-yaml", str(tmp_path)))
    answers = rows(tmp_path / "answers")
    assert answers
    assert {row["customer"] for row in answers} == {"web-shop"}
    report = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert report["status"] == "done"
    assert report["emulated"] is True
    billed = Decimal(gemini.billed()).scaleb(-9)
    assert sum(row["cost_usd"] for row in rows(tmp_path / "costs")) == billed
    [written] = tmp_path.glob("labels.jsonl*")
    labels = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
    assert {(row["picture"], row["label"]) for row in labels} == {
        (row["uri"], row["answer"]) for row in answers
    }
    assert sum(row["cost_nano_usd"] for row in labels) == gemini.billed()


TASKS = {
    "model": "gemini-3.1-flash-lite",
    "tasks": {"shade": {"prompt": "How light is {name}?", "labels": ["dark", "bright"]}},
}


def asking(url: str, output: Path, source: dict[str, Any], **config: Any) -> str:
    """A pipeline that asks about the rows of a source and writes tables."""
    ask = {
        "output": str(output),
        "gemini_endpoint": url,
        "tasks": TASKS,
        "error_handling": {"output": "failures"},
        **config,
    }
    ask = {name: value for name, value in ask.items() if value is not None}
    transforms = [
        {"name": "Source", **source},
        {"type": "AskGemini", "name": "Ask", "input": "Source", "config": ask},
        {
            "type": "WriteTables",
            "input": {"answers": "Ask.good", "failures": "Ask.failures"},
            "config": {},
        },
    ]
    document = {"pipeline": {"transforms": transforms}, "providers": listed_providers()}
    return yaml.safe_dump(document, sort_keys=False)


def listed_providers() -> Any:
    return yaml.safe_load(PROVIDERS.read_text("utf-8"))


def created(*uris: Path) -> dict[str, Any]:
    elements = [{"uri": str(uri), "name": f"picture {n}"} for n, uri in enumerate(uris)]
    return {"type": "Create", "config": {"elements": elements}}


def test_rows_of_any_source_are_asked_once_and_failures_have_their_output(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder, output = photos(3), tmp_path / "out"
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    source = created(*sorted(folder.iterdir()), folder / "missing.jpg")
    run(asking(gemini.url, output, source))
    assert {Path(row["uri"]).name for row in rows(output / "answers")} == {
        *("000.jpg", "001.jpg", "002.jpg")
    }
    failed = {Path(row["uri"]).name: row for row in rows(output / "failures")}
    assert {name: row["reason"] for name, row in failed.items()} == {
        "broken.jpg": "unreadable",
        "missing.jpg": "store_unavailable",
    }
    assert failed["broken.jpg"]["name"] == "picture 3"
    asked = len(gemini.requests())
    assert asked == 3
    run(asking(gemini.url, output, source))
    assert len(gemini.requests()) == asked  # the journal had the answers
    again = json.loads((output / "run.json").read_text("utf-8"))
    assert Decimal(again["totals"]["cost_usd"]) == 0


def test_a_cap_holds_and_the_command_line_goes_on_where_a_pipeline_ended(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder, output = photos(3), tmp_path / "out"
    source = created(*sorted(folder.iterdir()))
    run(asking(gemini.url, output, source, max_cost_usd="0.00000001"))
    assert gemini.requests() == []
    assert {row["reason"] for row in rows(output / "failures")} == {"over_budget"}
    assert (
        main(["run", f"--input={folder}", f"--output={output}", f"--gemini_endpoint={gemini.url}"])
        == 0
    )
    run(asking(gemini.url, output, source))
    assert len(rows(output / "answers")) == 3


def test_images_are_shrunk_into_files_and_rows(photos: Callable[..., Path], tmp_path: Path) -> None:
    folder, small = photos(2), tmp_path / "small"
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    config = {"output": str(small), "max_side": 32, "error_handling": {"output": "failures"}}
    document = {
        "pipeline": {
            "transforms": [
                {"type": "ReadImages", "config": {"input": str(folder)}},
                {"type": "OptimizeImages", "input": "ReadImages", "config": config},
                *[
                    {
                        "type": "WriteToJson",
                        "name": name,
                        "input": f"OptimizeImages.{name}",
                        "config": {"path": f"{tmp_path}/{name}.jsonl", "num_shards": 1},
                    }
                    for name in ("good", "failures")
                ],
            ]
        },
        "providers": [{"include": str(PROVIDERS)}],
    }
    run(yaml.safe_dump(document))
    assert sorted(path.name for path in small.iterdir()) == ["000.jpg", "001.jpg"]
    [good], [failed] = (list(tmp_path.glob(f"{name}.jsonl*")) for name in ("good", "failures"))
    sizes = [json.loads(line) for line in good.read_text("utf-8").splitlines()]
    assert {(row["width"], row["sent_width"]) for row in sizes} == {(64, 32)}
    assert json.loads(failed.read_text("utf-8"))["reason"] == "unreadable"


def test_the_example_lists_the_transforms_that_the_package_has() -> None:
    assert yaml.safe_load(EXAMPLE)["providers"] == listed_providers()


@pytest.mark.parametrize(
    ("config", "source", "message"),
    [
        ({"error_handling": None}, None, "Write error_handling: {output: failures}"),
        ({"flags": {"calibration": "not/there.json"}}, None, "--calibration=not/there.json"),
        ({"flags": {"flex_fallback": "standard"}}, None, "nothing is asked at the flex tier"),
        ({"service_tier": "slow"}, None, "--service_tier"),
        ({"flags": {"sampel": 3}}, None, "--sampel is not a flag of tierwise run"),
        ({"tasks": {"tasks": {}}}, None, 'tasks, line 1, key "model"'),
        ({}, [{"name": "a"}], "no column uri"),
        ({}, [{"uri": "a.jpg", "name": ["b"]}], "column name is of the type"),
        ({}, [{"uri": "a.jpg"}], "{name} is not a static variable"),
        ({}, [{"uri": 5, "name": "a"}], "column uri is of the type"),
        ({"flags": {"output": "elsewhere"}}, None, "flags has output"),
        ({"flags": {"input": "photos/"}}, None, "flags has input"),
        (
            {"tasks": "model: gemini-3.1-flash-lite\ntasks: {}\n"},
            None,
            'tasks, line 2, key "tasks"',
        ),
        ({"service_tier": "batch"}, None, "a pipeline of your own runs once"),
    ],
)
def test_what_cannot_be_asked_is_refused_while_the_pipeline_is_built(
    config: dict[str, Any], source: Any, message: str, gemini: Any, tmp_path: Path
) -> None:
    elements = source or [{"uri": "a.jpg", "name": "b"}]
    text = asking(
        gemini.url,
        tmp_path / "out",
        {"type": "Create", "config": {"elements": elements}},
        **config,
    )
    pipeline = beam.Pipeline(options=beam_options([]))
    with pytest.raises(ValueError, match=re.escape(message)):
        expand_pipeline(pipeline, text)


def test_rows_without_an_address_fail_alone_and_addresses_are_read_as_in_manifests(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photos(3)
    (folder / "000.jpg").rename(folder / "a b.jpg")
    names = [
        *(f"  {folder}/001.jpg ", f"file://{folder}/a%20b.jpg", f"{folder}/002.jpg"),
        *(None, "", "https://example.com/a.jpg", f"{folder}/002.jpg"),
    ]
    source = {
        "type": "Create",
        "config": {"elements": [{"uri": uri, "name": f"n{n}"} for n, uri in enumerate(names)]},
    }
    text = yaml.safe_dump(TASKS)
    run(asking(gemini.url, tmp_path / "out", source, tasks=text))  # as a block of text
    answered = {row["uri"] for row in rows(tmp_path / "out/answers")}
    assert answered == {f"{folder}/001.jpg", f"file://{folder}/a%20b.jpg", f"{folder}/002.jpg"}
    failed = {row["uri"]: row["message"] for row in rows(tmp_path / "out/failures")}
    assert failed.keys() == {"", "https://example.com/a.jpg"}
    assert failed[""] == "its row has no uri"
    assert "this kind of address is not supported" in failed["https://example.com/a.jpg"]
    told = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert (told["images"], told["repeated_rows"]) == (5, 2)


def test_what_never_ends_is_refused_while_the_pipeline_is_built(
    gemini: Any, tmp_path: Path
) -> None:
    asked = AskGemini(
        output=str(tmp_path / "out"),
        gemini_endpoint=gemini.url,
        error_handling={"output": "failures"},
    )
    pipeline = beam.Pipeline(options=beam_options(["--streaming"]))
    ticks = pipeline | PeriodicImpulse(fire_interval=1)
    named = ticks | beam.Map(lambda _: beam.Row(uri="a.jpg")).with_output_types(
        RowTypeConstraint.from_fields([("uri", str)])
    )
    with pytest.raises(InputError, match="AskGemini: its input never ends"):
        _ = named | asked
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("transform", ["WriteTables", "OptimizeImages"])
def test_rows_that_lost_their_records_are_refused(
    transform: str, gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder, out = photos(1), str(tmp_path / "out")
    handled = {"error_handling": {"output": "failures"}}
    ask = {"output": out, "gemini_endpoint": gemini.url, **handled}
    mapped = "Ask.good" if transform == "WriteTables" else "Read"
    transforms = [
        {"type": "ReadImages", "name": "Read", "config": {"input": str(folder)}},
        {"type": "AskGemini", "name": "Ask", "input": "Read", "config": ask},
        {
            "type": "MapToFields",
            "name": "Mapped",
            "input": mapped,
            "config": {"fields": {"uri": "uri"}},
        },
        {"type": "LogForTesting", "input": "Ask.failures"},
        {
            "type": transform,
            "input": "Mapped",
            "config": {} if transform == "WriteTables" else {"output": out, **handled},
        },
    ]
    if transform == "OptimizeImages":
        failures = {"type": "LogForTesting", "name": "Log", "input": "OptimizeImages.failures"}
        transforms.append(failures)
    document = {"pipeline": {"transforms": transforms}, "providers": listed_providers()}
    pipeline = beam.Pipeline(options=beam_options([]))
    with pytest.raises(ValueError, match=f"{transform}: its rows have no column tierwise_record"):
        expand_pipeline(pipeline, yaml.safe_dump(document, sort_keys=False))
    assert gemini.requests() == []


def test_the_page_names_every_setting() -> None:
    page = (ROOT / "docs/beam_yaml.md").read_text("utf-8")
    for name in listed_providers()[0]["transforms"]:
        transform = getattr(yaml_provider, name)
        settings = set(inspect.signature(transform.__init__).parameters) - {"self"}
        [row] = re.findall(rf"^\| `{name}` \|.*\|(.*)\|$", page, re.MULTILINE)
        assert settings <= set(re.findall(r"\w+", row))
