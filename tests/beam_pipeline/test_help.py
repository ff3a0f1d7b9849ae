"""Help says everything, at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.asked import tasks_in
from tierwise.beam_pipeline.first_check import check_tasks
from tierwise.beam_pipeline.flags.command_line import VERBS
from tierwise.beam_pipeline.flags.flag import Flag
from tierwise.beam_pipeline.flags.groups import GROUPS
from tierwise.beam_pipeline.flags.main_flags import MAIN
from tierwise.beam_pipeline.flags.of_verb import FLAGS, flags_of
from tierwise.errors import TasksError
from tierwise.version import VERSION

ROOT = Path(__file__).parents[2]
EVERY = [(verb, flag) for verb in VERBS for flag in flags_of(verb)]


def help_of(*words: str, capsys: pytest.CaptureFixture[str], word: str = "--help_all") -> str:
    with pytest.raises(SystemExit) as ended:
        main([*words, word])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("verb", "flag"), EVERY, ids=lambda one: getattr(one, "name", one))
def test_help_has_every_flag_with_default_and_example(
    verb: str, flag: Flag, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(verb, capsys=capsys)
    assert f"--{flag.name} " in text
    assert flag.help in text
    assert f"Example: --{flag.name}={flag.example}" in text
    assert flag.default is None or f"Default: {flag.shown_default}." in text
    assert all(choice in text for choice in flag.choices)


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_and_what_a_verb_does(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(verb, capsys=capsys)
    assert f"example: tierwise {verb} " in text
    assert VERBS[verb] in text


def test_help_has_headings_and_begins_with_what_is_required(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = help_of("run", capsys=capsys)
    assert text.index("--input") < text.index("--output") < text.index("--tasks")
    assert text.index("who answers:") < text.index("--gemini ") < text.index("money:")
    named = [name for names in GROUPS.values() for name in names]
    assert set(named) <= {flag.name for flag in flags_of("run")}
    assert len(named) == len(set(named))


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_a_dozen_flags_and_says_how_many_more_there_are(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(verb, capsys=capsys, word="--help")
    flags = flags_of(verb)
    shown = [flag for flag in flags if f"Example: --{flag.name}=" in text]
    assert len(shown) <= 14
    assert {flag.name for flag in flags if flag.required} <= {flag.name for flag in shown}
    more = len(flags) - len(shown)
    assert (f"--help_all shows {more} more flags." in text) is (more > 0)
    if more:
        assert {flag.name for flag in shown} == MAIN[verb]


def test_help_without_a_verb_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys=capsys, word="--help")
    assert all(f"{verb} {what}" in text for verb, what in VERBS.items())


def test_only_run_speaks_of_asking(capsys: pytest.CaptureFixture[str]) -> None:
    shrinks = help_of("optimize", capsys=capsys)
    assert "Images to shrink: a folder" in shrinks
    assert "2 refused before starting" in shrinks
    for word in ("to ask about", "3 done", "over_budget"):
        assert word not in shrinks
        assert word in help_of("run", capsys=capsys)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"tierwise {VERSION}\n")


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: f"{flag.verbs[0]}-{flag.name}")
def test_an_optional_flag_has_a_default_or_says_what_happens_without(flag: Flag) -> None:
    told = flag.required or flag.default is not None or "Default" in flag.help
    harmless = flag.name in _NOTHING_WITHOUT
    assert told or harmless


_NOTHING_WITHOUT = {
    *(
        "gemini_endpoint",
        "service_tier",
        "emulator_knows",
        "emulator_faults",
        "faults",
        "knows",
        "bucket",
    ),
    "profile",
}


_TYPO = "model: gemini-3.1-flash-lite\ntasks: {kind: {promt: What is it, labels: [a, b]}}"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        *([verb, "--help"] for verb in VERBS),
        ["runn"],
        *([verb, "--input=.", "--output=o", "--tasks=typo.yaml"] for verb in MAIN),
        ["run", "--input=.", "--output=o", "--tasks=none.yaml"],
    ],
)
def test_help_and_refusals_wait_for_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "typo.yaml").write_text(_TYPO)
    program = (
        "import sys\n"
        "from tierwise.beam_pipeline.__main__ import main\n"
        "try:\n"
        f"  main({words!r})\n"
        "except SystemExit:\n"
        "  pass\n"
        "heavy = {'apache_beam', 'google.genai', 'google.auth', 'numpy', 'pyarrow', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("Did you mean prompt?" in done.stderr) is ("--tasks=typo.yaml" in words)
    assert ("none.yaml: cannot be read" in done.stderr) is ("--tasks=none.yaml" in words)


@pytest.mark.parametrize("more", ["labels: none.csv", "labels: [a, b], examples: none/"])
def test_files_that_a_tasks_file_names_are_read_when_it_is_loaded_for_good(
    more: str, tmp_path: Path
) -> None:
    text = f"model: gemini-3.1-flash-lite\ntasks: {{kind: {{prompt: What is it, {more}}}}}"
    path = tmp_path / "tasks.yaml"
    path.write_text(text)
    check_tasks(str(path))
    with pytest.raises(TasksError, match="none"):
        tasks_in(text, path=str(path))
