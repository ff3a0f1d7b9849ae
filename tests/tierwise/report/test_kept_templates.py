"""Compiled templates are kept where that can be done, and pages are made all the same elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from tierwise.report.kept_templates import KeptTemplates


@pytest.fixture(autouse=True)
def python_keeps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr("sys.pycache_prefix", str(tmp_path))
    yield


def rendered(text: str) -> str:
    loader = jinja2.DictLoader({"page": text})
    environment = jinja2.Environment(loader=loader, bytecode_cache=KeptTemplates())
    return environment.get_template("page").render()


def kept() -> list[Path]:
    folder = Path(KeptTemplates().directory)
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_a_template_is_compiled_once_for_each_text() -> None:
    Path(KeptTemplates().directory).mkdir(parents=True)
    assert rendered("{{ 1 + 1 }}") == "2"
    (file,) = kept()
    before = file.stat().st_ino
    assert rendered("{{ 1 + 1 }}") == "2"
    assert [one.stat().st_ino for one in kept()] == [before]
    assert rendered("{{ 2 + 1 }}") == "3"
    assert [one.stat().st_ino for one in kept()] != [before]


def test_what_is_kept_and_spoilt_is_made_again() -> None:
    Path(KeptTemplates().directory).mkdir(parents=True)
    rendered("{{ 1 + 1 }}")
    kept()[0].write_bytes(b"spoilt")
    assert rendered("{{ 1 + 1 }}") == "2"
    whole = kept()[0].read_bytes()
    kept()[0].write_bytes(whole[: len(whole) // 2])
    assert rendered("{{ 1 + 1 }}") == "2"


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert rendered("{{ 1 + 1 }}") == "2"
    above = Path(KeptTemplates().directory).parent
    above.parent.mkdir(parents=True, exist_ok=True)
    above.write_text("in the way", "utf-8")
    assert rendered("{{ 1 + 1 }}") == "2"


def test_where_python_keeps_nothing_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(KeptTemplates().directory).mkdir(parents=True)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert rendered("{{ 1 + 1 }}") == "2"
    assert kept() == []
