"""The calibration file: what was measured, of what, when, and which routes follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from tierwise.answerer import ServiceKind
from tierwise.calibration.choice import Choice, TriedRoute
from tierwise.calibration.label_looks import LabelLook
from tierwise.errors import InputError
from tierwise.records import Route
from tierwise.routing import AS_IT_IS, Routing
from tierwise.shown import shown

FORMAT = 4
CALIBRATION_FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class CalibratedTask:
    """One task: the digests of what was asked and of its parts, and the choice.

    `left_out` counts labelled images that could not be compared, by reason: those of failures,
    `unknown_label`, `conflicting_labels` and `missing` files. Files that do not
    say which parts have which digest have no `part_digests`. `asked_with` has the digests of all
    tasks that it was asked together with on any route. Answers less sure of
    themselves than `unsure_below` were wrong more often at the chosen route; None where that was
    not shown. `on_refusal` is the route for refusals that was a part of each that was tried.
    """

    digest: str
    left_out: dict[str, int]
    why: str
    choice: Choice
    part_digests: dict[str, str] = field(default_factory=dict)
    asked_with: dict[str, str] = field(default_factory=dict)
    unsure_below: float | None = None
    on_refusal: Route | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A whole file. `calibrated_at` is ISO 8601; `service` is who answered, where the file says.

    `looks` are all that were ever taken at tasks of this output, those that are no longer
    calibrated among them.
    """

    format: int
    tierwise: str
    emulated: bool
    calibrated_at: str
    tasks: dict[str, CalibratedTask]
    service: ServiceKind | None = None
    looks: dict[str, tuple[LabelLook, ...]] = field(default_factory=dict)

    @property
    def looked_at(self) -> dict[str, tuple[LabelLook, ...]]:
        """All looks by task; of files that do not say, one at each task."""
        unknown = {
            name: (LabelLook(1, "", "", task.choice.images, task.choice.margin, None),)
            for name, task in self.tasks.items()
        }
        return {**unknown, **self.looks}

    @property
    def routes(self) -> dict[str, Route]:
        """The chosen route of each task."""
        return {name: _chosen(task).route for name, task in self.tasks.items()}

    @property
    def together(self) -> dict[str, tuple[str, ...]]:
        """With whom each task was chosen to be asked, none for those by themselves.

        Tasks of files that do not say so are left out.
        """
        chosen = {name: _chosen(task).together for name, task in self.tasks.items()}
        return {name: found or () for name, found in chosen.items() if found is not None}

    @property
    def routings(self) -> dict[str, Routing]:
        """The rules that were measured together with the chosen route of each task."""
        chosen = {name: _chosen(task).routing for name, task in self.tasks.items()}
        return {name: routing or AS_IT_IS for name, routing in chosen.items()}


# What a value should be, by how pydantic's kinds of errors begin.
_EXPECTED = {
    "bool": "true or false",
    "dataclass": "an object with keys",
    "decimal": "a decimal number in quotes",
    "dict": "an object with keys",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "string": "a text",
    "tuple": "a list",
}


@cache  # built when it is first needed, which most commands never do
def _file() -> TypeAdapter[Calibration]:
    return TypeAdapter(Calibration)


def write_calibration(calibration: Calibration) -> bytes:
    """The file's bytes: JSON, for people to read too."""
    return _file().dump_json(calibration, indent=2) + b"\n"


def read_calibration(data: bytes, *, path: str) -> Calibration:
    """The calibration that a file holds.

    Raises:
        InputError: it is not a calibration file, or one of a newer format.
    """
    try:
        found = from_json(data)
        version = found.get("format") if isinstance(found, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise InputError(
                f"{path}: calibration format {version} is newer than this program knows "
                f"({FORMAT}). Use the newer tierwise that wrote it, or calibrate again."
            )
        return _file().validate_python(found)
    except ValidationError as error:
        problem = _problem(error.errors(include_url=False)[0])
        raise InputError(
            f"{path}: no calibration file: {problem}. Write it anew with tierwise calibrate."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path}: no calibration file: {error}. Write it anew with tierwise calibrate."
        ) from error


def _problem(found: ErrorDetails) -> str:
    """What pydantic found, as a person would say it of the file."""
    key = ".".join(map(str, found["loc"]))
    if found["type"] == "missing":
        return f"the key {key} is missing"
    held = shown(found["input"])
    if not key:
        return f"it holds {held}, not an object with keys"
    expected = _EXPECTED.get(found["type"].partition("_")[0])
    wanting = (
        f"which should be {expected}" if expected else f"which is not allowed there: {found['msg']}"
    )
    return f"the key {key} holds {held}, {wanting}"


def _chosen(task: CalibratedTask) -> TriedRoute:
    return task.choice.route(task.choice.chosen)
