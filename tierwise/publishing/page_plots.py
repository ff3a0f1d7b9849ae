"""The plots that lie beside a run, and beside the calibration that it used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from tierwise.errors import InputError
from tierwise.report.inlined_svg import inlined_svg
from tierwise.report.page import PagePlot
from tierwise.storage.files import files_for, join

MEASUREMENT_PLOT = "measurement.svg"


def calibration_plot(task: str) -> str:
    """The name of a task's plot beside a calibration.

    >>> calibration_plot("category")
    'calibration-category.svg'
    """
    return f"calibration-{task}.svg"


def plots_beside(output: str, run: Mapping[str, Any]) -> list[PagePlot]:
    """Those of the run's tasks; without any where there are none, or none can be read from here."""
    return list(_plots(output, run))


def _plots(output: str, run: Mapping[str, Any]) -> Iterator[PagePlot]:
    folders = [output]
    if calibration := run["flags"].get("calibration"):
        folders.append(calibration.rpartition("/")[0] or ".")
    names = {calibration_plot(task["name"]): _accuracy(task["name"]) for task in run["asked"]}
    names[MEASUREMENT_PLOT] = "Tokens of a picture, as billed and by the documented rule"
    for number, folder in enumerate(dict.fromkeys(folders)):
        for place, (name, title) in enumerate(names.items()):
            data = _read(join(folder, name))
            plot = inlined_svg(data, f"plot{number}-{place}-") if data else None
            if plot:
                yield PagePlot(title, *plot)


def _accuracy(task: str) -> str:
    return f"{task}: accuracy against dollars per 1,000 pictures, with intervals"


def _read(uri: str) -> bytes:
    # A worker elsewhere may not reach the launcher's disk; the page then goes without.
    with suppress(OSError, InputError):
        return files_for(uri).read(uri)
    return b""
