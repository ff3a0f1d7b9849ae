"""The notebook of the examples runs in a kernel, as in Jupyter, and shows what it says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished

with warnings.catch_warnings():  # of its own, when it is imported
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples/notebook.ipynb"


@pytest.fixture(scope="module")
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of the notebook."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "archive").symlink_to(ROOT / "examples/archive")
    return folder


@pytest.fixture(scope="module")
def outputs(notebook: Any, place: Path) -> list[list[Any]]:
    """What came of each cell."""
    executed = deepcopy(notebook)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(ROOT))
        client = NotebookClient(executed, timeout=100, resources={"metadata": {"path": str(place)}})
        client.execute()
    return [cell.get("outputs", []) for cell in executed.cells]


def texts(outputs: list[list[Any]]) -> Iterator[str]:
    for of_cell in outputs:
        for one in of_cell:
            yield str(one.get("text", ""))
            yield from map(str, one.get("data", {}).values())


def test_nothing_is_stored_that_a_run_has_not_just_shown(notebook: Any) -> None:
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
    assert "emulated" in notebook.cells[0].source


def test_it_runs_and_shows_answers_the_account_and_the_page(
    outputs: list[list[Any]], place: Path
) -> None:
    shown = "\n".join(texts(outputs))
    finished = Finished(0, place / "out-notebook")
    assert finished.run["status"] == "done"
    assert finished.run["changes"] == {"new": 0, "changed": 0, "moved": 0, "gone": 0}
    assert "EMULATED: these answers and dollars come from a local emulator" in shown
    assert 'href="' in shown
    assert "out-notebook/report.html" in shown
    assert "Decimal" not in shown
    assert "unreadable" in shown


def test_progress_is_one_line_of_its_cell(outputs: list[list[Any]]) -> None:
    drawn = [text for text in texts(outputs) if text.startswith("asking: ")]
    assert len(drawn) == 2  # of each run one, whatever was drawn there before
    assert all("of 40 files" in text for text in drawn)


def test_nothing_is_fetched_by_a_script_in_a_cell(outputs: list[list[Any]]) -> None:
    """As Beam does with any pipeline in a notebook."""
    kinds = {kind for of_cell in outputs for one in of_cell for kind in one.get("data", {})}
    assert kinds == {"text/plain", "text/html"}
    assert not any("<script" in text for text in texts(outputs))


def test_the_end_is_shown_once(outputs: list[list[Any]]) -> None:
    assert sum("Images: 42, requests:" in text for text in texts(outputs)) == 1
