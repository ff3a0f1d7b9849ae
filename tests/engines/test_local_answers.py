"""Local answers on real engines: with the same salt, the same model and the same tables."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.engines.test_engines import (
    ENVIRONMENT,
    FLINK,
    PYTHON,
    SECONDS,
    flink,
    needs,
    prism,
    worker_pool,
    worker_processes,
)
from tests.local_archive import TASKS, fill, network

pytestmark = [pytest.mark.prove, pytest.mark.timeout(2 * SECONDS)]
# About a third learns or examines.
ROLES = {"salt": "5eed", "learn": 2**32 // 5, "exam": 2**32 // 10, "contents": 1_000}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    fill(folder / "pictures", 1_000)
    network(folder)
    (folder / "tasks.yaml").write_text(TASKS)
    return folder


def ran(archive: Path, output: Path, *flags: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a run promises, and who answered what by what score."""
    chosen = output / "journal" / "local"
    chosen.mkdir(parents=True)
    (chosen / "roles-0001.json").write_text(json.dumps(ROLES))
    words = [f"--input={archive / 'pictures'}", f"--tasks={archive / 'tasks.yaml'}"]
    words += [f"--output={output}", f"--embedder={archive / 'pixels.onnx'}", *flags]
    done = subprocess.run(
        [PYTHON, "-m", "beam_pipeline", "run", *words],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = json.loads((output / "run.json").read_text("utf-8"))
    rows = [
        row
        for path in output.glob("answers/task=kind/*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
    ]
    assert run["totals"]["cost_usd"] == run["emulator_bill"]["total_usd"]
    said = {row["uri"]: (row["answered_by"], row["answer"], row["local_score"]) for row in rows}
    return run["local"]["kind"], said


@pytest.fixture(scope="module")
def here(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ran(archive, tmp_path_factory.mktemp("here") / "out")


@pytest.mark.parametrize("engine", [prism, worker_processes])
def test_an_engine_makes_the_same_tables(
    engine: Callable[[], list[str]], archive: Path, here: Any, tmp_path: Path
) -> None:
    assert ran(archive, tmp_path / "out", *engine()) == here
    assert here[0]["answered_locally"] > 200


def test_flink_makes_the_same_tables(archive: Path, here: Any, tmp_path: Path) -> None:
    needs(FLINK)
    if shutil.which("java") is None:
        pytest.skip("Flink needs Java")
    with worker_pool(tmp_path) as port:
        assert ran(archive, tmp_path / "out", *flink(port)) == here
