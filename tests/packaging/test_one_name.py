"""What is installed is `tierwise` and what lies below it, and no module is there twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SOURCES = (
    "pyproject.toml",
    "setup.py",
    "README.md",
    "LICENSE",
    "tierwise",
    "transforms",
    "beam_pipeline",
)
# Python looks for these in the folder of a program before it looks at what is installed.
CLASHING = ("transforms", "storage", "beam_pipeline", "answering", "gemini_api", "publishing")
TWICE = """
import os, sys
import {first}, {second}
files = {{}}
for name, module in list(sys.modules.items()):
    path = getattr(module, "__file__", None)
    if path and ("/transforms/" in path or "/beam_pipeline/" in path or "/tierwise/" in path):
        files.setdefault(os.path.realpath(path), set()).add(id(module))
assert len(files) > 20, files
print([path for path, modules in files.items() if len(modules) > 1])
"""


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel and its dependencies, and a folder with a user's code."""

    python: Path
    folder: Path

    def run(self, *words: str) -> str:
        """What a command prints, run in the user's folder, which `python` looks into first."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [str(self.python), *words],
            cwd=self.folder,
            env=kept,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what packages are built from, as a clone has it: with its links."""
    place = tmp_path_factory.mktemp("source")
    subprocess.run(["cp", "-a", *(str(ROOT / name) for name in SOURCES), str(place)], check=True)
    return place


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    words = ["--no-deps", "--no-index", "--no-build-isolation", f"--wheel-dir={place}", str(source)]
    subprocess.run([*pip, *words], check=True)
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv")
    (packages,) = (place / "venv" / "lib").glob("python3*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(f"{dependencies}\n")
    folder = place / "theirs"
    for name in CLASHING:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(
            "raise ImportError('this is the user\\'s own')\n"
        )
    (folder / "files.py").write_text("raise ImportError('this is the user\\'s own')\n")
    (folder / "storage.py").write_text("raise ImportError('this is the user\\'s own')\n")
    return Installed(place / "venv" / "bin" / "python", folder)


def test_a_wheel_installs_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"tierwise", next(top for top in tops if top.endswith(".dist-info"))}
    for needed in ("beam_pipeline/graph.py", "transforms/ask_images.py", "facts/prices.toml"):
        assert f"tierwise/{needed}" in names
    assert "tierwise/beam_pipeline/yaml_provider/transforms.yaml" in names


def test_workers_build_the_same_from_an_sdist(source: Path, tmp_path: Path, wheel: Path) -> None:
    """`--setup_file=./setup.py` on Dataflow: Beam makes an sdist of it, which workers install."""
    words = ["setup.py", "-q", "sdist", f"--dist-dir={tmp_path}"]
    subprocess.run([sys.executable, *words], cwd=source, check=True)
    (found,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    words = ["--no-deps", "--no-index", "--no-build-isolation", f"--wheel-dir={tmp_path}"]
    subprocess.run([*pip, *words, str(unpacked)], check=True)
    (second,) = tmp_path.glob("*.whl")
    modules = [
        {name for name in zipfile.ZipFile(path).namelist() if name.startswith("tierwise/")}
        for path in (wheel, second)
    ]
    assert modules[0] == modules[1]


def test_the_job_runs_beside_folders_of_the_same_names(
    installed: Installed, draw: Callable[..., bytes], tmp_path: Path, gemini: Any
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(2):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(draw(number))
    flags = [f"--input={tmp_path / 'photos'}", f"--output={tmp_path / 'out'}"]
    installed.run("-m", "tierwise", "run", *flags, f"--gemini_endpoint={gemini.url}")
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["status"] == "done"
    assert run["totals"]["requests"] == len(gemini.requests()) > 0


def test_a_yaml_pipeline_runs_beside_folders_of_the_same_names(
    installed: Installed, draw: Callable[..., bytes], tmp_path: Path, gemini: Any
) -> None:
    (tmp_path / "photo.jpg").write_bytes(draw(7))
    tasks = {"shade": {"prompt": "How light is it?", "labels": ["dark", "bright"]}}
    ask = {
        "output": str(tmp_path / "out"),
        "gemini_endpoint": gemini.url,
        "tasks": {"model": "gemini-3.1-flash-lite", "tasks": tasks},
        "error_handling": {"output": "failures"},
    }
    answered = {"answers": "AskGemini.good", "failures": "AskGemini.failures"}
    document = {
        "pipeline": {
            "transforms": [
                {"type": "ReadImages", "config": {"input": str(tmp_path / "photo.jpg")}},
                {"type": "AskGemini", "input": "ReadImages", "config": ask},
                {"type": "WriteTables", "input": answered, "config": {}},
            ]
        },
        "providers": [{"include": installed.run("-c", _PROVIDERS).strip()}],
    }
    pipeline = tmp_path / "pipeline.yaml"
    pipeline.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    words = [f"--yaml_pipeline_file={pipeline}", "--runner=FnApiRunner"]
    installed.run("-m", "apache_beam.yaml.main", *words)
    assert len(gemini.requests()) == 1
    assert list((tmp_path / "out" / "answers" / "task=shade").glob("*.parquet"))


_PROVIDERS = """
import importlib.resources
place = importlib.resources.files("tierwise.beam_pipeline.yaml_provider")
print(place / "transforms.yaml")
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tierwise.beam_pipeline.graph", "beam_pipeline.graph"),
        ("beam_pipeline.carry_out", "tierwise.beam_pipeline.carry_out"),
        ("transforms.ask_within", "tierwise.beam_pipeline.graph"),
        ("beam_pipeline.__main__", "tierwise.beam_pipeline.__main__"),
    ],
)
def test_no_module_is_there_twice_in_a_clone(first: str, second: str) -> None:
    program = TWICE.format(first=first, second=second)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", ["tierwise", "beam_pipeline"])
def test_both_commands_of_a_clone_are_the_same(name: str) -> None:
    words = [sys.executable, "-m", name, "plan", "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: tierwise plan [flags]")
