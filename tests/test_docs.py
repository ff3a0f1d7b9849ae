"""The pages: all found, no link dead, each promise tested, each message real, each command run."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from bench import saving
from tests.test_readme import COMMANDS, PAGES, README, command_words
from tierwise.accounts.ending import EXIT_STATUS
from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.flags.of_verb import FLAGS
from tierwise.records import Reason
from tierwise.transforms.asking_fn import COUNTERS, DISTRIBUTIONS, THROTTLING

ROOT = Path(__file__).resolve().parents[1]
DOCS = {"README.md": README} | {f"docs/{name}": text for name, text in PAGES.items()}
DOCS["ARCHITECTURE.md"] = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROOMS = ("tierwise", "transforms", "beam_pipeline")


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    return [link for link in found if "://" not in link]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_way_to_every_page_begins_at_the_index() -> None:
    listed = {link for link in links(PAGES["index.md"]) if link.endswith(".md")}
    assert listed == {name for name in PAGES if name != "index.md"} | {"../ARCHITECTURE.md"}
    assert "docs/index.md" in links(README)


@pytest.mark.parametrize("page", DOCS)
def test_no_link_is_dead(page: str) -> None:
    for link in links(DOCS[page]):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_what_one_can_do_after_it(page: str) -> None:
    heading, first, *_ = PAGES[page].split("\n\n")
    assert heading.startswith("# ")
    assert first.startswith("After this page ")


@pytest.mark.parametrize("page", DOCS)
def test_no_page_has_marks_of_a_merge(page: str) -> None:
    assert not re.search("^(<{7}|={7}$|>{7})", DOCS[page], re.MULTILINE)


def test_every_guarantee_names_tests_that_there_are() -> None:
    text = PAGES["guarantees.md"]
    promises = re.split(r"^## \d\. ", text, flags=re.MULTILINE)[1:]
    assert len(promises) == 8
    for promise in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", promise)
        assert named, promise
        for file, test in named:
            source = (ROOT / file).read_text("utf-8")
            assert re.search(rf"^(async )?def {test or 'test_'}", source, re.MULTILINE), (
                file,
                test,
            )


@cache
def _messages() -> tuple[str, ...]:
    """Every string of the code; … stands where a value is filled in."""
    found = set[str]()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                    found.add("".join(map(str, parts)))
    return tuple(found)


def first_cells(section: str) -> list[str]:
    text = PAGES["troubleshooting.md"].split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.*?)` \|", text, re.MULTILINE)


@pytest.mark.parametrize(
    "message",
    [*first_cells("Refused"), *first_cells("Broke off"), *first_cells("At the end of a run")],
)
def test_a_message_is_one_that_the_code_has(message: str) -> None:
    pattern = re.compile(".*".join(re.escape(part) for part in message.split("…")), re.DOTALL)
    assert any(pattern.search(text) for text in _messages())


def test_every_reason_and_exit_status_is_explained() -> None:
    assert first_cells("Rows without an answer") == [str(reason) for reason in Reason]
    table = PAGES["troubleshooting.md"].split("## Refused")[0]
    explained = {int(status) for status in re.findall(r"^\| (\d) \|", table, re.MULTILINE)}
    assert explained == set(EXIT_STATUS.values())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., bytes]) -> Path:
    """A folder that has whatever the commands of the pages name."""
    place = tmp_path_factory.mktemp("desk")
    (place / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "examples/tasks.yaml", place)
    (place / "photos").mkdir()
    for number in range(3):
        (place / "photos" / f"{number:04}.jpg").write_bytes(draw(number))
    rows = ["uri,category"]
    for number in range(12):
        label = ("city", "abstract")[number % 2]
        (place / "labelled" / label).mkdir(parents=True, exist_ok=True)
        name = f"labelled/{label}/{number}.jpg"
        (place / name).write_bytes(draw(20 + number))
        rows.append(f"{name},{label}")
    for name in ("marks.csv", "list.csv"):
        (place / name).write_text("\n".join(rows), "utf-8")
    return place


def _runnable() -> Iterator[str]:
    """What needs neither Google nor another machine, in an order in which each finds its input.

    Plans for a day are held to what they print in test_readme.py, --json in test_json.py.
    Photographs in printed/ are made by bench/calibration/small_print.py from others, not kept here.
    """
    order = (
        "calibrate",
        "measure",
        "optimize",
        "plan",
        "run",
        "report",
        "review",
        "export",
        "show",
        "forget",
    )
    elsewhere = re.compile(
        r"--gemini=|gs://|--runner=|--\w*endpoint=(?!http://127)|--calibration|--corrections|--prices_on=|--json"
        r"|--input=printed/"
    )
    for verb in order:
        for command in COMMANDS:
            if command.startswith(f"{verb} ") and not elsewhere.search(command):
                yield command


def test_the_commands_of_the_pages_do_what_they_say(
    desk: Path, gemini: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as a reader would; a run with a calibration that was emulated, too."""
    monkeypatch.chdir(desk)
    commands = list({tuple(command_words(one)): one for one in _runnable()}.values())
    commands += [one for one in COMMANDS if re.search("--calibration=|--corrections=", one)]
    assert {command.split()[0] for command in commands} == {
        *("calibrate", "measure", "optimize", "plan", "run", "report", "review", "export"),
        *("show", "forget"),
    }
    for command in commands:
        words = command_words(command.replace("http://127.0.0.1:8765", gemini.url))
        assert main(words) == 0, (command, capsys.readouterr().err)


def test_saved_is_explained_in_the_words_that_are_printed() -> None:
    for page in ("README.md", "docs/costs.md"):
        words = " ".join(DOCS[page].replace("\n> ", "\n").split())
        assert NAIVE_WAY in words, page


def test_what_one_saves_is_what_list_prices_say(capsys: pytest.CaptureFixture[str]) -> None:
    saving.main()
    assert f"```\n{capsys.readouterr().out.strip()}\n```" in DOCS["docs/costs.md"]


def test_operators_are_told_every_counter_and_no_other() -> None:
    section = PAGES["dataflow.md"].split("### What to watch\n")[1].split("\n### ")[0]
    table = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    told = set(re.findall(r"`(\w+)`", " ".join(table)))
    assert told == {*COUNTERS, THROTTLING}
    distributions = section.split("Distributions: ")[1].split("\n")[0]
    assert set(re.findall(r"`(\w+)`", distributions)) == set(DISTRIBUTIONS)


@pytest.mark.parametrize("page", DOCS)
def test_flags_with_an_underscore_are_ours_or_of_beam(page: str) -> None:
    ours = {flag.name for flag in FLAGS}
    beams = PipelineOptions([]).get_all_options()
    named = set(re.findall(r"--([a-z]+(?:_[a-z]+)+)\b(?!\.)", DOCS[page]))
    of_other_programs = {"yaml_pipeline_file", "worker_pool"}
    assert named <= ours | {"help_all"} | beams.keys() | of_other_programs
