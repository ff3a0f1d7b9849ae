"""From words on a command line to settings; every refusal is one clear line.

This module stays light: help must not wait for Beam to be imported.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, NoReturn

from tierwise.beam_pipeline.flags.flag import (
    CALIBRATE,
    COMPARE,
    EMULATOR,
    EXPORT,
    FORGET,
    INIT,
    MEASURE,
    OPTIMIZE,
    PLAN,
    REPORT,
    REVIEW,
    RUN,
    SHOW,
    Flag,
)
from tierwise.beam_pipeline.flags.groups import grouped
from tierwise.beam_pipeline.flags.job_labels import without_job_labels
from tierwise.beam_pipeline.flags.main_flags import MAIN, is_main
from tierwise.beam_pipeline.flags.of_verb import flags_of
from tierwise.beam_pipeline.flags.plain_words import with_names
from tierwise.beam_pipeline.flags.times import read_duration, read_span
from tierwise.errors import InputError
from tierwise.storage.file_addresses import local_path
from tierwise.version import VERSION

VERBS = {
    "init": "Write a first tasks file from a look at the pictures; asks nobody.",
    "run": "Read, shrink and ask about every image; write tables and an account of the cost.",
    "plan": "Forecast requests, tokens and dollars, and compare ways; spends nothing.",
    "measure": "Ask a sample in several ways, and read back the tokens and dollars of each.",
    "calibrate": "Find out on labelled images which route is good enough, and what it costs.",
    "optimize": "Only shrink the images, and measure what that saves; asks nobody.",
    "report": "Turn a finished run's tables into one page for people; asks nobody.",
    "review": "Pick pictures for people to label, at random or those worth most; asks nobody.",
    "export": "Write a finished run for spreadsheets and other programs; asks nobody.",
    "compare": "Tell which answers changed between two outputs, and what each costs; asks nobody.",
    "show": "Print the end of the last run into an output again; asks nobody.",
    "forget": "Take one picture out of tables, journal, thumbnails and page; the account stays.",
    "emulator": "Serve a local Gemini that costs nothing and understands nothing.",
}
_EXAMPLES = {
    "init": "tierwise init photos/",
    "run": "tierwise run --input=photos/ --tasks=tasks.yaml --output=out/",
    "plan": "tierwise plan --input=photos/ --tasks=tasks.yaml --compare",
    "measure": "tierwise measure --input=photos/ --output=measured/ --max_cost_usd=0.10",
    "calibrate": "tierwise calibrate --input=labelled/ --tasks=tasks.yaml --output=calibrated/",
    "optimize": "tierwise optimize --input=photos/ --output=small/ --profile=content",
    "report": "tierwise report --output=out/",
    "review": "tierwise review --output=out/ --random=200",
    "export": "tierwise export --output=out/ --to=csv,jsonl",
    "compare": "tierwise compare out_old/ out_new/",
    "show": "tierwise show --output=out/",
    "forget": "tierwise forget --output=out/ --uri=photos/0001.jpg",
    "emulator": "tierwise emulator --port=8765 --latency_ms=300",
}

_OTHER_STATUS = {
    COMPARE: "0 done; 2 refused: one is no finished run or is damaged, one is emulated and\nthe "
    "other not, or they have no task or no picture in common",
    RUN: "2 refused before spending, or nothing\ncould be asked; 3 done, but rows are left for a "
    "later run: over_budget,\nquota_exhausted, or the run had to end early; 4 batch jobs are under "
    "way,\nwhich the same command collects",
    MEASURE: "2 refused before spending; 3 done,\nbut some images could not be asked",
    CALIBRATE: "2 refused before spending; 3 done,\nbut some images could not be asked",
    OPTIMIZE: "2 refused before starting",
    PLAN: "2 refused",
}

# Of verbs that take no flags of Beam.
_STATUS = {
    INIT: "0 done; 2 refused: no pictures there, or the tasks file is there already",
    COMPARE: "0 done; 2 refused: one is no finished run or is damaged, one is emulated and\nthe "
    "other not, or they have no task or no picture in common",
    EMULATOR: "",
    REPORT: "0 done; 2 refused: there is no finished run, or of another version",
    REVIEW: "0 done; 2 refused: no finished run, or labels would be lost",
    EXPORT: "0 done; 1 some sidecars were left alone; 2 refused: there is no finished run,\n"
    "or it is damaged",
    FORGET: "0 done; 1 broke off, start it again; 2 refused: nothing there has this\nname or "
    "content, a run is going on, or batch jobs are under way",
    SHOW: "0 shown; 2 refused: there is no run, or it is still going on",
}

# Flags that name files or folders and do not read addresses of these by themselves.
_PLACES = {
    *("output", "into", "old", "new", "label_studio_root", "bucket"),
    *("tasks", "calibration", "prices", "corrections"),
    *("emulator_knows", "emulator_faults", "knows", "faults"),
}
_METAVARS: dict[object, str] = {
    **{int: "N", float: "X", bool: "true|false"},
    **dict.fromkeys((read_duration, read_span), "TIME"),
}


class Settings(SimpleNamespace):
    """The values of a verb's own flags, by name."""


