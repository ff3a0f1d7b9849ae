"""The house stands: imports only go down, and nobody hides one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the ground up: what lies in a room imports only from its own and from those before it.
ROOMS = [
    "tierwise",  # what we know: everything directly below, and the rooms of KNOWLEDGE
    "tierwise.storage",
    "tierwise.journal",
    "tierwise.gemini",
    "tierwise.batches",
    "tierwise.emulator",
    "tierwise.answering",
    "tierwise.scheduling",
    "tierwise.surveying",
    "tierwise.publishing",
    "tierwise.forgetting",
    "tierwise.transforms",
    "tierwise.beam_pipeline",
    "templates",
]
KNOWLEDGE = {
    *("accounts", "answers", "calibration", "comparison", "counts", "exports", "first_tasks"),
    *("forecast", "images", "local", "plots", "prices", "report", "statistics", "tasks"),
    "taxonomy",
}
# The door: what people import, and what they start.
DOORS = {"tierwise", "tierwise.__main__"}
NETWORK = {"aiohttp", "httpx", "requests", "socket", "urllib.request", "http", "grpc"}
# By name, because some bring Beam or Google's library: help, and whoever imports a part below or
# only builds a pipeline, must not wait for them. What a fork must not find there comes after it.
LATE_IMPORTS = {
    *("tierwise/__init__.py", "tierwise/one_name.py", "tierwise/beam_pipeline/own_process.py"),
    *("tierwise/scheduling/engine.py", "tierwise/batches/terms.py"),
    "tierwise/scheduling/shrinker_process.py",
    "tierwise/beam_pipeline/own_caches.py",
    "tierwise/beam_pipeline/door/table.py",  # pandas and polars, which are no dependencies
    "tierwise/storage/files.py",
    "tierwise/taxonomy/skos.py",
    "tierwise/local/embedder.py",
}


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    in_function: bool


def modules() -> dict[str, Path]:
    folders = [ROOT / "tierwise", *(ROOT / "tierwise").iterdir(), ROOT / "templates"]
    paths = {path for folder in folders for path in folder.rglob("*.py")}
    return {name_of(path): path for path in sorted(paths)}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> int:
    """The floor of the room that a module lies in."""
    if module in DOORS:
        return len(ROOMS)
    room = max((room for room in ROOMS if is_below(module, {room})), key=len)
    below = module.removeprefix("tierwise.")
    known = room != "tierwise" or "." not in below or below.partition(".")[0] in KNOWLEDGE
    assert known, f"{module} lies in a room that has no floor"
    return ROOMS.index(room)


def is_below(module: str, packages: set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in packages)


MODULES = modules()


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    return tuple(_walk(ast.parse(path.read_text(encoding="utf-8")), in_function=False))


def _walk(node: ast.AST, *, in_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, in_function)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"a relative import in line {child.lineno}"
            for alias in child.names:
                yield Import(f"{child.module}.{alias.name}", child.lineno, in_function)
        elif isinstance(child, ast.Call) and ast.unparse(child.func).endswith("import_module"):
            yield Import("importlib", child.lineno, in_function)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, in_function=in_function or inside)


def ours(module: str) -> str | None:
    """The module of this house that an import means, if any."""
    return next((name for name in (module, module.rpartition(".")[0]) if name in MODULES), None)


def test_the_walk_sees_imports_and_where_they_stand() -> None:
    source = "import a.b\ndef f():\n  from c import d\n  x = lambda: importlib.import_module('e')"
    assert list(_walk(ast.parse(source), in_function=False)) == [
        Import("a.b", 1, in_function=False),
        Import("c.d", 3, in_function=True),
        Import("importlib", 4, in_function=True),
    ]
    assert {room for room in ROOMS if not any(is_below(name, {room}) for name in MODULES)} == set()


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_and_stand_at_the_top(name: str) -> None:
    floor = floor_of(name)
    path = MODULES[name]
    for found in imports_of(path):
        where = f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        target = ours(found.module)
        assert target is None or target == name or floor_of(target) <= floor, where
        late = found.in_function and str(path.relative_to(ROOT)) not in LATE_IMPORTS
        assert not late, f"{where} inside a function"


def test_no_cycle() -> None:
    graph = {
        name: {target for found in imports_of(path) if (target := ours(found.module))} - {name}
        for name, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("tierwise", {"apache_beam", "google"} | NETWORK),
        ("tierwise.storage", {"apache_beam"}),
        ("tierwise.journal", {"apache_beam", "google"} | NETWORK),
        ("tierwise.gemini", {"apache_beam"}),
        ("tierwise.emulator", {"apache_beam", "google", "tierwise.gemini"}),
        ("tierwise.answering", {"apache_beam", "google"}),
        ("tierwise.scheduling", {"apache_beam", "google"}),
        ("tierwise.surveying", {"apache_beam", "google"}),
        ("tierwise.publishing", {"apache_beam", "google"}),
        ("tierwise.transforms", {"google"}),
    ],
)
def test_rooms_keep_out_what_is_not_theirs(room: str, forbidden: set[str]) -> None:
    for name, path in MODULES.items():
        if ROOMS[min(floor_of(name), len(ROOMS) - 1)] == room:
            found = {f.module for f in imports_of(path) if is_below(f.module, forbidden)}
            assert not found, f"{path.relative_to(ROOT)} imports {', '.join(found)}"
