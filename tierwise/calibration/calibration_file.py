"""The calibration file: what was measured, of what, when, and which routes follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from tierwise.calibration.choice import Choice, TriedRoute
from tierwise.errors import InputError
from tierwise.records import Route
from tierwise.routing import AS_IT_IS, Routing
from tierwise.shown import shown

FORMAT = 2


@dataclass(frozen=True, slots=True)
class CalibratedTask:
    """One task: the digest of what was asked, and the choice.

    `left_out` counts labelled images that could not be compared, by reason.
    """

    digest: str
    left_out: dict[str, int]
    why: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Calibration:
    """A whole file. `calibrated_at` is ISO 8601."""

    format: int
    tierwise: str
    emulated: bool
    calibrated_at: str
    tasks: dict[str, CalibratedTask]

    @property
    def routes(self) -> dict[str, Route]:
        """The chosen route of each task."""
        return {name: _chosen(task).route for name, task in self.tasks.items()}

    @property
    def routings(self) -> dict[str, Routing]:
        """The rules that were measured together with the chosen route of each task."""
        chosen = {name: _chosen(task).routing for name, task in self.tasks.items()}
        return {name: routing or AS_IT_IS for name, routing in chosen.items()}


_FILE: TypeAdapter[Calibration] = TypeAdapter(Calibration)


def write_calibration(calibration: Calibration) -> bytes:
    """The file's bytes: JSON, for people to read too."""
    return _FILE.dump_json(calibration, indent=2) + b"\n"


def read_calibration(data: bytes, *, path: str) -> Calibration:
    """The calibration that a file holds.

    Raises:
        InputError: it is no calibration file, or one of a newer format.
    """
    try:
        found = from_json(data)
        version = found.get("format") if isinstance(found, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise InputError(
                f"{path}: calibration format {version} is newer than this program knows "
                f"({FORMAT}). Use the newer tierwise that wrote it, or calibrate again."
            )
        return _FILE.validate_python(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path}: no calibration file: key {place or 'top'} holds {shown(first['input'])}: "
            f"{first['msg']}. Write it anew with tierwise calibrate."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path}: no calibration file: {error}. Write it anew with tierwise calibrate."
        ) from error


def _chosen(task: CalibratedTask) -> TriedRoute:
    return task.choice.route(task.choice.chosen)
