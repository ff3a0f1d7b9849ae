"""Classifies image archives with Gemini: one call, or the steps of a pipeline of one's own.

    tierwise.run(input="photos/", tasks="tasks.yaml", output="out/")

or, in a pipeline of Apache Beam:

    images = pipeline | ReadImages("photos/")
    images | AskGemini("tasks.yaml", output="out/") | WriteTables()

Beside each step stands a function of the same name that works without a pipeline. Nothing is
imported before it is asked for, so that the parts below stay light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tierwise.beam_pipeline.door.ask_gemini import AskGemini as AskGemini
    from tierwise.beam_pipeline.door.ask_gemini import Outcomes as Outcomes
    from tierwise.beam_pipeline.door.optimize_images import OptimizeImages as OptimizeImages
    from tierwise.beam_pipeline.door.optimize_images import optimize_images as optimize_images
    from tierwise.beam_pipeline.door.read_images import ReadImages as ReadImages
    from tierwise.beam_pipeline.door.read_images import read_images as read_images
    from tierwise.beam_pipeline.door.run import run as run
    from tierwise.beam_pipeline.door.run_result import RunResult as RunResult
    from tierwise.beam_pipeline.door.run_result import open_run as open_run
    from tierwise.beam_pipeline.door.table import Table as Table
    from tierwise.beam_pipeline.door.verbs import calibrate as calibrate
    from tierwise.beam_pipeline.door.verbs import compare as compare
    from tierwise.beam_pipeline.door.verbs import export as export
    from tierwise.beam_pipeline.door.verbs import measure as measure
    from tierwise.beam_pipeline.door.verbs import plan as plan
    from tierwise.beam_pipeline.door.verbs import review as review
    from tierwise.beam_pipeline.door.without_pipeline import Answers as Answers
    from tierwise.beam_pipeline.door.without_pipeline import ask_gemini as ask_gemini
    from tierwise.beam_pipeline.door.without_pipeline import write_tables as write_tables
    from tierwise.beam_pipeline.door.write_tables import WriteTables as WriteTables
    from tierwise.errors import InputError as InputError
    from tierwise.errors import TierwiseError as TierwiseError
    from tierwise.metrics import Optimized as Optimized
    from tierwise.records import Answer as Answer
    from tierwise.records import Failure as Failure
    from tierwise.records import ImageFile as ImageFile
    from tierwise.records import NamedOutcome as NamedOutcome
    from tierwise.tasks import Tasks as Tasks
    from tierwise.tasks import load_tasks as load_tasks

_HOMES = {
    "beam_pipeline.door.ask_gemini": ("AskGemini", "Outcomes"),
    "beam_pipeline.door.optimize_images": ("OptimizeImages", "optimize_images"),
    "beam_pipeline.door.read_images": ("ReadImages", "read_images"),
    "beam_pipeline.door.run": ("run",),
    "beam_pipeline.door.run_result": ("RunResult", "open_run"),
    "beam_pipeline.door.table": ("Table",),
    "beam_pipeline.door.verbs": (*("calibrate", "compare", "export", "measure", "plan", "review"),),
    "beam_pipeline.door.without_pipeline": ("Answers", "ask_gemini", "write_tables"),
    "beam_pipeline.door.write_tables": ("WriteTables",),
    "errors": ("InputError", "TierwiseError"),
    "metrics": ("Optimized",),
    "records": ("Answer", "Failure", "ImageFile", "NamedOutcome"),
    "tasks": ("Tasks", "load_tasks"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Answers",
    "AskGemini",
    "Failure",
    "ImageFile",
    "InputError",
    "NamedOutcome",
    "OptimizeImages",
    "Optimized",
    "Outcomes",
    "ReadImages",
    "RunResult",
    "Table",
    "Tasks",
    "TierwiseError",
    "WriteTables",
    "ask_gemini",
    "calibrate",
    "compare",
    "export",
    "load_tasks",
    "measure",
    "open_run",
    "optimize_images",
    "plan",
    "read_images",
    "review",
    "run",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tierwise' has no attribute {name!r}")
    return getattr(import_module(f"tierwise.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, *globals()]
