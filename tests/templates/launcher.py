"""The Dockerfile's steps without an engine, and the launcher of Flex Templates without Google.

What the Dockerfile copies is copied, and installed by its command into a clean virtual environment;
dependencies come from the environment of the tests, without those that the image lacks. There,
`main.py` is called as Google's launcher calls it, from another folder, with buckets and the
metadata server of a Google machine on this one.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from templates.main import IMAGE_VARIABLE
from templates.requirements import LOCK, REQUIREMENTS, ROOT
from tests.metadata_server import serving

DOCKERFILE = ROOT / "templates" / "Dockerfile"
IMAGE = "europe-docker.pkg.dev/my-project/images/tierwise:1"

_REFUSING = """
import sys
LACKING = frozenset({lacking!r})
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)
sys.meta_path.insert(0, Refuse())
"""


@dataclass(frozen=True)
class Step:
    """An instruction of one of the Dockerfile's stages."""

    stage: str
    kind: str
    text: str


def steps() -> Iterator[Step]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    stage = ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        kind, _, text = line.partition(" ")
        if kind == "FROM":
            stage = text.partition(" AS ")[2] or "image"
        if kind:
            yield Step(stage, kind, " ".join(text.split()))


def copy(stage: str, place: Path) -> None:
    """What a stage copies from the repository, below a place."""
    for step in steps():
        if step.stage == stage and step.kind == "COPY" and not step.text.startswith("--from"):
            *sources, target = step.text.split()
            for source in sources:
                _copy(ROOT / source, place / target)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def install_command() -> list[str]:
    """How the Dockerfile installs the program itself, without where to."""
    (found,) = (step.text for step in steps() if step.kind == "RUN" and step.text.endswith(" ."))
    words = shlex.split(found[found.index("pip install") :])
    return [word for word in words if not word.startswith("--prefix")]


def lacking() -> set[str]:
    """The packages that tests have and the image has not."""
    in_image = _names(REQUIREMENTS.read_text())
    extra = _names(LOCK.read_text()) - in_image
    return {
        package
        for package, owners in packages_distributions().items()
        if (names := {canonicalize_name(owner) for owner in owners}) & extra
        and not names & in_image
        and package != "tests"
    }


def _names(lock: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.M)}


@dataclass(frozen=True)
class Environment:
    """A clean virtual environment with the program as the image has it, and `main.py` beside it."""

    place: Path

    @property
    def python(self) -> Path:
        return self.place / "venv" / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = (self.place / "venv" / "lib").glob("python3*/site-packages")
        return found

    @property
    def main(self) -> Path:
        return self.place / "template" / "templates" / "main.py"

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`main.py` from a folder of its own, with nothing of this process's Python."""
        elsewhere = self.place / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [str(self.python), str(self.main), *words],
            cwd=elsewhere,
            env={**kept, IMAGE_VARIABLE: IMAGE, **environment},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )


def build(place: Path) -> Environment:
    """Carry the Dockerfile's steps out below a place."""
    copy("build", place / "build")
    copy("image", place / "template")
    venv = place / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    # Without the last, pip would take away what is installed beside these tests.
    words = [f"--prefix={venv}", "--quiet", "--ignore-installed"]
    command = [sys.executable, "-m", *install_command(), *words]
    offline = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}
    offline.pop("PYTHONPATH", None)
    subprocess.run(command, cwd=place / "build", env=offline, check=True)
    environment = Environment(place)
    theirs = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (environment.packages / "dependencies.pth").write_text(f"{theirs}\n")
    refusing = _REFUSING.format(lacking=sorted(lacking()))
    (environment.packages / "sitecustomize.py").write_text(refusing)
    return environment


@contextmanager
def google_machine(buckets: str) -> Iterator[dict[str, str]]:
    """The environment of a launcher whose metadata server and buckets are on this machine."""
    with serving() as host:
        yield {
            "STORAGE_EMULATOR_HOST": buckets,
            "GCE_METADATA_HOST": host,
            "GCE_METADATA_IP": host,
        }


def launch_flags(**parameters: str) -> list[str]:
    """The flags that Google's launcher adds to a template's parameters."""
    added = {
        "runner": "DataflowRunner",
        "project": "my-project",
        "region": "us-central1",
        "job_name": "my-job",
        "temp_location": "gs://results/tmp",
        "staging_location": "gs://results/staging",
        "template_location": "gs://results/staging/job_object",
    }
    return [f"--{name}={value}" for name, value in {**added, **parameters}.items()]
