"""README and docs are true: what they say a run prints and a query returns, it does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.flags.command_line import VERBS, read_command_line
from tierwise.beam_pipeline.flags.flag import Flag
from tierwise.beam_pipeline.flags.of_verb import FLAGS
from tierwise.questions import as_written
from tierwise.tasks import load_tasks

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md"))}
TEXT = "\n".join([README, *PAGES.values()])
COMMANDS = sorted(set(re.findall(r"^ *(?:\w+=\S+ )?tierwise (\w+ --.*)$", TEXT, re.MULTILINE)))


@pytest.fixture(scope="module")
def example_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("readme") / "out"
    examples = ROOT / "examples"
    flags = [f"--input={examples}/manifest.csv", f"--tasks={examples}/tasks.yaml"]
    flags += [f"--emulator_knows={examples}/known", "--emulator_sees=features"]
    assert main(["run", *flags, f"--output={output}"]) == 0
    return output


def test_make_run_is_what_is_shown() -> None:
    [words] = re.findall(r"^run:.*\n\t\$\(BIN\)/tierwise run (.*)$", MAKEFILE, re.MULTILINE)
    assert words.split() == [
        *("--input=examples/manifest.csv", "--tasks=examples/tasks.yaml", "--output=out"),
        *("--emulator_knows=examples/known", "--emulator_sees=features"),
    ]


def test_the_answers_make_sense(example_run: Path) -> None:
    """Old labels that can be the answer, but for one picture whose old label is wrong."""
    found = duckdb.sql(
        f"""select count(*) filter (answer = old_label), count(*)
        from '{example_run}/answers/task=category/*.parquet'
        where old_label <> 'nature' and uri <> 'archive/web/hopper.jpg' and page = 1"""
    )
    assert found is not None
    assert found.fetchall() == [(30, 32)]
    named = duckdb.sql(
        f"""select answer from '{example_run}/answers/task=filename/*.parquet'
        where uri = 'archive/pets/chelsea.png'"""
    )
    assert named is not None
    [(name,)] = named.fetchall()
    assert name.startswith("cat-")


def blocks(language: str) -> list[tuple[str, str]]:
    """Code blocks in a language, each with the plain block that follows it."""
    found = re.findall(rf"```{language}\n(.*?)```\n+```\n(.*?)```", TEXT, re.DOTALL)
    return [(code, printed) for code, printed in found]


def test_queries_return_what_is_printed(example_run: Path) -> None:
    queries = blocks("sql")
    assert len(queries) == 6
    for query, printed in queries:
        rows = duckdb.sql(query.replace("out/", f"{example_run}/"))
        assert str(rows).strip() == printed.strip()


def test_the_answers_are_those_shown(example_run: Path) -> None:
    shown = README.split("ends with tables like these:")[1].split("...")[0]
    labels = re.findall(r"│ (\w+) +│ +(\d+) │", shown)
    assert len(labels) == 6
    query = (
        f"select answer, count(*) from '{example_run}/answers/task=category/*.parquet' group by 1"
    )
    found = duckdb.sql(query)
    assert found is not None
    assert {label: str(images) for label, images in found.fetchall()} == dict(labels)


def test_the_costs_are_those_shown(example_run: Path) -> None:
    """Which images meet in a request, and which packs are checked, differs from run to run."""
    shown = [
        [cell.strip() for cell in line.split("│")]
        for line in README.split("Costs (emulated)")[1].split("...")[0].splitlines()
        if "│" in line
    ]
    query = f"""
        select task, media_resolution, outcome, requests, images, cost_usd, saved_usd
        from '{example_run}/costs/*.parquet' order by all"""
    found = duckdb.sql(query)
    assert found is not None
    rows = found.fetchall()
    assert [[str(cell) for cell in row[:5]] for row in rows] == [row[:5] for row in shown]
    for row, cells in zip(rows, shown, strict=True):
        dollars = [float(cell) for cell in row[5:]]
        assert dollars == pytest.approx([float(cell) for cell in cells[5:]], rel=0.06)


def test_the_tasks_that_are_shown_can_be_loaded() -> None:
    whole, looking, escalating, grouped = re.findall(
        r"```yaml\n(.*?)```", README + PAGES["tasks.md"], re.DOTALL
    )
    together = load_tasks(f"model: gemini-3.1-flash-lite\n{looking}", path="docs/tasks.md")
    assert {task.name: task.look for task in as_written(together).tasks} == {
        "category": ("category", "season"),
        "light": ("light", "mood"),
        "mood": ("light", "mood"),
        "season": ("category", "season"),
        "title": (),
    }
    [again] = load_tasks(
        f"model: gemini-3.1-flash-lite\ntasks:\n{escalating}", path="docs/tasks.md"
    ).tasks
    assert again.escalation
    tasks = as_written(load_tasks(whole + grouped, path="README.md"))
    assert [task.name for task in tasks.of_groups] == ["trade"]
    assert len(tasks.of_images) == 4


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    """Its flags are ours; the comment behind it and the ampersand are for people and shells."""
    assert not read_command_line(command_words(command)).beam_flags


def command_words(command: str) -> list[str]:
    """A command's words without what is for people and shells."""
    return shlex.split(re.split(r" #| > ", command)[0].rstrip("& "))


def plans() -> list[tuple[str, str]]:
    """Plans that are shown alone, each with what it prints."""
    found = re.findall(r"```\ntierwise (plan [^\n]*)\n```\n\n```\n(.*?)\n```", TEXT, re.DOTALL)
    return [(command, printed) for command, printed in found]


@pytest.mark.parametrize(("command", "printed"), plans(), ids=lambda text: text[:40])
def test_a_plan_prints_what_is_shown(
    command: str, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(command.split()) == 0
    out = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    pieces = re.split(r"^\.\.\.$", printed, flags=re.MULTILINE)  # lines are left out between them
    assert re.fullmatch(".*".join(map(re.escape, pieces)), out, re.DOTALL), out


def test_plans_are_shown() -> None:
    assert len(plans()) == 7


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: f"{flag.verbs[0]}-{flag.name}")
def test_every_flag_is_described(flag: Flag) -> None:
    assert f"`--{flag.name}`" in PAGES["flags.md"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example(verb: str) -> None:
    assert f"tierwise {verb} " in TEXT


def test_every_page_is_found_from_the_readme() -> None:
    links = re.findall(r"\]\((.*?)\)", README)
    pages = {link.partition("#")[0] for link in links if not link.startswith("#")}
    assert pages <= {f"docs/{name}" for name in PAGES} | {"ARCHITECTURE.md"}
    assert {"docs/index.md", "ARCHITECTURE.md"} <= pages  # test_docs.py follows the index
    headings = re.findall(r"^## (.*)", README, re.MULTILINE)
    anchors = [f"#{heading.lower().replace(' ', '-')}" for heading in headings]
    assert [link for link in links if link.startswith("#")] == anchors