# Flags whose values may stand alone, in this order.
_PLAIN_WORDS = {
    COMPARE: ("old", "new"),
    INIT: ("input",),
    **dict.fromkeys((SHOW, REPORT, EXPORT, REVIEW), ("output",)),
}

# Of these a second one adds nothing, but would take the place of the first.
_ONE_OF = ("input", "labels", "corrections")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A verb, its settings, and the flags that are left for Beam."""

    verb: str
    settings: Settings
    beam_flags: tuple[str, ...]

    @property
    def tasks_to_read(self) -> str | None:
        """The tasks file that the verb reads; of `init`, which writes one, none."""
        return None if self.verb == INIT else vars(self.settings).get("tasks")


def read_command_line(words: Sequence[str]) -> CommandLine:
    """What was asked for. Prints help or the version and exits with 0 when that was.

    Raises:
        InputError: an unknown verb, a missing or malformed flag.
    """
    verb, rest = _verb(list(words))
    rest, of_job = without_job_labels(with_names(rest, _PLAIN_WORDS.get(verb, ()), flags_of(verb)))
    _check_given_once(rest)
    known, unknown = _parser(verb).parse_known_args(rest)
    unknown += of_job
    settings = vars(known)
    for name in _PLACES & settings.keys():
        settings[name] = local_path(settings[name]) if settings[name] else settings[name]
    for flag in flags_of(verb):
        _check(flag, settings[flag.name], unknown, verb)
    for before, word in pairwise(["", *unknown]):
        if not word.startswith("-") and not _takes_value(before):
            raise InputError(f"{word!r} is not a flag. Flags look like --name=value.")
    if verb in _STATUS and unknown:
        raise InputError(unknown_flag(unknown[0], verb))
    return CommandLine(verb, Settings(**settings), tuple(unknown))


def _check_given_once(words: Sequence[str]) -> None:
    """Refuse two inputs or two tables where the second would silently stand for both."""
    given = [word.partition("=")[0] for word in words]
    for name in _ONE_OF:
        if given.count(f"--{name}") > 1:
            raise InputError(
                f"--{name} is given {given.count(f'--{name}')} times, and takes one place. "
                "Several files are one pattern, such as 'tables/*.csv'."
            )


def unknown_flag(word: str, verb: str) -> str:
    """The message for a flag that neither we nor Beam know."""
    name = word.lstrip("-").partition("=")[0]
    near = get_close_matches(name, [flag.name for flag in flags_of(verb)], n=1)
    hint = f" Did you mean --{near[0]}?" if near else ""
    if owners := _owners(name):
        return (
            f"--{name} belongs to tierwise {', '.join(owners)}; {verb} does not take it.{hint} "
            f"See tierwise {verb} {_whole_help(verb)}."
        )
    return f"unknown flag --{name}.{hint} See tierwise {verb} {_whole_help(verb)}."


def _whole_help(verb: str) -> str:
    """The word that shows every flag of a verb."""
    return "--help_all" if verb in MAIN else "--help"


def _owners(name: str) -> list[str]:
    """The verbs that take a flag."""
    return [verb for verb in VERBS if any(flag.name == name for flag in flags_of(verb))]


def _check(flag: Flag, value: Any, unknown: Sequence[str], verb: str) -> None:
    if value is None and flag.required:
        mistyped = get_close_matches(f"--{flag.name}", [w.partition("=")[0] for w in unknown], n=1)
        if mistyped:
            raise InputError(unknown_flag(mistyped[0], verb))
        raise InputError(f"--{flag.name} is missing. See tierwise {verb} --help.")
    if isinstance(value, str) and not value.strip():
        raise InputError(f"--{flag.name}={value}: is empty. Example: --{flag.name}={flag.example}")
    if flag.check and value is not None:
        flag.check(value, flag.name)
    # Infinity is within open bounds and would last for ever; what is not a number is within none.
    if flag.type not in (int, float) or value is None:
        return
    if not flag.least <= value <= flag.most or math.isinf(value):
        most = "" if math.isinf(flag.most) else f" and at most {flag.most:g}"
        raise InputError(f"--{flag.name}={value}: must be at least {flag.least:g}{most}.")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise, so that all refusals look alike."""
        raise InputError(f"{message}. See {self.prog} --help.")


