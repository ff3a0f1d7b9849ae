"""The template's files agree with the flags, with Google's own types, and with the lock file."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version

import pytest
from google.cloud.dataflow_v1beta3.types.templates import ParameterType, TemplateMetadata

from templates import metadata, requirements
from templates.main import with_image
from tests.templates.launcher import DOCKERFILE, steps
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.flags.flag import RUN
from tierwise.beam_pipeline.flags.of_verb import flags_of

FLAGS = {flag.name: flag for flag in flags_of(RUN)}
PARAMETERS = {one["name"]: one for one in json.loads(metadata.METADATA.read_text())["parameters"]}


def test_the_files_are_what_the_flags_and_the_lock_file_say() -> None:
    again = "is stale: run make template-files"
    assert metadata.METADATA.read_text() == metadata.text(), f"templates/metadata.json {again}"
    text = requirements.REQUIREMENTS.read_text()
    assert text == requirements.text(), f"templates/requirements.txt {again}"


def test_google_reads_all_of_it() -> None:
    read = TemplateMetadata.from_json(metadata.METADATA.read_text(), ignore_unknown_fields=False)
    assert read.name == "tierwise"
    assert {one.name for one in read.parameters} == set(PARAMETERS)
    kinds = {one.name: ParameterType(one.param_type).name for one in read.parameters}
    assert kinds["gemini"] == "ENUM"
    assert kinds["output"] == "GCS_WRITE_FOLDER"


def test_every_flag_is_a_parameter_or_has_no_use_there() -> None:
    assert set(PARAMETERS) == set(FLAGS) - metadata.WITHOUT
    assert set(FLAGS) >= metadata.WITHOUT
    assert len({one["groupName"] for one in PARAMETERS.values()}) > 3


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_says_all_that_a_form_needs(name: str) -> None:
    """Google's type requires none of this, though its tools fail without."""
    flag, one = FLAGS[name], PARAMETERS[name]
    assert one["label"]
    assert one["helpText"].endswith(one["helpText"].rpartition("Example: ")[2])
    assert one["groupName"]
    assert one["isOptional"] is not (flag.required or name == "gemini")
    if one["paramType"] == "ENUM":
        values = [option["value"] for option in one["enumOptions"]]
        assert values == [choice for choice in flag.choices if choice != "emulator"]
        assert one.get("defaultValue") in (None, *values)
    assert isinstance(one.get("defaultValue", ""), str)
    example = one["helpText"].rpartition("Example: ")[2]
    for regex in one.get("regexes", []):
        assert re.fullmatch(regex, example), f"{example} does not fit {regex}"
        if "defaultValue" in one:
            assert re.fullmatch(regex, one["defaultValue"])


def test_defaults_are_those_of_the_command_line() -> None:
    usual = ["--input=gs://a-b/c", "--output=gs://a-b/d"]
    without = read_command_line(usual).settings
    told = [
        f"--{name}={one['defaultValue']}"
        for name, one in PARAMETERS.items()
        if "defaultValue" in one
    ]
    assert len(told) > 5
    assert read_command_line([*usual, *told]).settings == without


def test_the_image_is_named_to_the_workers_unless_another_is() -> None:
    assert with_image(["--a"], "") == ["--a"]
    assert with_image(["--a"], "i:1") == [
        "--a",
        "--sdk_container_image=i:1",
        "--sdk_location=container",
    ]
    mine = ["--sdk_container_image=mine"]
    assert with_image(mine, "i:1") == mine


def test_the_image_has_the_beam_and_the_python_of_the_lock_file() -> None:
    arguments = dict(
        step.text.split("=", 1) for step in steps() if step.kind == "ARG" and "=" in step.text
    )
    assert arguments["BEAM"] == version("apache-beam")
    assert f"apache-beam=={arguments['BEAM']} " in requirements.REQUIREMENTS.read_text()
    assert arguments["PYTHON"] == "3.11"
    assert (
        f"python{arguments['PYTHON'].replace('.', '')}-template-launcher" in arguments["LAUNCHER"]
    )


def test_the_image_is_made_of_stages_with_pins_and_a_check() -> None:
    runs = [step.text for step in steps() if step.kind == "RUN"]
    assert any("--require-hashes" in run and "--no-deps" in run for run in runs)
    assert any("pip check" in run for run in runs)
    assert [step.text for step in steps() if step.kind == "ENTRYPOINT"] == [
        '["/opt/apache/beam/boot"]'
    ]
    last = [step.text for step in steps() if step.stage == "image" and step.kind == "COPY"]
    assert {text.split()[1] for text in last if text.startswith("--from")} == {
        "/installed",
        "/opt/apache/beam",
        "/opt/google/dataflow/python_template_launcher",
    }
    project = tomllib.loads((DOCKERFILE.parents[1] / "pyproject.toml").read_text())
    rooms = set(project["tool"]["ruff"]["lint"]["isort"]["known-first-party"]) - {"templates"}
    copied = {
        step.text.split()[0] for step in steps() if step.stage == "build" and step.kind == "COPY"
    }
    assert rooms <= copied
