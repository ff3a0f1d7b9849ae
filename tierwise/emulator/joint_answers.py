"""The reply to a joint request: each question answered as if it were asked apart.

A row holds the answers about one image of a pack, or about all pictures where there is no pack.
Under faults one answer is outside its labels, a row is too short, or pictures are mixed up.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from tierwise.emulator.answers import OUTSIDE, Filler
from tierwise.emulator.asked_images import AskedImage, images_of, looks_of, place_of
from tierwise.emulator.faults import Fault
from tierwise.emulator.interference import exchanged
from tierwise.emulator.joint import JointForm, JointQuestion
from tierwise.emulator.known import KnownPictures
from tierwise.emulator.looks import Look
from tierwise.emulator.packs import MISPLACED, disarranged, misplaced
from tierwise.emulator.repeating import repeating
from tierwise.emulator.request import GeminiRequest
from tierwise.emulator.views import SeenPicture

Row = dict[str, Any]

# No answer has it: it marks a place in a reply.
_HERE = "\0here"


def joint_text(
    asked: GeminiRequest,
    joint: JointForm,
    views: Sequence[SeenPicture],
    known: KnownPictures | None,
    fault: Fault | None,
    *,
    interference: float,
) -> str:
    """The reply's text."""
    writer = _Writer(asked, joint, known, interference)
    if joint.number_field:
        rows = _rows(writer, images_of(asked, views), fault)
    else:
        rows = [writer.row(looks_of(asked, views), _key(asked), _spoilt(fault, joint, asked))]
        if fault and fault.kind == "short_row":
            rows[0].popitem()
    if fault and fault.kind == "repeated_label":
        return _endless(joint, rows, asked.settings.max_output_tokens)
    return _written(joint, rows)


class _Writer:
    """Answers the questions of one request."""

    def __init__(
        self,
        asked: GeminiRequest,
        joint: JointForm,
        known: KnownPictures | None,
        interference: float,
    ) -> None:
        self.asked = asked
        self.joint = joint
        self._known = known
        self._interference = interference

    def row(self, looks: Sequence[Look], picture: str, spoilt: Collection[str]) -> Row:
        """An answer by each question's name; those of the spoilt ones do not fit."""
        return {
            one.name: self._answer(one, looks, picture, outside=one.name in spoilt)
            for one in self.joint.questions
        }

    def _answer(
        self, one: JointQuestion, looks: Sequence[Look], picture: str, *, outside: bool
    ) -> Any:
        filler = Filler(looks, one.filled, self._known, outside, one.labels)
        if not outside and not self.joint.number_field and _is_words(one):
            return filler.text(one.schema.get("maxLength"))
        value = filler.value(one.schema)
        if not outside:
            value = exchanged(value, one, self.joint, picture, self._interference)
        return _numbers(value, one) if one.numbered else value


def _rows(writer: _Writer, images: Sequence[AskedImage], fault: Fault | None) -> list[Row]:
    asked, joint = writer.asked, writer.joint
    place = place_of(images, asked, fault) if fault else 0
    rows: list[Row] = []
    for position, image in enumerate(images):
        spoilt = _spoilt(fault, joint, asked) if _is_struck(fault, image, position, place) else ()
        row = writer.row([image.look], _key_of(image, asked), spoilt)
        rows.append({joint.number_field: image.number, **row})
    if fault and fault.kind == "short_row":
        rows[place].popitem()
    if fault and fault.kind == "wrong_items":
        return disarranged(rows, fault.settings["how"], place, joint.number_field)
    if fault and fault.kind in MISPLACED:
        # A number that is not its place is read off the picture that is believed to be the one.
        drawn = [image.number for image in images] != list(range(1, len(images) + 1))
        return misplaced(rows, fault.kind, place, joint.number_field, repeated=drawn)
    return rows


def _is_struck(fault: Fault | None, image: AskedImage, position: int, place: int) -> bool:
    """Whether answers about an image may be outside their labels.

    A fault that names neither picture nor question spoils a single answer.
    """
    if fault is None or fault.kind != "outside_labels":
        return False
    if fault.sha256:
        return image.picture is not None and image.picture.sha256 in fault.sha256
    return bool(fault.settings["question"]) or position == place


def _spoilt(fault: Fault | None, joint: JointForm, asked: GeminiRequest) -> tuple[str, ...]:
    """The questions whose answers are to be outside their labels."""
    if fault is None or fault.kind != "outside_labels":
        return ()
    named = joint.called(fault.settings["question"])
    return (named or joint.questions[asked.digest[2] % len(joint.questions)].name,)


def _is_words(one: JointQuestion) -> bool:
    """Whether the answer is free text, which a question that is asked apart has without JSON."""
    others = {"enum", "const", "format"}
    return one.schema["type"] == "string" and not one.options and others.isdisjoint(one.schema)


def _numbers(value: Any, one: JointQuestion) -> Any:
    """Labels as the integers that the reply has in their place."""
    if isinstance(value, list):
        return [_numbers(each, one) for each in value]
    return max(map(int, one.labels)) + 1 if value == OUTSIDE else int(value)


def _key(asked: GeminiRequest) -> str:
    """The pictures of a request, by their bytes."""
    return " ".join(picture.sha256 for picture in asked.pictures) or asked.text


def _key_of(image: AskedImage, asked: GeminiRequest) -> str:
    """An image by the bytes of its picture, and by its place where it shares that with others."""
    if image.picture is None:
        return f"{image.number} {asked.text}"
    shared = len(image.picture.numbers) > 1
    place = f" {image.picture.numbers.index(image.number)}" if shared else ""
    return image.picture.sha256 + place


def _endless(joint: JointForm, rows: Sequence[Row], tokens: int) -> str:
    """The reply as far as the first label of several, which is repeated then."""
    several = (one.name for one in joint.questions if one.options and one.schema["type"] == "array")
    name = next(several)
    label = json.dumps(rows[0][name][0], ensure_ascii=False)
    marked = _written(joint, [{**rows[0], name: [_HERE]}, *rows[1:]])
    return repeating(marked.partition(json.dumps(_HERE))[0], label, tokens)


def _written(joint: JointForm, rows: Sequence[Row]) -> str:
    reply = [list(row.values()) for row in rows] if joint.listed else rows
    separators = (",", ":") if joint.listed else None
    whole = reply if joint.number_field else reply[0]
    return json.dumps(whole, ensure_ascii=False, separators=separators)