def _verb(words: list[str]) -> tuple[str, list[str]]:
    if not words or words[0] in ("-h", "--help"):
        _overview().print_help()
        raise SystemExit(0 if words else 2)
    if words[0] == "--version":
        print(f"tierwise {VERSION}")
        raise SystemExit(0)
    if words[0].startswith("-"):
        return RUN, words
    if words[0] not in VERBS:
        near = get_close_matches(words[0], VERBS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"unknown verb {words[0]!r}.{hint} Verbs: {', '.join(VERBS)}.")
    return words[0], words[1:]


def _overview() -> argparse.ArgumentParser:
    verbs = "\n".join(f"  {verb:<10} {what}" for verb, what in VERBS.items())
    return _Parser(
        prog="tierwise",
        usage="tierwise VERB [flags]",
        description="Classify an image archive with Gemini at the lowest price that is still "
        "right.\n\nverbs:\n" + verbs,
        epilog="tierwise VERB --help shows the flags that matter most, --help_all every flag.\n"
        "Without a verb, flags mean run.\n"
        "tierwise --version prints the version.\n\n"
        "first steps, which cost nothing:\n"
        "  tierwise plan --input=photos/                 what it would cost\n"
        "  tierwise run --input=photos/ --output=out/    an emulator answers; see out/report.html\n"
        "Only --gemini=developer and --gemini=vertex spend money; --max_cost_usd bounds it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _parser(verb: str, *, whole: bool = False) -> argparse.ArgumentParser:
    """The parser of all flags, whose help is `whole` or has the main ones only."""
    parser = _Parser(
        prog=f"tierwise {verb}",
        usage=f"tierwise {verb} [flags]",
        description=VERBS[verb],
        epilog=_more_flags(verb, whole=whole) + f"example: {_EXAMPLES[verb]}" + _about_beam(verb),
        allow_abbrev=False,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--help_all", action=_WholeHelp, nargs=0, help="show every flag and exit")
    for heading, flags in grouped(flags_of(verb)):
        group = parser.add_argument_group(heading)
        for flag in flags:
            words = _argument(flag)
            if not whole and not is_main(verb, flag.name):
                words["help"] = argparse.SUPPRESS
            group.add_argument(f"--{flag.name}", **words)
    return parser


def _more_flags(verb: str, *, whole: bool) -> str:
    left = sum(not is_main(verb, flag.name) for flag in flags_of(verb))
    return f"tierwise {verb} --help_all shows {left} more flags.\n\n" if left and not whole else ""


class _WholeHelp(argparse.Action):
    """Prints the help with every flag, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> NoReturn:
        del namespace, values, option_string
        _parser(parser.prog.split()[-1], whole=True).print_help()
        raise SystemExit(0)


def _argument(flag: Flag) -> dict[str, Any]:
    default = "" if flag.default is None else f" Default: {flag.shown_default}."
    needed = " Required." if flag.required else ""
    values = f" One of: {', '.join(flag.choices)}." if flag.choices else ""
    text = f"{flag.help}{values}{default}{needed} Example: --{flag.name}={flag.example}"
    switch: dict[str, Any] = {"nargs": "?", "const": True} if flag.type is bool else {}
    if flag.repeated:
        switch["action"] = _Joined
    return {
        "help": _wrapped(text.replace("%", "%%")),
        "type": _reader(flag),
        **switch,
        "choices": flag.choices or None,
        "default": flag.default,
        "metavar": _METAVARS.get(flag.type, "VALUE"),
    }


class _Joined(argparse.Action):
    """A flag that is given several times is one, with commas in between."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, values if before is None else f"{before},{values}")


def _reader(flag: Flag) -> Callable[[str], Any]:
    return _truth if flag.type is bool else flag.type


def _truth(word: str) -> bool:
    if word.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{word!r} is neither true nor false")
    return word.lower() == "true"


def _wrapped(text: str, width: int = 56) -> str:
    lines: list[str] = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _about_beam(verb: str) -> str:
    if verb in _STATUS:
        return f"\n\nexit status: {_STATUS[verb]}" if _STATUS[verb] else ""
    return (
        "\n\nAll flags of Apache Beam pass through: --runner, --project, --region, "
        "--temp_location\nand so on. Without --runner the job runs in this process.\n\n"
        f"exit status: 0 done; 1 broke off, run it again; {_OTHER_STATUS[verb]}"
    )


def _takes_value(word: str) -> bool:
    return word.startswith("--") and "=" not in word
